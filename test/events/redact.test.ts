import fc from 'fast-check';
import type { Json, JsonObject } from '../../events/json';
import { parse } from '../../events/read';
import { redact, REDACTED, redactEvent, redactText } from '../../events/redact';
import { anyJson } from './support';

const plain = (record: JsonObject): Json => JSON.parse(JSON.stringify(redact(record))) as Json;
const stsToken = `FwoGZXIvYXdzEBYaD${'x1/+'.repeat(20)}==`;
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'s_-9'.repeat(8)}`;

test('a secret that is a name, or stands where an id should, is redacted', () => {
  expect(plain({ [stsToken]: 1, [`password=${jwt}`]: 2 })).toEqual({ [REDACTED]: 1, [`password=${REDACTED}`]: 2 });
  const { events, rejected } = parse(
    Buffer.from(
      JSON.stringify([
        { eventName: 'A', eventID: stsToken, awsRegion: stsToken, recipientAccountId: stsToken },
        { [stsToken]: 1 },
        { detail: {}, source: 'x', 'detail-type': stsToken },
      ]),
    ),
  );
  rejected.push(...parse(Buffer.from(stsToken)).rejected);
  const { key, id, account, region } = redactEvent(events[0]!);
  const shown = [key, id, account, region, ...rejected.map(({ reason }) => reason)];
  expect(shown).toHaveLength(7);
  for (const text of shown) expect(text).not.toContain(stsToken.slice(0, 12));
});

describe('a member is redacted by its name', () => {
  test.each([
    ...['sessionToken', 'SessionToken', 'session_token', 'x-amz-security-token', 'X-AMZ-SECURITY-TOKEN', 'SigninToken'],
    ...[
      'password',
      'PASSWORD',
      'newPassword',
      'masterUserPassword',
      'tdeCredentialPassword',
      'DB_PASSWORD',
      'passwords',
    ],
    ...['secretAccessKey', 'AWS_SECRET_ACCESS_KEY', 'secretString', 'SecretBinary', 'clientSecret', 'privateKey'],
    ...['accessToken', 'refreshToken', 'idToken', 'webIdentityToken', 'sAMLAssertion', 'tokenCode', 'authToken'],
    ...['base32StringSeed', 'qRCodePNG', 'plaintext', 'keyMaterial', 'encryptedKeyMaterial', 'passphrase'],
  ])('%s', (name) => {
    for (const secret of ['hunter2', 123456, ['hunter2'], { value: 'hunter2' }]) {
      expect(plain({ a: [{ [name]: secret }] })).toEqual({ a: [{ [name]: REDACTED }] });
      const body = JSON.stringify({ [name]: secret, z: 1 });
      expect(plain({ body })).toEqual({ body: JSON.stringify({ [name]: REDACTED, z: 1 }) });
    }
  });
});

test.each<[string, Json, Json]>([
  ['a setting', { name: 'DB_PASSWORD', value: 'x1' }, { name: 'DB_PASSWORD', value: REDACTED }],
  [
    'a parameter',
    { ParameterKey: 'ApiKey', ParameterValue: 'x1' },
    { ParameterKey: 'ApiKey', ParameterValue: REDACTED },
  ],
  [
    'a variable',
    { GITHUB_TOKEN: 'x1', API_KEY: 'x2', pwd: 'x3' },
    { GITHUB_TOKEN: REDACTED, API_KEY: REDACTED, pwd: REDACTED },
  ],
  ['a token of another service', `see ghp_${'a1'.repeat(18)}.`, `see ${REDACTED}.`],
  ['an address', 'git clone https://user:pa55@host.example/x', `git clone https://user:${REDACTED}@host.example/x`],
  ['a header', 'curl -H "Authorization: Bearer abcdef123456"', `curl -H "Authorization: Bearer ${REDACTED}"`],
  ['a command line', 'mysql -u root --password hunter2 db', `mysql -u root --password ${REDACTED} db`],
  ['a command line, with =', 'tool --token=hunter2', `tool --token=${REDACTED}`],
])('%s', (_, value, expected) => {
  expect(plain({ a: [value] })).toEqual({ a: [expected] });
});

