import fc from 'fast-check';
import type { Json, JsonObject } from '../../events/json';
import { derivedFields } from '../../events/derived';
import { makeEvent, sources } from '../../events/event';
import { makeHits } from '../../engine/hit';
import { match, matchUnindexed } from '../../engine/match';
import { modifierNames } from '../../engine/modifiers';
import { eventOf, LOGSOURCE, matching, rule, ruleOf, rulesetOf } from './support';

const FIELDS = ['eventName', 'eventSource', 'type', 'userIdentity.type', 'errorCode', 'a', 'a.b'];
const TEXTS = ['Alpha', 'ALPHA', 'alpha', 'beta', 'Stra\u00dfe', '\u212aelvin', 'kelvin', '5', 'true', '', 'x*', '*'];
const scalar = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Json>(...TEXTS) },
  { weight: 2, arbitrary: fc.constantFrom<Json>(5, 0, true, false, null) },
);

/** Values that may stand in an indexed field: scalars of every kind, lists, objects, and again lists of those. */
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('b', 'x', '__proto__'), tie('value'), { maxKeys: 2 }),
  ),
})).value;

const odd = fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;
/** Alike in the fields that make a kind, as most events are, and different in others. */
const alike = fc.record(
  {
    eventName: fc.constantFrom('Alpha', 'beta'),
    userIdentity: fc.oneof(
      fc.record({ type: fc.constantFrom<Json>('alpha', 'beta', 5) }, { requiredKeys: [] }),
      fc.constant<Json>([{ type: 'alpha' }]),
    ),
    a: value,
    errorCode: fc.constantFrom('kelvin'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;
const record = fc.oneof(odd, alike);

const texts = fc.constantFrom(...TEXTS);
const item: fc.Arbitrary<[string, Json]> = fc
  .tuple(fc.constantFrom(...FIELDS), fc.nat(9), fc.array(scalar, { minLength: 1, maxLength: 3 }), texts)
  .map(([field, kind, list, text]) => {
    switch (kind) {
      case 0:
        return [`${field}|contains`, text];
      case 1:
        return [`${field}|cased`, text];
      case 2:
        return [`${field}|neq`, text];
      case 3:
        return [`${field}|exists`, text === 'alpha'];
      case 4:
        return [`${field}|all`, [text, 'alpha']];
      case 5:
        return [`${field}|fieldref`, 'a'];
      default:
        return [field, kind === 6 ? list : list[0]!];
    }
  });
const selection: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => Object.fromEntries(items)) },
  {
    weight: 1,
    arbitrary: fc.array(
      item.map((entry) => Object.fromEntries([entry])),
      { minLength: 1, maxLength: 3 },
    ),
  },
  { weight: 1, arbitrary: fc.array(fc.constantFrom('alp*', 'kelvin', '5'), { minLength: 1, maxLength: 2 }) },
);
const condition = fc.constantFrom(
  ...[
    'x',
    'y',
    'x and y',
    'x or y',
    'not x',
    'x and not y',
    'not x or y',
    '(x or y) and z',
    'x and (y or not z)',
    'not (x and y)',
  ],
  ...['1 of them', 'all of them', 'x or y and z'],
);
const detection = fc.record({ x: selection, y: selection, z: selection, condition });

