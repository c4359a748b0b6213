import fc from 'fast-check';
import type { Json, JsonObject } from '../../events/json';
import { anyJson, anyObject, envelope, eventOf, finding, pascalCase, trailRecord, unwrapped } from './support';

const analyzerFinding: JsonObject = {
  id: 'a1b2c3d4-5678-4abc-8def-111111111111',
  resourceType: 'AWS::S3::Bucket',
  resource: 'arn:aws:s3:::b',
  status: 'ACTIVE',
  updatedAt: '2026-01-05T10:00:00Z',
};
const analyzerEvent = { ...analyzerFinding, analyzedAt: '2026-01-05T10:00:00Z', accountId: '111122223333' };
const analyzerAnswer = { ...analyzerFinding, resourceOwnerAccount: '111122223333' };
const compliance = { configRuleName: 'root-mfa', awsAccountId: '111122223333', awsRegion: 'us-east-1' };
const insight: JsonObject = {
  eventVersion: '1.09',
  eventTime: '2026-01-05T23:10:00Z',
  eventID: 'd1e2f3a4-0000-4000-8000-000000000001',
  eventType: 'AwsCloudTrailInsight',
  recipientAccountId: '111122223333',
  insightDetails: {
    state: 'Start',
    eventSource: 'iam.amazonaws.com',
    eventName: 'DeleteUser',
    insightType: 'ApiCallRateInsight',
  },
  eventCategory: 'Insight',
};
const lookupItem = (record: Json): JsonObject => ({
  EventId: 'x',
  EventName: 'y',
  CloudTrailEvent: JSON.stringify(record),
});
const [a, b] = [trailRecord(1), trailRecord(2)];

describe('one event comes out of every shape', () => {
  test.each<[string, Json, string[]]>([
    ['a CloudTrail file', { Records: [a, b] }, ['cloudtrail', 'cloudtrail']],
    ['an array', [a, b], ['cloudtrail', 'cloudtrail']],
    ['a single record', a, ['cloudtrail']],
    ['an EventBridge envelope', envelope('AWS API Call via CloudTrail', a), ['cloudtrail']],
    [
      'an array of envelopes',
      [envelope('AWS API Call via CloudTrail', a), envelope('x', b)],
      ['cloudtrail', 'cloudtrail'],
    ],
    ['an envelope with a part of its members', { source: 'aws.iam', detail: a }, ['cloudtrail']],
    ['a sign-in', envelope('AWS Console Sign In via CloudTrail', { ...a, eventName: 'ConsoleLogin' }), ['cloudtrail']],
    ['an item of LookupEvents', lookupItem(a), ['cloudtrail']],
    [
      'an answer of LookupEvents',
      { Events: [lookupItem(a), lookupItem(b)], NextToken: 'x' },
      ['cloudtrail', 'cloudtrail'],
    ],
    ['lists under two keys', { Records: [a], Events: [lookupItem(b)] }, ['cloudtrail', 'cloudtrail']],
    ['a GuardDuty finding of EventBridge', envelope('GuardDuty Finding', finding()), ['guardduty']],
    [
      'a GuardDuty finding of the API in an envelope',
      envelope('GuardDuty Finding', pascalCase(finding())),
      ['guardduty'],
    ],
    ['a GuardDuty finding in an envelope that does not say so', { account: '1', detail: finding() }, ['guardduty']],
    ['a bare GuardDuty finding', finding(), ['guardduty']],
    [
      'a GuardDuty finding that names no resource',
      { ...finding(), resource: null, service: { serviceName: 'guardduty' } },
      ['guardduty'],
    ],
    ['a bare GuardDuty finding of the API', pascalCase(finding()), ['guardduty']],
    [
      'an answer of GetFindings',
      { Findings: [pascalCase(finding()), pascalCase(finding())] },
      ['guardduty', 'guardduty'],
    ],
    [
      'an Access Analyzer finding',
      envelope('Access Analyzer Finding', analyzerEvent, { source: 'aws.access-analyzer' }),
      ['accessanalyzer'],
    ],
    ['an answer of ListFindings', { findings: [analyzerAnswer] }, ['accessanalyzer']],
    ['a change of compliance', envelope('Config Rules Compliance Change', compliance), ['config']],
    ['a change of a resource', envelope('Config Configuration Item Change', { configurationItem: {} }), ['config']],
    ['an Insight', insight, ['cloudtrail-insight']],
    ['an Insight in an envelope', envelope('AWS Insight via CloudTrail', insight), ['cloudtrail-insight']],
    ['an empty file of records', { Records: [] }, []],
    ['an empty array', [], []],
    ['a CloudTrail digest', { digestStartTime: '2026-01-05T23:10:00Z', logFiles: [] }, []],
  ])('%s', (_name, value, services) => {
    const { events, rejected } = unwrapped(value);
    expect(rejected).toEqual([]);
    expect(events.map((event) => event.logsource.service)).toEqual(services);
  });

  test('and both spellings of a GuardDuty finding give the same record', () => {
    expect({ ...eventOf(pascalCase(finding())).record }).toEqual(finding());
  });
});

