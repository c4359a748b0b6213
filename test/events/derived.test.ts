import fc from 'fast-check';
import type { Config } from '../../events/config';
import { derivedFields, deriveField, isDerived, makeContext } from '../../events/derived';
import { isObject, type Json, type JsonObject } from '../../events/json';
import { anyJson, anyObject, eventOf, finding, trailRecord } from './support';

const OWN = '111122223333';
const SIBLING = '444455556666';
const VENDOR = '555566667777';
const STRANGER = '999988887777';
const config: Config = {
  organization: {
    id: 'o-exampleorg01',
    accounts: [{ id: OWN, name: 'prod', environment: 'production' }, { id: SIBLING }],
  },
  trusted: { accounts: [VENDOR] },
  automation: [`arn:aws:iam::*:role/ci-*`, 'arn:aws:iam::111122223333:user/robot'],
};

function derive(name: string, record: JsonObject, configuration: Config = config): Json | undefined {
  return deriveField(`derived.${name}`, eventOf(record), makeContext(configuration));
}

const by = (userIdentity: Json, over: JsonObject = {}): JsonObject => trailRecord(1, { userIdentity, ...over });
const issuer = (arn: string): JsonObject => ({
  sessionIssuer: { type: 'Role', arn, userName: arn.split('/').pop()!, accountId: OWN },
});
const withMfa = (mfaAuthenticated: Json, over: JsonObject = {}): JsonObject => ({
  sessionContext: { attributes: { mfaAuthenticated }, ...over },
});
const session = (role: string, name: string, over: JsonObject = {}): JsonObject => ({
  type: 'AssumedRole',
  principalId: `AROAEXAMPLE:${name}`,
  arn: `arn:aws:sts::${OWN}:assumed-role/${role.split('/').pop()}/${name}`,
  accountId: OWN,
  sessionContext: issuer(`arn:aws:iam::${OWN}:role/${role}`),
  ...over,
});
const root = { type: 'Root', principalId: OWN, arn: `arn:aws:iam::${OWN}:root`, accountId: OWN };
const user = { type: 'IAMUser', arn: `arn:aws:iam::${OWN}:user/eng/alice`, accountId: OWN, userName: 'alice' };
const ssoRole = 'aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_1f2e3d4c5b6a7980';

