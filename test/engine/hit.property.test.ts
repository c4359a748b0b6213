import fc from 'fast-check';
import { isBetter, isSame, makeHits, type Hit } from '../../engine/hit';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { finding, trailRecord } from '../events/support';
import { eventOf, ruleOf, rulesetOf } from './support';

/** Rules that carry as much of an event away as rules can, secret members by name included. */
const FIELDS = [
  'requestParameters.note',
  'requestParameters.masterUserPassword',
  'responseElements.credentials.sessionToken',
  'userIdentity.arn',
  'userAgent',
  'errorMessage',
  'derived.actor.session',
  'password',
];
const resources = ['$..*', '$.requestParameters.*', '$.requestParameters.masterUserPassword', '$.password'];
const greedy = (service: string): JsonObject[] => [
  ruleOf(
    { seen: true },
    {
      ...{ name: 'greedy', taxonomy: 'privwatch', logsource: { product: 'aws', service } },
      privwatch: {
        title: `{actor} {resource} ${FIELDS.map((name) => `{${name}}`).join(' ')}`,
        entities: { resources: resources.map((name) => ({ type: 'Other', name })) },
        group: FIELDS,
      },
    },
  ),
  ruleOf({ seen: true }, { title: 'By default', name: 'plain', logsource: { product: 'aws', service } }),
  ...FIELDS.map((field, i) => ({
    title: `Counted ${i}`,
    taxonomy: 'privwatch',
    name: `counted_${i}`,
    correlation: {
      ...{ type: 'value_count', rules: ['greedy'], 'group-by': [field], timespan: '1h' },
      ...{ generate: true, condition: { gte: 2, field } },
    },
    level: 'low',
    privwatch: { title: `{${field}}` },
  })),
];
const TRAIL = rulesetOf(greedy('cloudtrail'));
const DUTY = rulesetOf(greedy('guardduty'));

const hitsOf = (event: Event, ruleset: Ruleset): Hit[] =>
  match(event, ruleset).flatMap((one) => makeHits(one, ruleset).placed.map(({ hit }) => hit));

/** Every secret ends in one of these; no other text holds them. */
const MARK = 'SeCrEt0MaRk';
const tokens = fc.constantFrom(
  `FwoGZXIvYXdzEBYaD${'x1/+'.repeat(10)}${MARK}==`,
  `IQoJb3JpZ2luX2Vj${'Zz/'.repeat(10)}${MARK}`,
  `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${MARK}abcdef`,
  `https://b.s3.amazonaws.com/k?X-Amz-Signature=0123456789${MARK}`,
  `AKIAIOSFODNN7EXAMPLE:${'a'.repeat(29)}${MARK}`,
  `{"password":"${MARK}"}`,
  `{"detail":"{\\"clientSecret\\":\\"${MARK}\\"}"}`,
  `a=1&Password=${MARK}`,
);
const around = fc.constantFrom<(token: string) => string>(
  (token) => token,
  (token) => `denied for ${token} (cut`,
  (token) => `arn:aws:sts::111122223333:assumed-role/Admin/${token}`,
);

/** Where a token may stand: anywhere. */
const places: ((token: string) => JsonObject)[] = [
  ...['eventID', 'eventName', 'eventSource', 'awsRegion', 'recipientAccountId', 'sourceIPAddress', 'userAgent'],
  ...['errorCode', 'errorMessage', 'id', 'accountId', 'region', 'type', 'updatedAt', 'note'],
]
  .map((name) => (token: string): JsonObject => ({ [name]: token }))
  .concat(
    ...['arn', 'principalId', 'userName', 'accountId', 'accessKeyId', 'invokedBy'].map((name) =>
      ['IAMUser', 'AssumedRole', 'FederatedUser', 'AWSService', 'Unknown'].map(
        (type) =>
          (token: string): JsonObject => ({ userIdentity: { type, [name]: token } }),
      ),
    ),
    (token) => ({ requestParameters: { note: token, [token]: token } }),
    (token) => ({ requestParameters: { list: [token, { deep: [token] }] } }),
    (token) => ({ resources: [{ ARN: token }] }),
    (token) => ({ [token]: 1 }),
    (token) => ({ resource: { accessKeyDetails: { userName: token, accessKeyId: token, userType: 'Role' } } }),
  );
/** Where any text is a secret, by the name it has. */
const named: ((secret: string) => JsonObject)[] = [
  (secret) => ({ password: secret }),
  (secret) => ({ requestParameters: { masterUserPassword: secret, note: { clientSecret: secret } } }),
  (secret) => ({ responseElements: { credentials: { sessionToken: secret, SessionToken: [secret] } } }),
  (secret) => ({ 'responseElements.credentials.sessionToken': secret }),
];

const planted = fc.oneof(
  fc.tuple(fc.constantFrom(...places), tokens, around).map(([place, token, wrap]) => place(wrap(token))),
  fc.constantFrom(...named).map((place) => place(MARK)),
);

test('no secret reaches a hit', () => {
  fc.assert(
    fc.property(planted, planted, (one, other) => {
      const more = { seen: true, ...one, ...other };
      const hits = [
        ...hitsOf(eventOf(trailRecord(1, more)), TRAIL),
        ...hitsOf(makeEvent(sources.guardduty, finding(more)), DUTY),
      ];
      expect(hits.length).toBeGreaterThan(3);
      expect(JSON.stringify(hits)).not.toContain(MARK);
    }),
    { numRuns: 1000 },
  );
});

test('different events whose keys hold secrets stay apart', () => {
  const [a, b] = ['a', 'b'].map((end) =>
    hitsOf(makeEvent(sources.guardduty, finding({ seen: true, id: `password=${MARK}${end}` })), DUTY),
  );
  expect(a![0]!.key).not.toBe(b![0]!.key);
});

test('hits of an event are the same however often they are made, and differ by what the event says', () => {
  const hits = (more: JsonObject): Hit[] => hitsOf(eventOf(trailRecord(1, { seen: true, ...more })), TRAIL);
  const [first, again, other] = [hits({}), hits({}), hits({ userAgent: 'x' })].map((list) => list[0]!);
  expect(isSame(first!, again!)).toBe(true);
  expect(isSame(first!, other!)).toBe(false);
  expect(isBetter(first!, again!)).toBe(false);
  expect(isBetter(first!, other!)).toBe(!isBetter(other!, first!));
});