describe('a record is read although it lacks', () => {
  const without = (...names: string[]): JsonObject =>
    Object.fromEntries(Object.entries(a).filter(([name]) => !names.includes(name)));
  test.each<[string, JsonObject]>([
    ['eventTime', without('eventTime')],
    ['userIdentity', without('userIdentity')],
    ['eventName', without('eventName')],
    ['eventSource', without('eventSource')],
    ['eventName and eventSource', { ...without('eventName', 'eventSource'), eventType: 'AwsServiceEvent' }],
    ['eventID and recipientAccountId', without('eventID', 'recipientAccountId')],
    ['requestParameters', without('requestParameters')],
    ['requestParameters: null', { ...a, requestParameters: null }],
    ['requestParameters: "null"', { ...a, requestParameters: 'null' }],
    ['requestParameters: hidden', { ...a, requestParameters: 'HIDDEN_DUE_TO_SECURITY_REASONS' }],
    ['values: placeholders', { ...a, userIdentity: '...', eventTime: '...', eventID: '...' }],
  ])('%s', (_name, record) => {
    expect(eventOf(record).record).toBe(record);
  });
});

describe('what is no event is rejected whole, with a reason', () => {
  test.each<[string, Json, string]>([
    ['a number', 5, 'a number, not a record'],
    ['null', null, 'null, not a record'],
    ['an empty object', {}, 'no CloudTrail record, EventBridge event or finding (it is empty)'],
    ['an unknown object', { a: 1, b: 2 }, 'no CloudTrail record, EventBridge event or finding (its keys: a, b)'],
    [
      'another kind of event',
      envelope('EC2 Instance State-change Notification', {}),
      'an EventBridge event of another kind (EC2 Instance State-change Notification)',
    ],
    [
      'a notification of S3',
      { eventSource: 'aws:s3', eventName: 'ObjectCreated:Put' },
      'a notification from aws:s3, not a CloudTrail record',
    ],
    ['a Security Hub finding', { ProductArn: 'x', Id: 'y' }, 'a Security Hub finding (ASFF), which is no source'],
    [
      'a LookupEvents item that is cut',
      { CloudTrailEvent: '{"eventName":' },
      'a LookupEvents item whose CloudTrailEvent is not JSON',
    ],
    [
      'a LookupEvents item of something else',
      lookupItem([]),
      'a LookupEvents item whose CloudTrailEvent is not a CloudTrail record',
    ],
    ['lists without an end', [[[[[[a]]]]]], 'a list within lists within lists'],
  ])('%s', (_name, value, reason) => {
    const { events, rejected } = unwrapped([a, value, b]);
    expect(events).toHaveLength(2);
    expect(rejected.map((one) => one.reason)).toEqual([reason]);
    if (!Array.isArray(value)) expect(rejected[0]!.record).toBe(value);
  });
});

/** Any object, with members in it that make it look like one of the sources. */
const lookalike = fc
  .tuple(
    anyObject,
    fc.constantFrom<JsonObject>(
      { eventSource: 'x' },
      { eventSource: 'x', addendum: { reason: 'UPDATED_DATA' } },
      { type: 'x', service: {}, resource: {} },
      { Type: 'x', Service: {}, Resource: {} },
      { id: 'x', resourceType: 'x', status: 'x', analyzedAt: 'x' },
      { source: 'aws.access-analyzer', detail: {} },
      { 'detail-type': 'Config Rules Compliance Change', detail: {} },
      { eventType: 'AwsCloudTrailInsight', insightDetails: {} },
    ),
  )
  .map(([over, base]) => ({ ...over, ...base }));

test('nothing throws, and nothing is dropped, on any JSON whatever', () => {
  fc.assert(
    fc.property(fc.oneof(anyJson, lookalike, fc.array(lookalike)), (value) => {
      const { events, rejected } = unwrapped(value);
      const isContainer = Array.isArray(value) || (typeof value === 'object' && value !== null && 'events' in value);
      if (!isContainer && !JSON.stringify(value).includes('Records')) expect(events.length + rejected.length).toBe(1);
      for (const event of events) {
        expect(event.key).not.toBe('');
        expect(event.digest).toMatch(/^[0-9a-f]{64}$/);
        expect([event.id, event.revision].every((member) => typeof member === 'string')).toBe(true);
        expect(event.time === undefined || Number.isFinite(event.time)).toBe(true);
        expect([event.account, event.region].every((member) => member === undefined || member !== '')).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('nothing throws on 100,000 levels of nesting', () => {
  const deep = JSON.parse(`${'{"a":['.repeat(50_000)}1${']}'.repeat(50_000)}`) as Json;
  const { events } = unwrapped([{ ...a, eventID: 'none', requestParameters: deep }, pascalCase(finding()), deep]);
  expect(events).toHaveLength(2);
  expect(events[0]!.key).toMatch(/^sha256:/);
  expect(eventOf({ Type: 'x', Service: { deep }, Resource: {} }).digest).toMatch(/^[0-9a-f]{64}$/);
});