describe('the actor of', () => {
  test.each<[string, JsonObject, { kind: string; id: string; name: string; session?: string }]>([
    ['an IAM user', by(user), { kind: 'iam-user', id: user.arn, name: 'user alice' }],
    [
      'an IAM user without a userName',
      by({ type: 'IAMUser', arn: user.arn, accountId: OWN }),
      { kind: 'iam-user', id: user.arn, name: 'user alice' },
    ],
    [
      'an IAM user without an ARN, as in a failed sign-in',
      by({ type: 'IAMUser', accountId: OWN, userName: 'bob', accessKeyId: '' }),
      { kind: 'iam-user', id: `arn:aws:iam::${OWN}:user/bob`, name: 'user bob' },
    ],
    [
      'an IAM user of whom nothing is known',
      by({ type: 'IAMUser' }),
      { kind: 'unknown', id: 'unknown', name: 'somebody unknown' },
    ],
    ['the root user', by({ ...root, accessKeyId: '' }), { kind: 'root', id: `${OWN}:root`, name: `root of ${OWN}` }],
    [
      'an AssumeRoot session',
      by({ ...root, sessionContext: { assumedRoot: 'true' } }),
      { kind: 'assumed-root', id: `${OWN}:root`, name: `AssumeRoot session in ${OWN}` },
    ],
    [
      'a role with a path',
      by(session('teams/sec/Auditor', 'carol')),
      {
        kind: 'role',
        id: `arn:aws:iam::${OWN}:role/teams/sec/Auditor`,
        name: 'carol (role Auditor)',
        session: 'carol',
      },
    ],
    [
      'a permission set of Identity Center',
      by(session(ssoRole, 'dave@example.com')),
      {
        kind: 'role',
        id: `arn:aws:iam::${OWN}:role/${ssoRole}`,
        name: 'dave@example.com (role AWSReservedSSO_Admin_1f2e3d4c5b6a7980)',
        session: 'dave@example.com',
      },
    ],
    [
      'a role whose issuer is empty',
      by(session('Auditor', 'carol', { sessionContext: { sessionIssuer: {} } })),
      { kind: 'role', id: `arn:aws:sts::${OWN}:assumed-role/Auditor`, name: 'carol (role Auditor)', session: 'carol' },
    ],
    [
      'a role that acts for itself',
      by({ type: 'Role', arn: `arn:aws:iam::${OWN}:role/svc`, accountId: OWN }),
      { kind: 'role', id: `arn:aws:iam::${OWN}:role/svc`, name: `role arn:aws:iam::${OWN}:role/svc` },
    ],
    [
      'a role of which nothing is known',
      by({ type: 'AssumedRole' }),
      { kind: 'unknown', id: 'unknown', name: 'somebody unknown' },
    ],
    [
      'an Identity Center user',
      by(
        { type: 'IdentityCenterUser', onBehalfOf: { userId: 'f12bb510' } },
        { additionalEventData: { UserName: 'erin' } },
      ),
      { kind: 'identity-center-user', id: 'f12bb510', name: 'Identity Center user erin' },
    ],
    [
      'an Identity Center user of an old record',
      by({ type: 'Unknown', onBehalfOf: { userId: 'f12bb510' }, userName: 'erin' }),
      { kind: 'identity-center-user', id: 'f12bb510', name: 'Identity Center user erin' },
    ],
    [
      'a federation token',
      by({ type: 'FederatedUser', arn: `arn:aws:sts::${OWN}:federated-user/zed`, sessionContext: issuer(user.arn) }),
      { kind: 'federated-user', id: user.arn, name: 'federated user zed', session: 'zed' },
    ],
    [
      'a web identity',
      by({
        type: 'WebIdentityUser',
        principalId: 'accounts.google.com:app:1',
        userName: '1',
        identityProvider: 'accounts.google.com',
      }),
      { kind: 'federated-user', id: 'accounts.google.com:app:1', name: 'federated user 1' },
    ],
    [
      'a SAML identity',
      by({ type: 'SAMLUser', principalId: 'x:frank', userName: 'frank' }),
      { kind: 'federated-user', id: 'x:frank', name: 'federated user frank' },
    ],
    [
      'an AWS service',
      by({ type: 'AWSService', invokedBy: 'config.amazonaws.com' }),
      { kind: 'service', id: 'config.amazonaws.com', name: 'config.amazonaws.com' },
    ],
    [
      'an identity with invokedBy alone',
      by({ invokedBy: 'cloudtrail.amazonaws.com' }),
      { kind: 'service', id: 'cloudtrail.amazonaws.com', name: 'cloudtrail.amazonaws.com' },
    ],
    [
      'another account',
      by({ type: 'AWSAccount', principalId: 'AIDAEXAMPLE', accountId: STRANGER }),
      { kind: 'other-account', id: `account ${STRANGER}`, name: `account ${STRANGER}` },
    ],
    ['an unknown type', by({ type: 'Unknown', principalId: 'p' }), { kind: 'unknown', id: 'p', name: 'p' }],
    ['a type that is a placeholder', by({ type: '...', arn: '...' }), { kind: 'unknown', id: '...', name: '...' }],
    ['an absent identity', by(null), { kind: 'unknown', id: 'unknown', name: 'somebody unknown' }],
    ['an identity that is text', by('...'), { kind: 'unknown', id: 'unknown', name: 'somebody unknown' }],
    ['an empty identity', by({}), { kind: 'unknown', id: 'unknown', name: 'somebody unknown' }],
    [
      'a finding about a user',
      finding(),
      { kind: 'iam-user', id: `arn:aws:iam::${SIBLING}:user/alice`, name: 'user alice' },
    ],
    [
      'a finding about a role',
      finding({ resource: { accessKeyDetails: { userType: 'AssumedRole', userName: 'Auditor' } } }),
      { kind: 'role', id: `arn:aws:iam::${SIBLING}:role/Auditor`, name: 'role Auditor' },
    ],
    [
      'a finding about the root user',
      finding({ resource: { accessKeyDetails: { userType: 'Root', userName: 'Root' } } }),
      { kind: 'root', id: `${SIBLING}:root`, name: `root of ${SIBLING}` },
    ],
    [
      'a finding about an instance',
      finding({ resource: { instanceDetails: { instanceId: 'i-0123456789abcdef0' } } }),
      { kind: 'unknown', id: 'i-0123456789abcdef0', name: 'i-0123456789abcdef0' },
    ],
  ])('%s', (_name, record, expected) => {
    const [kind, id, name, sessionName] = ['kind', 'id', 'name', 'session'].map((field) =>
      derive(`actor.${field}`, record),
    );
    expect({ kind, id, name, session: sessionName }).toEqual({ session: undefined, ...expected });
  });

  test('a role is the same from one session to the next', () => {
    expect(derive('actor.id', by(session('Auditor', 'a')))).toBe(derive('actor.id', by(session('Auditor', 'b'))));
  });
});

describe('whether a person stands behind', () => {
  test.each<[string, JsonObject, Json]>([
    ['the root user', by(root), true],
    ['an Identity Center user', by({ type: 'IdentityCenterUser', onBehalfOf: { userId: 'x' } }), true],
    ['a permission set', by(session(ssoRole, 'dave')), true],
    ['a sign-in', by(user, { eventType: 'AwsConsoleSignIn' }), true],
    ['credentials from the console', by(user, { sessionCredentialFromConsole: 'true' }), true],
    ['a session with a second factor', by({ ...user, ...withMfa('true') }), true],
    ['an access key', by(user), 'unknown'],
    ['a role', by(session('Auditor', 'x')), 'unknown'],
    ['an AssumeRoot session', by({ ...root, ...withMfa('false', { assumedRoot: 'true' }) }), 'unknown'],
    ['a service', by({ type: 'AWSService', invokedBy: 'x.amazonaws.com' }), false],
    ['a service-linked role', by(session('aws-service-role/x.amazonaws.com/AWSServiceRoleForX', 'x')), false],
    ['an instance', by(session('web', 'i-0123456789abcdef0')), false],
    ['a pipeline of the configuration', by(session('ci-deploy', 'x')), false],
    ['a robot of the configuration', by({ ...user, arn: `arn:aws:iam::${OWN}:user/robot`, ...withMfa('true') }), false],
    ['a robot by another name', by({ ...user, arn: `arn:aws:iam::${OWN}:user/robot2` }), 'unknown'],
  ])('%s', (_name, record, human) => {
    expect(derive('actor.human', record)).toBe(human);
  });
});

