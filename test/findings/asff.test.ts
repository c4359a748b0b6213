import { asffId, asffOf } from '../../findings/asff';
import { asffProblems } from './asff-limits';
import { EVENT_ID, findingWith, noticeWith, setting } from './support';

const asff = (...args: Parameters<typeof noticeWith>) => asffOf(noticeWith(...args), setting);

test('a finding for Security Hub', () => {
  const finding = asff();
  expect(asffProblems(finding)).toEqual([]);
  expect(finding).toMatchObject({
    Id: 'privwatch/88ee924bf51509ce31d2393132d9402c',
    ProductArn: 'arn:aws:securityhub:eu-west-1:333344445555:product/333344445555/default',
    GeneratorId: 'privwatch/6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
    AwsAccountId: '333344445555',
    CreatedAt: '2026-03-03T02:19:02Z',
    UpdatedAt: '2026-03-03T02:22:00.123Z',
    FirstObservedAt: '2026-03-03T02:19:02Z',
    LastObservedAt: '2026-03-03T02:21:10Z',
    RecordState: 'ACTIVE',
    FindingProviderFields: {
      Severity: { Label: 'CRITICAL', Original: 'critical' },
      Types: ['TTPs/Privilege Escalation', 'TTPs/Persistence'],
    },
    Action: {
      ActionType: 'AWS_API_CALL',
      AwsApiCallAction: {
        Api: 'AttachUserPolicy',
        ServiceName: 'iam.amazonaws.com',
        CallerType: 'remoteIp',
        RemoteIpDetails: { IpAddressV4: '203.0.113.57' },
      },
    },
    ProductFields: {
      'privwatch/detectorId': '6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
      'privwatch/offenderAccountId': '111122223333',
      'privwatch/offenderAccountName': 'shop-prod',
      'privwatch/tactics': 'TA0004 Privilege Escalation, TA0003 Persistence',
      'privwatch/techniques': 'T1098.003, T1078',
      'privwatch/compliance': 'cis-aws-5.0:4.4, pci-dss-4.0.1:10.2.1.5',
      'privwatch/mfa': 'unknown',
      'privwatch/session': 'omar@example.com',
      'privwatch/drill': 'false',
    },
    Remediation: {
      Recommendation: {
        Text: '1. Ask omar@example.com whether this was theirs. 2. If not, detach the policy.',
        Url: 'https://docs.example.org/detectors#6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
      },
    },
  });
  expect(finding.SourceUrl).toContain(EVENT_ID);
  expect(finding.Description).toContain('Whoever is an administrator can undo every other protection.');
  // Whoever works on a finding changes these; an update must not change them back.
  for (const theirs of ['Severity', 'Types', 'Workflow', 'Note', 'VerificationState', 'UserDefinedFields'])
    expect(finding).not.toHaveProperty(theirs);
});

const KEY_ID = 'AWS::IAM::AccessKey:AKIAEXAMPLECIPUSH001';

test("the resource that the finding is about comes first, the actor's key and the offending account last", () => {
  const place = { Partition: 'aws', Region: 'us-east-1' };
  const Details = {
    AwsIamAccessKey: {
      ...{ AccessKeyId: 'AKIAEXAMPLECIPUSH001', AccountId: '111122223333' },
      ...{ PrincipalName: 'arn:aws:iam::111122223333:role/PlatformOperator', PrincipalType: 'role' },
    },
  };
  const [bob, key, account] = [
    { Type: 'AwsIamUser', Id: 'bob', ...place },
    { Type: 'AwsIamAccessKey', Id: KEY_ID, ...place, Details },
    { Type: 'AwsAccount', Id: 'AWS::::Account:111122223333', ...place },
  ];
  expect(asff().Resources).toEqual([bob, key, account]);
  expect(asff({}, { resources: [] }).Resources).toEqual([bob, key, account]);
  const mainResource = { type: 'AwsIamAccessKey', name: 'AKIAEXAMPLECIPUSH001' };
  expect(asff({}, { mainResource }).Resources).toEqual([key, bob, account]);
  const { actor } = findingWith();
  expect(asff({}, { resources: [], actor: { ...actor, accessKeyId: null } }).Resources).toEqual([bob, account]);
});

/** Whose actor used no key. */
const keyless = { actor: { ...findingWith().actor, accessKeyId: null } };

const user = (i: number) => ({ type: 'AwsIamUser', name: `user-${i}` });