test.each<[string, JsonObject]>([
  [
    'settings',
    { environment: [{ name: 'STAGE', value: 'prod' }, { key: 'password' }, { name: 'TOKEN_URL', value: 'x' }] },
  ],
  [
    'addresses',
    { url: 'https://host.example:8443/x?mail=a@b.example', git: 'git@host.example:x/y', db: 'postgres://host/db' },
  ],
  [
    'options',
    {
      commands: [
        'tool --token-file /run/x --password-stdin',
        'aws iam create-login-profile --no-password-reset-required',
      ],
    },
  ],
  [
    'access key ids',
    { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', responseElements: { accessKey: { accessKeyId: 'AKIAI44QH8DHBEXAMPLE' } } },
  ],
  [
    "AWS's own masks",
    { password: 'HIDDEN_DUE_TO_SECURITY_REASONS', body: '{"password":"HIDDEN_DUE_TO_SECURITY_REASONS"}' },
  ],
  ['empty members', { password: '', sessionToken: null, body: '{"password":"","sessionToken":null}' }],
  ['flags', { allowUsersToChangePassword: true, body: '{"manageMasterUserPassword": false}' }],
  ['tokens that are no secrets', { clientToken: 'a', nextToken: 'b', httpTokens: 'required', clientRequestToken: 'c' }],
  [
    'names that only contain one',
    { passwordReusePrevention: 24, minimumPasswordLength: 14, secretId: 'x', keyMaterialId: 'y' },
  ],
  [
    'prose',
    {
      errorMessage:
        'The security token included in the request is invalid. Password: too short. A session token is needed',
    },
  ],
  [
    'policies',
    {
      policyDocument:
        '{"Statement":[{"Effect":"Allow","Action":["iam:ChangePassword","sts:GetSessionToken"],"Resource":"*"}]}',
    },
  ],
  ['numbers and letters of any precision', { body: '{"a": 12345678901234567890, "b":1.0,\n "c":"\\u00e9"}' }],
])('%s stay as they are', (_name, record) => {
  expect(plain(record)).toEqual(record);
});

describe('text is redacted within longer text', () => {
  test.each<[string, string, string]>([
    ['a session token', `denied for ${stsToken}, sorry`, `denied for ${REDACTED}, sorry`],
    ['a session token after an escape', `t%3D${stsToken}&x`, `t%3D${REDACTED}&x`],
    ['a JSON Web Token', `Bearer ${jwt}; next`, `Bearer ${REDACTED}; next`],
    ['a JSON Web Token after an escape', `token%3D${jwt}`, `token%3D${REDACTED}`],
    [
      'a signed URL',
      'see https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0123456789abcdef&x=1.',
      `see https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=${REDACTED}&x=1.`,
    ],
    [
      'a signed URL of the old kind',
      'https://b/k?AWSAccessKeyId=AKIA1&Signature=abcdefgh%3D',
      `https://b/k?AWSAccessKeyId=AKIA1&Signature=${REDACTED}`,
    ],
    [
      'a signed URL in JSON',
      '{"url":"https://b/k?a=1\\u0026X-Amz-Signature=0123456789"}',
      `{"url":"https://b/k?a=1\\u0026X-Amz-Signature=${REDACTED}"}`,
    ],
    ['a query string', 'Action=Login&Password=hunter2&Version=1', `Action=Login&Password=${REDACTED}&Version=1`],
    ['JSON that is cut', '{"a":1,"password":"hun', `{"a":1,"password":"${REDACTED}`],
    ['JSON with white space', '{"password" :\n "a\\"b\\\\" , "c": 1}', `{"password" :\n "${REDACTED}" , "c": 1}`],
    [
      'JSON in JSON',
      '{"body":"{\\"password\\":\\"a\\\\\\"b\\\\\\\\\\",\\"c\\":1}"}',
      `{"body":"{\\"password\\":\\"${REDACTED}\\",\\"c\\":1}"}`,
    ],
    ['a list under the name', '{"passwords":["a]", ["b\\"]"]],"c":["d"]}', `{"passwords":"${REDACTED}","c":["d"]}`],
    ['what a program prints', "{'password': 'hunter2', 'user': 'x'}", `{'password': '${REDACTED}', 'user': 'x'}`],
    ['the same twice', 'password="a" password="b"', `password="${REDACTED}" password="${REDACTED}"`],
  ])('%s', (_name, text, expected) => {
    expect(redactText(text)).toBe(expected);
    expect(redactText(expected)).toBe(expected);
  });
});

/** Where a secret can be: each takes the secret and any value, and gives a value with the secret in it. */
type Place = (secret: string, other: Json) => Json;
const names = ['password', 'SessionToken', 'secret_access_key', 'clientSecret', 'MASTERUSERPASSWORD'];
const under =
  (name: string): Place =>
  (secret, other) => ({ a: other, [name]: secret, z: other });
const planted = fc.constantFrom<Place>(
  ...names.map(under),
  (secret) => ({ passwords: [secret, [secret]] }),
  (secret, other) => ({ privateKey: { pem: [secret], other } }),
);
const wrapped = fc.constantFrom<(value: Json, other: Json) => Json>(
  (value, other) => [other, value],
  (value, other) => ({ other, value }),
  (value) => JSON.stringify(value),
  (value) => JSON.stringify(value, null, 2),
  (value) => `Request failed: ${JSON.stringify(value)} (cut`,
  (value) => ({ requestParameters: { body: JSON.stringify({ detail: JSON.stringify(value) }) } }),
);

test('no secret survives anywhere in a record', () => {
  // Letters that escape in JSON, between two marks: neither may be left.
  const secret = fc
    .string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', "'", 'é', '\n', 'x'), maxLength: 12 })
    .map((middle) => `SECRET1${middle}SECRET2`);
  const harmless = anyJson.filter((value) => !/SECRET/.test(JSON.stringify(value)));
  fc.assert(
    fc.property(planted, secret, harmless, fc.array(wrapped, { maxLength: 4 }), (place, value, other, wraps) => {
      const record = wraps.reduce((inner, wrap) => wrap(inner, other), place(value, other));
      expect(JSON.stringify(redact({ record }))).not.toMatch(/SECRET[12]/);
    }),
    { numRuns: 1000 },
  );
});

test('no token survives in any text', () => {
  const delimiter = fc.constantFrom(' ', '=', '"', '\\"', '%3D', '/', ':', '(', '\n');
  fc.assert(
    fc.property(
      fc.constantFrom(stsToken, jwt),
      fc.string(),
      delimiter,
      fc.array(wrapped, { maxLength: 3 }),
      (token, text, before, wraps) => {
        const record = wraps.reduce((inner, wrap) => wrap(inner, null), `${text}${before}${token}` as Json);
        expect(JSON.stringify(redact({ record }))).not.toContain(token.slice(-12));
      },
    ),
  );
});

test('a record without secrets stays what it is', () => {
  const harmless = anyJson.filter(
    (value) => !/pass|token|secret|key|plaintext|seed|code|eyJ|saml/i.test(JSON.stringify(value)),
  );
  fc.assert(
    fc.property(harmless, (value) => expect(JSON.stringify(redact({ value }))).toBe(JSON.stringify({ value }))),
  );
});

test('a member called "__proto__" is a member like any other', () => {
  const record = JSON.parse('{"__proto__":{"password":"hunter2"}}') as JsonObject;
  expect(JSON.stringify(redact(record))).toBe(`{"__proto__":{"password":"${REDACTED}"}}`);
});

test('nothing is kept beneath 64 levels, and nothing throws on 100,000', () => {
  const deep = JSON.parse(`${'[{"a":'.repeat(50_000)}"hunter2"${'}]'.repeat(50_000)}`) as Json;
  expect(JSON.stringify(redact({ deep }))).toMatch(/^\{"deep":.*\[nested too deeply\]/);
});

describe('a megabyte takes no time:', () => {
  const megabyte = (unit: string): string => unit.repeat(Math.ceil(1_000_000 / unit.length));
  const texts: [string, string][] = [
    ['backslashes', megabyte('\\')],
    ['quotes', megabyte('"')],
    ['backslashes and quotes', megabyte('\\"')],
    ['an open secret of backslashes', `"password":"${megabyte('\\')}`],
    ['an open secret of quotes that are escaped', `"password":"${megabyte('\\"')}`],
    ['a secret behind a run of backslashes', `"password":${megabyte('\\')}"`],
    ['a list of backslashes', `"password":[${megabyte('\\')}`],
    ['a list of open strings', `"password":[${megabyte('\\\\"')}`],
    ['open lists', `"password":${megabyte('[')}`],
    ['names', megabyte('password')],
    ['names with quotes', megabyte('"password":"')],
    ['names with spaces', megabyte('password : ')],
    ['a name and spaces', `password${megabyte(' ')}`],
    ['names and backslashes', megabyte('password\\\\\\\\')],
    ['empty secrets', megabyte('"password":"",')],
    ['numbers', megabyte('"password":1,')],
    ['beginnings of JSON Web Tokens', megabyte('eyJ')],
    ['beginnings of JSON Web Tokens, apart', megabyte('-eyJ')],
    ['beginnings of JSON Web Tokens, escaped', megabyte('%3DeyJ')],
    ['beginnings of JSON Web Tokens, dotted', megabyte('eyJaaaaaaaaaa.')],
    ['beginnings of session tokens', megabyte('FwoGZXIvYXdz')],
    ['beginnings of session tokens, apart', megabyte('FwoGZXIvYXdz ')],
    ['signatures', megabyte('&Signature=')],
  ];
  test.each(texts)('%s', (_name, text) => {
    // The best of a few: what else the machine does is not to be measured.
    const times = Array.from({ length: 5 }, () => {
      const begin = performance.now();
      redactText(text);
      return performance.now() - begin;
    });
    expect(Math.min(...times)).toBeLessThan(500);
  });
});