describe('the second factor of', () => {
  const signIn = (identity: JsonObject, MFAUsed?: string): JsonObject =>
    by(identity, { eventName: 'ConsoleLogin', additionalEventData: MFAUsed === undefined ? {} : { MFAUsed } });
  const role = session('Auditor', 'x');
  const inRole = (value: Json): JsonObject => ({
    ...role,
    ...withMfa(value, issuer(`arn:aws:iam::${OWN}:role/Auditor`)),
  });
  const sso = session(ssoRole, 'dave');
  const rows: [string, JsonObject, string][] = [
    ['an IAM user with MFA, at the console', signIn(user, 'Yes'), 'present'],
    ['an IAM user with MFA, by the API', by({ ...user, ...withMfa('true') }), 'present'],
    ['an IAM user without MFA, at the console', signIn(user, 'No'), 'absent'],
    ['an IAM user without MFA, by the API', by({ ...user, ...withMfa('false') }), 'absent'],
    ['an IAM user with a boolean', by({ ...user, ...withMfa(false) }), 'absent'],
    ['a long-term key', by(user), 'unknown'],
    ['the root user with MFA, at the console', signIn(root, 'YES'), 'present'],
    ['the root user without MFA, at the console', signIn(root, 'No'), 'absent'],
    ['the root user with MFA, by the API', by({ ...root, ...withMfa('true') }), 'present'],
    ['a root session that may be of AssumeRoot', by({ ...root, ...withMfa('false') }), 'unknown'],
    ['an AssumeRoot session', by({ ...root, ...withMfa('false', { assumedRoot: 'true' }) }), 'unknown'],
    ['a SAML federation, at the console', signIn(role, 'No'), 'unknown'],
    ['a SAML federation, by the API', by(inRole('false')), 'unknown'],
    ['a federation token', by({ type: 'FederatedUser', arn: 'x', ...withMfa('false') }), 'unknown'],
    ['Identity Center, at the console', signIn(sso, 'No'), 'unknown'],
    ['Identity Center, at the console, without the member', signIn(sso), 'unknown'],
    ['Identity Center, by the API', by({ ...sso, ...withMfa('false') }), 'unknown'],
    ['a role that a user with MFA assumed', by(inRole('true')), 'present'],
    ['a role that a chain assumed', by(inRole('false')), 'unknown'],
    ['an unknown identity', signIn({ type: 'Unknown' }, 'No'), 'unknown'],
    ['an absent identity', by(null), 'unknown'],
    ['a placeholder', by({ ...user, ...withMfa('...') }), 'unknown'],
  ];
  test.each(rows)('%s', (_name, record, mfa) => {
    expect(derive('mfa', record)).toBe(mfa);
  });

  test('is called absent of IAM users and the root user only', () => {
    const types = fc.constantFrom(
      'AssumedRole',
      'Role',
      'FederatedUser',
      'SAMLUser',
      'IdentityCenterUser',
      'AWSAccount',
      'Unknown',
      undefined,
    );
    const no = fc.constantFrom<Json>('No', 'false', false, 'NO', null);
    fc.assert(
      fc.property(types, no, no, fc.constantFrom('ConsoleLogin', 'CreateUser'), (type, MFAUsed, value, eventName) => {
        const record = by(
          { ...(type && { type }), ...withMfa(value) },
          { eventName, additionalEventData: { MFAUsed } },
        );
        expect(derive('mfa', record)).toBe('unknown');
      }),
    );
  });
});