describe('Matching', () => {
  test('gives with the index what it gives without, for any rules and events', () => {
    fc.assert(
      fc.property(
        fc.array(detection, { minLength: 1, maxLength: 6 }),
        fc.array(record, { minLength: 1, maxLength: 20 }),
        (detections, records) => {
          const ruleset = rulesetOf(detections.map((each, i) => rule(each, { title: `R${i}`, name: `r${i}` })));
          for (const each of records) matching(ruleset, each);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('asks only the rules that an event may match', () => {
    const ruleset = rulesetOf(
      ['CreateUser', 'DeleteUser', 'CreateRole'].map((name) => ruleOf({ eventName: name }, { name, title: name })),
    );
    const asked = (each: JsonObject): number => ruleset.index.candidates(eventOf(each)).length;
    expect(asked({ eventName: 'createuser' })).toBe(1);
    expect(asked({ eventName: 'ListUsers' })).toBe(0);
    expect(asked({ eventName: ['CreateUser', 'DeleteUser'] })).toBe(2);
    expect(asked({ eventName: { x: 'CreateUser' } })).toBe(1);
    expect(asked({})).toBe(0);
  });

  test('remembers what events of a kind have in common, not what tells them apart', () => {
    const ruleset = rulesetOf([ruleOf({ eventName: 'CreateUser', 'userIdentity.type|neq': 'Root', a: 'x' })]);
    const [root, user] = ['Root', 'IAMUser'].map((type) => ({ eventName: 'CreateUser', userIdentity: { type } }));
    for (const more of [{ a: 'x' }, { a: 'y' }, { a: ['x'] }, {}]) {
      expect(matching(ruleset, { ...root, ...more })).toEqual([]);
      expect(matching(ruleset, { ...user, ...more }).length).toBe('a' in more && more.a !== 'y' ? 1 : 0);
    }
    // A list of identities is of no kind, nor is a name that is no text.
    expect(matching(ruleset, { ...user, userIdentity: [{ type: 'Root' }, { type: 'Root' }], a: 'x' })).toEqual([]);
    expect(matching(ruleset, { 'userIdentity.type': 'Root', ...user, a: 'x' })).toEqual([]);
  });

  test('takes the first severity whose condition holds', () => {
    const severity = [
      { when: { env: 'prod' }, level: 'critical' },
      { when: { 'env|exists': true }, level: 'medium' },
    ];
    const ruleset = rulesetOf([ruleOf({ a: 1 }, { privwatch: { severity } })]);
    const levels = [{ env: 'prod' }, { env: 'dev' }, {}].map(
      (more) => match(eventOf({ a: 1, ...more }), ruleset)[0]?.level,
    );
    expect(levels).toEqual(['critical', 'medium', 'low']);
  });
});

/** A value that each modifier takes. */
const SAMPLES: Record<string, Json> = {
  ...{
    exists: true,
    cidr: '10.0.0.0/8',
    lt: 5,
    lte: 5,
    gt: 5,
    gte: 5,
    all: ['a', 'b'],
    expand: '%name%',
    fieldref: 'b',
  },
  ...{ minute: 5, hour: 5, day: 5, week: 5, month: 5, year: 2026 },
};

/** Rules that between them use every modifier and every derived field, in tests, groups and titles. */
function everything(logsource: JsonObject): ReturnType<typeof rulesetOf> {
  const flags = ['i', 'm', 's', 'ignorecase', 'multiline', 'dotall'];
  const byModifier = modifierNames.map((name) =>
    ruleOf(
      { [`a|${flags.includes(name) ? `re|${name}` : name}`]: SAMPLES[name] ?? 'a', 'b.c|exists': false },
      { name, title: name, logsource },
    ),
  );
  const byField = Object.keys(derivedFields).map((name) =>
    ruleOf(
      { [name]: ['*', null, true] },
      {
        ...{ name, title: name, logsource, taxonomy: 'privwatch' },
        privwatch: {
          title: `{actor} in {account} and {region} on {resource}: {${name}} {a.b}`,
          group: [name, 'a', 'eventName'],
          entities: {
            resources: [
              { type: 'Other', name: '$..a' },
              { type: 'Other', name: '$.b[*].c' },
            ],
          },
        },
      },
    ),
  );
  const keywords = rule(
    { k: ['a', 5], l: { '|all': ['a', 'b'] }, m: { '|re': 'a+' }, condition: '1 of them' },
    { title: 'K', name: 'K', logsource },
  );
  const any = ruleOf({ 'no.such.field': null }, { title: 'Any', name: 'any_event', logsource });
  return rulesetOf([...byModifier, ...byField, keywords, any], {
    expand: { name: 'x' },
    organization: { accounts: [{ id: '111122223333', name: 'shop' }] },
    automation: ['arn:aws:iam::*:role/ci'],
  });
}

describe('Matching any JSON whatever', () => {
  const keys = [
    ...[
      'a',
      'b',
      'c',
      '__proto__',
      'constructor',
      'toString',
      'length',
      'userIdentity',
      'type',
      'arn',
      'accountId',
      'sessionContext',
    ],
    ...[
      'sessionIssuer',
      'attributes',
      'mfaAuthenticated',
      'assumedRoot',
      'eventName',
      'eventTime',
      'requestParameters',
      'userName',
    ],
    ...[
      'policyDocument',
      'policyArn',
      'assumeRolePolicyDocument',
      'Statement',
      'Principal',
      'AWS',
      'Condition',
      'StringEquals',
    ],
    ...[
      'responseElements',
      'additionalEventData',
      'errorCode',
      'eventID',
      'recipientAccountId',
      'resources',
      'ARN',
      'service',
      'resource',
    ],
    ...[
      'accessKeyDetails',
      'id',
      'updatedAt',
      'serviceEventDetails',
      'sessionCredentialFromConsole',
      'onBehalfOf',
      'addendum',
    ],
  ];
  const words = fc.constantFrom(
    ...[
      'Root',
      'IAMUser',
      'AssumedRole',
      'CreateRole',
      'ConsoleLogin',
      'AttachUserPolicy',
      '2026-01-05T10:00:00Z',
      '111122223333',
      '*',
      '',
    ],
    ...[
      'arn:aws:sts::111122223333:assumed-role/r/s',
      '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
      '%7B%22',
      '\ud800',
    ],
  );
  const json = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 6 },
      words,
      fc.constantFrom<Json>(null, true, 0, -1.5, 1e300),
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('json'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
      fc.jsonValue({ noUnicodeString: false, stringUnit: 'binary' } as never) as fc.Arbitrary<Json>,
    ),
  })).json;
  const anyRecord = fc.dictionary(fc.constantFrom(...keys), json, { maxKeys: 8 }) as fc.Arbitrary<JsonObject>;

  test.each(Object.entries(sources))('never throws and never changes the event (%s)', (_name, source) => {
    const ruleset = everything({ ...source.logsource });
    fc.assert(
      fc.property(anyRecord, fc.boolean(), (fields, isParsed) => {
        const each = isParsed ? (JSON.parse(JSON.stringify(fields)) as JsonObject) : fields;
        const before = JSON.stringify(each);
        const event = makeEvent(source, each);
        const found = match(event, ruleset);
        expect(found.map((one) => one.rule.title)).toContain('Any');
        expect(found.map((one) => one.rule.id).sort()).toEqual(
          matchUnindexed(event, ruleset)
            .map((one) => one.rule.id)
            .sort(),
        );
        for (const one of found) makeHits(one, ruleset);
        expect(JSON.stringify(each)).toBe(before);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['objects', '{"a":'.repeat(5000) + '1' + '}'.repeat(5000)],
    ['lists', '{"a":' + '['.repeat(5000) + '1' + ']'.repeat(5000) + '}'],
  ])('%s nested without end are no danger', (_what, text) => {
    const ruleset = everything(LOGSOURCE);
    for (const one of match(eventOf(JSON.parse(text) as JsonObject), ruleset)) makeHits(one, ruleset);
  });

  test('matching is pure: the same event gives the same matches again', () => {
    const ruleset = everything(LOGSOURCE);
    fc.assert(
      fc.property(anyRecord, (fields) => {
        const shown = (): unknown => match(eventOf(fields), ruleset).map((one) => [one.rule.id, one.level]);
        expect(shown()).toEqual(shown());
      }),
      { numRuns: 100 },
    );
  });
});
