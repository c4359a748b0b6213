import fc from 'fast-check';
import type { Json, JsonObject } from '../../events/json';
import { anyObject, envelope, eventOf, finding, FINDING_ID, guid, trailRecord } from './support';

const time = (iso: string): number => Date.parse(iso);

describe('the key of a CloudTrail record', () => {
  test('is its eventID with the account that received it', () => {
    expect(eventOf(trailRecord(1)).key).toBe(`${guid(1)}/111122223333`);
    expect(eventOf(trailRecord(1, { eventID: guid(1).toUpperCase() })).key).toBe(`${guid(1)}/111122223333`);
  });

  test('is the same from a file, from EventBridge and from LookupEvents', () => {
    const record = trailRecord(1);
    const keys = [
      record,
      envelope('AWS API Call via CloudTrail', record),
      { CloudTrailEvent: JSON.stringify(record) },
    ].map((value) => eventOf(value).key);
    expect(new Set(keys).size).toBe(1);
  });

  test.each(['', '...', 'EXAMPLE8-9621-4d00-b913-beca2EXAMPLE', 'not a GUID', null, 7])(
    'is the digest of the record where the id is %j',
    (eventID) => {
      const event = eventOf(trailRecord(1, { eventID }));
      expect(event.key).toBe(`sha256:${event.digest}`);
    },
  );

  test.each([
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '12345678-1234-1234-1234-123456789012',
    'f1e2d3c4-b5a6-7890-1234-567890abcdef',
  ])('is the digest of the record where the id is the placeholder %s', (eventID) => {
    expect(eventOf(trailRecord(1, { eventID })).key).toMatch(/^sha256:/);
  });

  test('without an id does not depend on the order of members, and on nothing else', () => {
    const shuffled = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, shuffled(member)]),
      );
    };
    fc.assert(
      fc.property(anyObject, anyObject, (one, other) => {
        const [a, b, c] = [
          { eventSource: 'x', one },
          shuffled({ eventSource: 'x', one }),
          { eventSource: 'x', one: other },
        ];
        expect(eventOf(b).key).toBe(eventOf(a).key);
        // -0 and 0 are one number in JSON.
        const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(eventOf(c).key === eventOf(a).key).toBe(isSame);
      }),
    );
  });

  test('is the key of the original for a record that updates it', () => {
    const update = trailRecord(2, { addendum: { reason: 'UPDATED_DATA', originalEventID: guid(1) } });
    const late = trailRecord(1, { addendum: { reason: 'DELIVERY_DELAY' } });
    const original = eventOf(trailRecord(1));
    expect(eventOf(update).key).toBe(original.key);
    expect(eventOf(late).key).toBe(original.key);
    expect(eventOf(update).id).toBe(guid(2));
    expect(eventOf(update).revision > original.revision).toBe(true);
  });
});

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, sorted(member)]);
}

describe('key, time, account and region of', () => {
  const analyzer: JsonObject = {
    ...{ id: 'aa-1', resourceType: 'AWS::IAM::Role', status: 'ACTIVE', analyzedAt: '2026-01-05T01:00:00Z' },
    ...{ updatedAt: '2026-01-05T02:00:00Z', accountId: '111122223333', region: 'us-east-2' },
  };
  const compliance = { awsAccountId: '111122223333', awsRegion: 'us-west-2' };
  const insight = trailRecord(3, { eventType: 'AwsCloudTrailInsight', eventCategory: 'Insight' });
  const old = trailRecord(4);
  delete old['recipientAccountId'];

  test.each<[string, Json, { key: string; time: string; account: string; region: string }]>([
    [
      'a CloudTrail record',
      envelope('AWS API Call via CloudTrail', trailRecord(1)),
      { key: `${guid(1)}/111122223333`, time: '2026-01-05T23:10:00Z', account: '111122223333', region: 'us-east-1' },
    ],
    [
      'a CloudTrail record of an old version',
      old,
      { key: `${guid(4)}/`, time: '2026-01-05T23:10:00Z', account: '111122223333', region: 'us-east-1' },
    ],
    [
      'an Insight',
      insight,
      { key: `${guid(3)}/111122223333`, time: '2026-01-05T23:10:00Z', account: '111122223333', region: 'us-east-1' },
    ],
    [
      'a GuardDuty finding',
      envelope('GuardDuty Finding', finding()),
      { key: FINDING_ID, time: '2026-01-05T11:00:00Z', account: '444455556666', region: 'eu-west-1' },
    ],
    [
      'a GuardDuty finding without eventLastSeen',
      finding({ service: { eventLastSeen: 'soon' } }),
      { key: FINDING_ID, time: '2026-01-05T12:00:00Z', account: '444455556666', region: 'eu-west-1' },
    ],
    [
      'a GuardDuty finding that leaves its account to the envelope',
      envelope('GuardDuty Finding', finding({ accountId: '', region: null })),
      { key: FINDING_ID, time: '2026-01-05T11:00:00Z', account: '777788889999', region: 'eu-central-1' },
    ],
    [
      'an Access Analyzer finding',
      envelope('Access Analyzer Finding', analyzer),
      { key: 'aa-1', time: '2026-01-05T02:00:00Z', account: '111122223333', region: 'us-east-2' },
    ],
    [
      'an Access Analyzer finding about another account',
      { ...analyzer, resourceOwnerAccount: '999988887777' },
      { key: 'aa-1', time: '2026-01-05T02:00:00Z', account: '999988887777', region: 'us-east-2' },
    ],
    [
      'a Config change',
      envelope('Config Rules Compliance Change', compliance),
      {
        key: 'c1d2e3f4-0000-4000-8000-000000000001',
        time: '2026-01-06T00:00:00Z',
        account: '111122223333',
        region: 'us-west-2',
      },
    ],
  ])('%s', (_name, value, expected) => {
    const { key, time: at, account, region } = eventOf(value);
    expect({ key, time: at, account, region }).toEqual({ ...expected, time: time(expected.time) });
  });
});

test('of two states of a finding the later one has the greater revision', () => {
  const at = (updatedAt: string): string => eventOf(finding({ updatedAt })).revision;
  expect(at('2026-01-05T12:00:00.001Z') > at('2026-01-05T12:00:00Z')).toBe(true);
  expect(at('2026-01-05T12:00:00+02:00') < at('2026-01-05T12:00:00Z')).toBe(true);
  expect(at('...') < at('1971-01-01T00:00:00Z')).toBe(true);
});