test.each([
  ['none but the account', { resources: [], mainResource: null }, ['AWS::::Account:111122223333']],
  ['none at all', { resources: [], mainResource: null, account: null }, [findingWith().actor.id]],
  [
    'the account itself',
    { resources: [], mainResource: { type: 'AwsAccount', name: '111122223333' } },
    ['AWS::::Account:111122223333'],
  ],
  [
    'a bucket',
    { resources: [], mainResource: { type: 'AwsS3Bucket', name: 'logs' }, account: null },
    ['arn:aws:s3:::logs'],
  ],
])('resources: %s', (_, finding, ids) => {
  expect(asff({}, { ...keyless, ...finding }).Resources!.map(({ Id }) => Id)).toEqual(ids);
});

test('of many resources 32 are kept, the main one and the account among them', () => {
  const resources = Array.from({ length: 50 }, (_, i) => user(i));
  const kept = asff({}, { resources, mainResource: user(49) }).Resources!;
  expect(kept).toHaveLength(32);
  expect(kept[0]!.Id).toBe('user-49');
  expect(kept.slice(30).map(({ Id }) => Id)).toEqual([KEY_ID, 'AWS::::Account:111122223333']);
});

test.each([
  ['created', 'ACTIVE'],
  ['raised', 'ACTIVE'],
  ['revised', 'ACTIVE'],
  ['superseded', 'ARCHIVED'],
  ['withdrawn', 'ARCHIVED'],
] as const)('a finding that was %s is %s', (kind, state) => {
  expect(asff({ kind }).RecordState).toBe(state);
});

test('related findings are the one that took its place and the one that it goes on with', () => {
  const { ProductArn, FindingProviderFields } = asff({ kind: 'superseded', supersededBy: 'b' }, { continues: 'c' });
  expect(FindingProviderFields!.RelatedFindings).toEqual([
    { ProductArn, Id: asffId('b') },
    { ProductArn, Id: asffId('c') },
  ]);
});

test('CreatedAt does not follow UpdatedAt, unless the event has no time', () => {
  expect(asff({ updatedAt: '2026-03-04T00:00:00Z' }).CreatedAt).toBe('2026-03-03T02:19:02Z');
  const undated = asff({}, { firstSeen: null, lastSeen: null });
  expect(undated.CreatedAt).toBe(undated.UpdatedAt);
  expect(undated.FirstObservedAt).toBeUndefined();
});

test.each([
  [{ drill: true }, {}, 'DRILL: '],
  [{}, { stage: 'staging' }, 'STAGING: '],
  [{ drill: true }, { stage: 'staging' }, 'DRILL: STAGING: '],
] as const)('marks stand before the title', (notice, finding, marks) => {
  expect(asff(notice, finding).Title).toBe(`${marks}${findingWith().title}`);
});

test.each([
  ['an IPv6 address', '2001:db8::1', {}],
  [
    'a service',
    'cloudformation.amazonaws.com',
    { CallerType: 'domain', DomainDetails: { Domain: 'cloudformation.amazonaws.com' } },
  ],
  ['AWS itself', 'AWS Internal', {}],
  ['nothing', null, {}],
])('the caller: %s', (_, address, caller) => {
  const { CallerType, DomainDetails, RemoteIpDetails } = asff({}, { from: { address, userAgent: null } }).Action!
    .AwsApiCallAction!;
  const given = { CallerType, DomainDetails, RemoteIpDetails };
  expect(JSON.parse(JSON.stringify(given))).toEqual(caller);
});

test('a finding of GuardDuty is no call', () => {
  expect(
    asff({}, { action: { source: 'guardduty', name: 'Persistence:IAMUser/X', error: null } }).Action,
  ).toBeUndefined();
});

test('long texts are cut with a mark', () => {
  const finding = asff({ drill: true }, { title: 'x'.repeat(256), runbook: ['y'.repeat(600)], why: 'z'.repeat(2000) });
  expect(asffProblems(finding)).toEqual([]);
  expect(finding.Title).toMatch(/^DRILL: x+…$/);
  expect(finding.Remediation!.Recommendation!.Text).toMatch(/^1\. y+…$/);
  const ids = Array.from({ length: 100 }, (_, i) => EVENT_ID.replace('7412', String(1000 + i)));
  const fields = asff({}, { eventIds: ids }).ProductFields!;
  expect(fields['privwatch/eventIds']).toMatch(/^(?:[0-9a-f-]{36}, )+…$/);
});

test('a finding with no tactic has a type all the same', () => {
  expect(asff({}, { tags: ['cve.2026-1'] }).FindingProviderFields!.Types).toEqual(['Unusual Behaviors/User']);
});