describe('the outcome of', () => {
  test.each<[string, JsonObject, string]>([
    ['a call', {}, 'success'],
    ['AccessDenied', { errorCode: 'AccessDenied' }, 'denied'],
    ['AccessDeniedException', { errorCode: 'AccessDeniedException' }, 'denied'],
    ['Client.UnauthorizedOperation', { errorCode: 'Client.UnauthorizedOperation' }, 'denied'],
    ['UnauthorizedOperation', { errorCode: 'UnauthorizedOperation' }, 'denied'],
    ['NotAuthorizedException', { errorCode: 'NotAuthorizedException' }, 'denied'],
    ['NoSuchEntityException', { errorCode: 'NoSuchEntityException' }, 'failure'],
    ['ThrottlingException', { errorCode: 'ThrottlingException' }, 'failure'],
    ['a message without a code', { errorMessage: 'Failed authentication' }, 'failure'],
    ['an error that is called Success', { errorCode: 'Success' }, 'success'],
    ['an empty code', { errorCode: '', errorMessage: '' }, 'success'],
    ['a sign-in', { eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Success' } }, 'success'],
    ['a failed sign-in', { eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Failure' } }, 'failure'],
    ['a failed switch of roles', { eventName: 'SwitchRole', responseElements: { SwitchRole: 'Failure' } }, 'failure'],
    [
      'a failed sign-in to Identity Center',
      { eventName: 'CredentialVerification', serviceEventDetails: { CredentialVerification: 'Failure' } },
      'failure',
    ],
    ['placeholders', { errorCode: null, responseElements: '...', serviceEventDetails: [] }, 'success'],
  ])('%s', (_name, over, outcome) => {
    expect(derive('outcome', trailRecord(1, over))).toBe(outcome);
  });
});

describe('of a call', () => {
  const none: Config = {};
  test.each<[string, string | null, string | null, Config, { side: string; counted: boolean }]>([
    ['within an account', OWN, OWN, config, { side: 'caller', counted: true }],
    ["from one member to another, in the caller's log", OWN, OWN, config, { side: 'caller', counted: true }],
    ["from one member to another, in the owner's log", SIBLING, OWN, config, { side: 'owner', counted: false }],
    ["from a stranger, in the owner's log", STRANGER, OWN, config, { side: 'owner', counted: true }],
    ["from a vendor, in the owner's log", VENDOR, OWN, config, { side: 'owner', counted: true }],
    [
      "from another account, in the owner's log, without a configuration",
      SIBLING,
      OWN,
      none,
      { side: 'owner', counted: true },
    ],
    ['by a service', null, OWN, config, { side: 'caller', counted: true }],
    ['whose recipient is not recorded', SIBLING, null, config, { side: 'caller', counted: true }],
  ])('%s', (_name, accountId, recipientAccountId, configuration, expected) => {
    const record = by({ type: 'AWSAccount', accountId }, { recipientAccountId, sharedEventID: 'x' });
    expect({ side: derive('side', record, configuration), counted: derive('counted', record, configuration) }).toEqual(
      expected,
    );
  });

  test('exactly one half is counted where the configuration knows the accounts', () => {
    for (const caller of [SIBLING, STRANGER]) {
      const logs = [caller, OWN].filter((log) => log !== STRANGER);
      const halves = logs.map((recipientAccountId) =>
        by({ type: 'IAMUser', accountId: caller }, { recipientAccountId }),
      );
      expect(halves.filter((half) => derive('counted', half) === true)).toHaveLength(1);
    }
  });

  test('the accounts are what the configuration says of them', () => {
    const record = by({ type: 'AWSAccount', accountId: VENDOR });
    const names = [
      'account.id',
      'account.inOrganization',
      'account.name',
      'account.environment',
      'caller.account',
      'caller.inOrganization',
      'caller.trusted',
    ];
    expect(names.map((name) => derive(name, record))).toEqual([OWN, true, 'prod', 'production', VENDOR, false, true]);
    expect(names.map((name) => derive(name, record, none))).toEqual([
      OWN,
      'unknown',
      undefined,
      undefined,
      VENDOR,
      'unknown',
      false,
    ]);
    expect(derive('caller.inOrganization', by(null))).toBe('unknown');
  });
});

describe('the user that a call changes', () => {
  const request = (requestParameters: Json, over: JsonObject = {}): JsonObject => ({ requestParameters, ...over });
  test.each<[string, JsonObject, { user: Json | undefined; self: Json }]>([
    ['is the one it names', by(user, request({ userName: 'bob' })), { user: 'bob', self: false }],
    ['is the caller', by(user, request({ userName: 'Alice' })), { user: 'Alice', self: true }],
    ['is the caller where it names none', by(user, request(null)), { user: 'alice', self: true }],
    [
      'is the caller of whom only the ARN is known',
      by({ type: 'IAMUser', arn: user.arn }, request({})),
      { user: 'alice', self: true },
    ],
    ['is the root user', by(root, request(null)), { user: 'root', self: true }],
    ['is one whom the root user names', by(root, request({ userName: 'bob' })), { user: 'bob', self: false }],
    [
      'is one whom a role names',
      by(session('Auditor', 'alice'), request({ userName: 'alice' })),
      { user: 'alice', self: false },
    ],
    ['is none where a role names none', by(session('Auditor', 'alice'), request({})), { user: undefined, self: false }],
    [
      'is unknown of a refused call',
      by(user, request(null, { errorCode: 'AccessDenied' })),
      { user: undefined, self: 'unknown' },
    ],
    ['is unknown of a truncated record', by(user, request({ omitted: true })), { user: undefined, self: 'unknown' }],
    [
      'is unknown of a caller without a name',
      by({ type: 'IAMUser' }, request({ userName: 'bob' })),
      { user: 'bob', self: 'unknown' },
    ],
  ])('%s', (_name, record, expected) => {
    expect({ user: derive('target.user', record), self: derive('target.self', record) }).toEqual(expected);
  });
});

describe('the power of a policy', () => {
  const allow = (Action: Json, Resource: Json = '*'): JsonObject => ({ Effect: 'Allow', Action, Resource });
  const policy = (...Statement: Json[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
  const power = (requestParameters: Json, over: JsonObject = {}): Json | undefined =>
    derive('policy.power', trailRecord(1, { eventName: 'PutUserPolicy', requestParameters, ...over }));
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => `${letter}*`);

  test.each<[string, Json, string]>([
    ['* on *', allow('*'), 'admin'],
    ['lists', allow(['*'], ['*']), 'admin'],
    ['*:*', allow('*:*'), 'admin'],
    ['a list with more in it', allow(['s3:Get*', '*'], ['arn:aws:s3:::b', '*']), 'admin'],
    ['many asterisks', allow('***', '**'), 'admin'],
    ['question marks', allow('?*:*'), 'admin'],
    ['every letter', allow(letters), 'admin'],
    ['arn:aws:*', allow('*', 'arn:aws:*'), 'admin'],
    ['arn:*', allow('*', 'arn:*'), 'admin'],
    ['every part of an ARN', allow('*', 'arn:aws:*:*:*:*'), 'admin'],
    ['every part of an ARN of China', allow('*', 'arn:aws-cn:*:*:*:*'), 'admin'],
    ["every part of an ARN with the account's own number", allow('*', `arn:aws:*:*:${OWN}:*`), 'admin'],
    ['NotAction with nothing', { Effect: 'Allow', NotAction: [], Resource: '*' }, 'admin'],
    ['NotAction with a trifle', { Effect: 'Allow', NotAction: 'aws-portal:*', Resource: '*' }, 'admin'],
    ['NotResource with a trifle', { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::logs/*' }, 'admin'],
    ['NotResource with all', { Effect: 'Allow', Action: '*', NotResource: '*' }, 'none'],
    ['a condition', { ...allow('*'), Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }, 'admin'],
    ['NotAction with IAM', { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*'], Resource: '*' }, 'power-user'],
    ['NotAction with everything', { Effect: 'Allow', NotAction: '*', Resource: '*' }, 'none'],
    ['iam:*', allow('iam:*'), 'iam'],
    ['IAM:* in capitals', allow('IAM:*'), 'iam'],
    ['iam:* on all of IAM', allow('iam:*', 'arn:aws:iam::*:*'), 'iam'],
    ["iam:* on all of the account's IAM", allow('iam:*', `arn:aws:iam::${OWN}:*`), 'iam'],
    ['the dangerous actions of IAM', allow(['iam:Attach*', 'iam:Put*', 'iam:Create*']), 'iam'],
    ['iam:* on roles', allow('iam:*', 'arn:aws:iam::*:role/*'), 'none'],
    ['iam:* on one user', allow('iam:*', `arn:aws:iam::${OWN}:user/bob`), 'none'],
    ['reading IAM', allow(['iam:Get*', 'iam:List*']), 'none'],
    ['s3:*', allow('s3:*'), 'none'],
    ['* on one bucket', allow('*', 'arn:aws:s3:::b/*'), 'none'],
    ['a Deny', { Effect: 'Deny', Action: '*', Resource: '*' }, 'none'],
    ['an effect in another letter case', { ...allow('*'), Effect: 'allow' }, 'admin'],
    ['no resource', { Effect: 'Allow', Action: '*' }, 'none'],
    ['no action', { Effect: 'Allow', Resource: '*' }, 'none'],
    ['actions that are no text', allow([1, null, {}] as Json), 'none'],
    ['a statement that is none', 'Allow', 'unknown'],
  ])('with %s is %s in every form of a document', (_name, statement, expected) => {
    const text = policy(statement);
    const single = JSON.stringify({ Statement: statement });
    const forms = [
      text,
      JSON.parse(text) as Json,
      single,
      encodeURIComponent(text),
      encodeURIComponent(text).replace(/%20/g, '+'),
      `\n ${text}`,
    ];
    expect(forms.map((policyDocument) => power({ policyDocument }))).toEqual(forms.map(() => expected));
    const permissionSet = { eventSource: 'sso.amazonaws.com', eventName: 'PutInlinePolicyToPermissionSet' };
    expect(power({ inlinePolicy: text }, permissionSet)).toBe(expected);
  });

  test('of two statements is what both give together', () => {
    expect(
      power({ policyDocument: policy(allow('iam:*'), { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }) }),
    ).toBe('admin');
    expect(power({ policyDocument: policy(allow('*'), { Effect: 'Deny', Action: 's3:*', Resource: '*' }) })).toBe(
      'admin',
    );
  });

  test.each<[string, Json, string]>([
    ['AdministratorAccess', { policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }, 'admin'],
    ['AdministratorAccess of GovCloud', { policyArn: 'arn:aws-us-gov:iam::aws:policy/AdministratorAccess' }, 'admin'],
    [
      'AdministratorAccess of a permission set',
      { managedPolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
      'admin',
    ],
    ['IAMFullAccess', { policyArn: 'arn:aws:iam::aws:policy/IAMFullAccess' }, 'iam'],
    ['PowerUserAccess', { policyArn: 'arn:aws:iam::aws:policy/PowerUserAccess' }, 'power-user'],
    ['ReadOnlyAccess', { policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }, 'none'],
    ['a policy of AWS that the table does not know', { policyArn: 'arn:aws:iam::aws:policy/constructor' }, 'unknown'],
    [
      "the customer's own AdministratorAccess",
      { policyArn: `arn:aws:iam::${OWN}:policy/AdministratorAccess` },
      'unknown',
    ],
    ['a request without its policy', { userName: 'bob' }, 'unknown'],
    ['no request', null, 'unknown'],
    ['a truncated record', { omitted: true, originalSize: 9 }, 'unknown'],
    ['text that is no policy', { policyDocument: 'HIDDEN_DUE_TO_SECURITY_REASONS' }, 'unknown'],
    ['an escape that is none', { policyDocument: '%E0%A4%A' }, 'unknown'],
    ['JSON that is no policy', { policyDocument: '[]' }, 'unknown'],
    ['a text beyond all bounds', { policyDocument: `{"Statement":[]}${' '.repeat(300_000)}` }, 'unknown'],
    ['an empty policy', { policyDocument: '{"Statement":[]}' }, 'none'],
  ])('of %s is known by what the request says', (_name, requestParameters, expected) => {
    const names = isObject(requestParameters) ? Object.keys(requestParameters) : [];
    const over: JsonObject = names.includes('managedPolicyArn')
      ? { eventSource: 'sso.amazonaws.com', eventName: 'AttachManagedPolicyToPermissionSet' }
      : { eventName: names.includes('policyArn') ? 'AttachUserPolicy' : 'PutUserPolicy' };
    expect(power(requestParameters, over)).toBe(expected);
    const admin = derive('policy.grantsAdmin', trailRecord(1, { ...over, requestParameters }));
    expect(admin).toBe(expected === 'unknown' ? 'unknown' : expected === 'admin');
    expect(derive('policy.readable', trailRecord(1, { ...over, requestParameters }))).toBe(expected !== 'unknown');
  });

  test('of a new version is in its document, not in its ARN', () => {
    const request = { policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess', policyDocument: policy(allow('*')) };
    expect(power(request, { eventName: 'CreatePolicyVersion' })).toBe('admin');
  });

  test.each<[string, JsonObject, JsonObject, Json | undefined]>([
    [
      'NotAction',
      { policyDocument: policy({ Effect: 'Allow', NotAction: 's3:*', Resource: 'arn:aws:s3:::b' }) },
      {},
      true,
    ],
    ['NotResource', { policyDocument: policy({ Effect: 'Allow', Action: 's3:*', NotResource: '*' }) }, {}, true],
    [
      'a denial of all but',
      { policyDocument: policy({ Effect: 'Deny', NotAction: 'iam:*', Resource: '*' }) },
      {},
      false,
    ],
    ['neither', { policyDocument: policy(allow('*')) }, {}, false],
    ['no document that can be read', { policyDocument: '{' }, {}, 'unknown'],
    ['another call', { userName: 'bob' }, { eventName: 'CreateUser' }, undefined],
  ])('allows all but what it names: %s', (_name, requestParameters, over, expected) => {
    const record = trailRecord(1, { eventName: 'PutUserPolicy', requestParameters, ...over });
    expect(derive('policy.allowsAllBut', record)).toBe(expected);
  });
});

describe('a trust policy', () => {
  const trusting = (statement: JsonObject): JsonObject => ({ Effect: 'Allow', Action: 'sts:AssumeRole', ...statement });
  const narrowed = (operator: string, key: string, value: Json): JsonObject =>
    trusting({ Principal: '*', Condition: { [operator]: { [key]: value } } });
  const own = 'o-exampleorg01';

  test.each<[string, Json, { everyone: Json; accounts: string[]; outside: Json; unconfigured: Json }]>([
    ['for all', trusting({ Principal: '*' }), { everyone: true, accounts: [], outside: true, unconfigured: true }],
    [
      'for all of AWS',
      trusting({ Principal: { AWS: '*' } }),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for all, in a list',
      trusting({ Principal: { AWS: [OWN, '*'] } }),
      { everyone: true, accounts: [OWN], outside: true, unconfigured: true },
    ],
    [
      'for all but one',
      trusting({ NotPrincipal: { AWS: OWN } }),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for its own account',
      trusting({ Principal: { AWS: `arn:aws:iam::${OWN}:root` } }),
      { everyone: false, accounts: [OWN], outside: false, unconfigured: false },
    ],
    [
      'for another member',
      trusting({ Principal: { AWS: SIBLING } }),
      { everyone: false, accounts: [SIBLING], outside: false, unconfigured: 'unknown' },
    ],
    [
      'for a trusted account',
      trusting({ Principal: { AWS: `arn:aws:iam::${VENDOR}:role/x` } }),
      { everyone: false, accounts: [VENDOR], outside: false, unconfigured: 'unknown' },
    ],
    [
      'for a stranger',
      trusting({ Principal: { AWS: STRANGER } }),
      { everyone: false, accounts: [STRANGER], outside: true, unconfigured: 'unknown' },
    ],
    [
      'for several',
      trusting({
        Principal: { AWS: [`arn:aws:sts::${STRANGER}:assumed-role/r/s`, OWN, `arn:aws-cn:iam::${SIBLING}:user/u`] },
      }),
      { everyone: false, accounts: [OWN, SIBLING, STRANGER], outside: true, unconfigured: 'unknown' },
    ],
    [
      'for a service',
      trusting({ Principal: { Service: 'ec2.amazonaws.com' } }),
      { everyone: false, accounts: [], outside: false, unconfigured: false },
    ],
    [
      'for an identity provider',
      trusting({ Principal: { Federated: 'accounts.google.com' } }),
      { everyone: false, accounts: [], outside: false, unconfigured: false },
    ],
    [
      'that denies',
      trusting({ Effect: 'Deny', Principal: '*' }),
      { everyone: false, accounts: [], outside: false, unconfigured: false },
    ],
    [
      'for its own organization',
      narrowed('StringEquals', 'aws:PrincipalOrgID', own),
      { everyone: false, accounts: [], outside: false, unconfigured: 'unknown' },
    ],
    [
      'for its own organization, in another letter case',
      narrowed('stringlike', 'AWS:principalorgid', [own]),
      { everyone: false, accounts: [], outside: false, unconfigured: 'unknown' },
    ],
    [
      'for another organization',
      narrowed('StringEquals', 'aws:PrincipalOrgID', [own, 'o-anotherorg1']),
      { everyone: false, accounts: [], outside: true, unconfigured: 'unknown' },
    ],
    [
      'for any organization',
      narrowed('StringLike', 'aws:PrincipalOrgID', 'o-*'),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for its own organization or any',
      narrowed('StringLike', 'aws:PrincipalOrgID', [own, '*']),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for all outside an organization',
      narrowed('StringNotEquals', 'aws:PrincipalOrgID', own),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for its organization, if there is one',
      narrowed('StringEqualsIfExists', 'aws:PrincipalOrgID', own),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for all of an account',
      narrowed('StringEquals', 'aws:PrincipalAccount', SIBLING),
      { everyone: false, accounts: [SIBLING], outside: false, unconfigured: 'unknown' },
    ],
    [
      'for a role',
      narrowed('ArnLike', 'aws:PrincipalArn', `arn:aws:iam::${STRANGER}:role/*`),
      { everyone: false, accounts: [STRANGER], outside: true, unconfigured: 'unknown' },
    ],
    [
      'for a role of any account',
      narrowed('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/x'),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for whoever knows the external id',
      narrowed('StringEquals', 'sts:ExternalId', 'x'),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
    [
      'for all, with a condition that is none',
      trusting({ Principal: '*', Condition: '...' }),
      { everyone: true, accounts: [], outside: true, unconfigured: true },
    ],
  ])('%s', (_name, statement, expected) => {
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statement });
    const requests: [string, JsonObject][] = [
      ['CreateRole', { roleName: 'r', assumeRolePolicyDocument: document }],
      ['UpdateAssumeRolePolicy', { roleName: 'r', policyDocument: encodeURIComponent(document) }],
    ];
    for (const [eventName, requestParameters] of requests) {
      const record = trailRecord(1, { eventName, requestParameters });
      expect({
        everyone: derive('trust.everyone', record),
        accounts: derive('trust.accounts', record),
        outside: derive('trust.outsideOrganization', record),
        unconfigured: derive('trust.outsideOrganization', record, {}),
      }).toEqual(expected);
    }
  });

  test.each<[string, JsonObject, Json | undefined]>([
    [
      'that cannot be read',
      { eventName: 'CreateRole', requestParameters: { assumeRolePolicyDocument: '...' } },
      'unknown',
    ],
    ['of a truncated record', { eventName: 'CreateRole', requestParameters: { omitted: true } }, 'unknown'],
    ['of a refused call', { eventName: 'UpdateAssumeRolePolicy', requestParameters: null }, 'unknown'],
    ['of another call', { eventName: 'CreateUser' }, undefined],
  ])('%s', (_name, over, expected) => {
    expect(derive('trust.everyone', trailRecord(1, over))).toBe(expected);
    expect(derive('trust.outsideOrganization', trailRecord(1, over))).toBe(expected);
  });
});

describe('derived fields', () => {
  test('are known by their prefix, and unknown ones have no value', () => {
    expect([isDerived('derived.mfa'), isDerived('derived.nonsense'), isDerived('eventName')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(derive('nonsense', trailRecord(1))).toBeUndefined();
    expect(derive('constructor', trailRecord(1))).toBeUndefined();
  });

  test('never throw, and only ever give what they promise', () => {
    const SOURCES = ['x', 'iam.amazonaws.com', 's3.amazonaws.com', 'ec2.amazonaws.com'];
    const members = fc.record(
      {
        ...{
          eventName: fc.oneof(
            fc.constantFrom<Json>(
              'ConsoleLogin',
              'CreateRole',
              'PutUserPolicy',
              'ModifySecurityGroupRules',
              'PutBucketPolicy',
            ),
            anyJson,
          ),
        },
        ...{ errorCode: anyJson, errorMessage: anyJson, responseElements: anyJson, serviceEventDetails: anyJson },
        ...{ additionalEventData: anyJson, sessionCredentialFromConsole: anyJson, recipientAccountId: anyJson },
        requestParameters: fc.oneof(
          anyJson,
          fc.record(
            { policyDocument: anyJson, assumeRolePolicyDocument: anyJson, userName: anyJson, policyArn: anyJson },
            { requiredKeys: [] },
          ),
          fc
            .record({
              Statement: fc.array(
                fc.record(
                  {
                    Effect: fc.constant('Allow'),
                    Action: anyJson,
                    Resource: anyJson,
                    Principal: anyJson,
                    Condition: anyJson,
                  },
                  { requiredKeys: ['Effect'] },
                ),
              ),
            })
            .map((policyDocument): Json => ({
              policyDocument,
              assumeRolePolicyDocument: JSON.stringify(policyDocument),
            })),
        ),
        userIdentity: fc.oneof(
          anyJson,
          fc.record(
            {
              type: fc.constantFrom(
                'Root',
                'IAMUser',
                'AssumedRole',
                'Role',
                'IdentityCenterUser',
                'FederatedUser',
                'SAMLUser',
                'AWSAccount',
                'AWSService',
                'Unknown',
              ),
              ...{
                arn: anyJson,
                accountId: anyJson,
                userName: anyJson,
                principalId: anyJson,
                invokedBy: anyJson,
                onBehalfOf: anyJson,
              },
              sessionContext: fc.record(
                { assumedRoot: anyJson, sessionIssuer: anyJson, attributes: fc.record({ mfaAuthenticated: anyJson }) },
                { requiredKeys: [] },
              ),
            },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: [] },
    );
    const record = fc
      .tuple(anyObject, members)
      .map(([any, some]) => ({ ...any, ...some, eventSource: SOURCES[Object.keys(any).length % SOURCES.length]! }));
    fc.assert(
      fc.property(record, fc.constantFrom(config, {}), (one, configuration) => {
        const context = makeContext(configuration);
        for (const event of [eventOf(one), eventOf({ Type: 'x', Resource: one, Service: {} })]) {
          for (const name of Object.keys(derivedFields)) {
            const value = deriveField(name, event, context);
            const isText = typeof value === 'string' && value !== '';
            expect(value === undefined || isText || typeof value === 'boolean' || Array.isArray(value)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the key that something is encrypted with', () => {
  const request = (requestParameters: JsonObject, eventSource = 's3.amazonaws.com'): JsonObject =>
    trailRecord(1, { eventSource, requestParameters });
  const key = (account: string): string => `arn:aws:kms:eu-west-1:${account}:key/1234abcd`;

  test.each<[string, JsonObject, Json | undefined, Json | undefined]>([
    ['by a header', request({ 'x-amz-server-side-encryption-aws-kms-key-id': key(STRANGER) }), [STRANGER], true],
    [
      'by default of a bucket',
      request({ Rule: [{ ApplyServerSideEncryptionByDefault: { KMSMasterKeyID: key(SIBLING) } }] }),
      [SIBLING],
      false,
    ],
    ['of a volume, of a trusted account', request({ kmsKeyId: key(VENDOR) }, 'ec2.amazonaws.com'), [VENDOR], false],
    ['of a snapshot, by alias', request({ kmsKeyId: `arn:aws:kms:eu-west-1:${STRANGER}:alias/x` }), [STRANGER], true],
    ['of its own account', request({ kmsKeyId: key(OWN) }), [OWN], false],
    ['two of them', request({ copies: [{ kmsKeyId: key(STRANGER) }, { kmsKeyId: key(OWN) }] }), [OWN, STRANGER], true],
    ['by an id, which names no account', request({ kmsKeyId: '1234abcd' }), undefined, undefined],
    ['in a call about the key itself', request({ kmsKeyId: key(STRANGER) }, 'kms.amazonaws.com'), undefined, undefined],
    ['not at all', request({ bucketName: key(STRANGER) }), undefined, undefined],
  ])('%s', (_how, record, accounts, outside) => {
    expect(derive('encryption.accounts', record)).toEqual(accounts);
    expect(derive('encryption.outsideOrganization', record)).toEqual(outside);
  });

  test('is unknown to be a stranger where the configuration lists no accounts', () => {
    const record = request({ kmsKeyId: key(STRANGER) });
    expect(derive('encryption.outsideOrganization', record, {})).toBe('unknown');
  });

  test('is found in no request that is deeper or larger than requests are', () => {
    let deep: JsonObject = { kmsKeyId: key(STRANGER) };
    for (let i = 0; i < 20; i++) deep = { deep };
    expect(derive('encryption.accounts', request(deep))).toBeUndefined();
    const wide = { many: Array.from({ length: 1_000 }, (_, i) => i), kmsKeyId: key(STRANGER) };
    expect(derive('encryption.accounts', request(wide))).toBeUndefined();
  });
});
