import { ocsfOf } from '../../findings/ocsf';
import { noticeWith, setting } from './support';

const ocsf = (...args: Parameters<typeof noticeWith>) => ocsfOf(noticeWith(...args), setting);

test('a finding for OCSF', () => {
  expect(ocsf()).toMatchObject({
    class_uid: 2004,
    type_uid: 200401,
    severity_id: 5,
    status: 'New',
    time: Date.UTC(2026, 2, 3, 2, 22, 0, 123),
    start_time: Date.UTC(2026, 2, 3, 2, 19, 2),
    count: 2,
    is_alert: true,
    metadata: { version: '1.5.0', correlation_uid: 'ee2d3a42bdb31fa0fec5c480af867e1c' },
    cloud: { provider: 'AWS', region: 'us-east-1', account: { uid: '111122223333', name: 'shop-prod', type_id: 10 } },
    finding_info: {
      analytic: { uid: '6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11', type_id: 1 },
      attacks: [
        { tactic: { uid: 'TA0004', name: 'Privilege Escalation' } },
        { tactic: { uid: 'TA0003', name: 'Persistence' } },
        { technique: { uid: 'T1098' }, sub_technique: { uid: 'T1098.003' } },
        { technique: { uid: 'T1078' } },
      ],
      related_events: [
        { uid: '7412e56c-0bf2-42e4-aade-9ad9f37e8202' },
        { uid: '2cff3c91-4482-46dd-805b-5d297d82353b' },
      ],
    },
    evidences: [
      {
        actor: { user: { credential_uid: 'AKIAEXAMPLECIPUSH001' }, session: { uid: 'omar@example.com' } },
        api: { operation: 'AttachUserPolicy', service: { name: 'iam.amazonaws.com' } },
        src_endpoint: { ip: '203.0.113.57' },
        http_request: { user_agent: 'aws-cli/2.23.6' },
      },
    ],
    resources: [{ uid: 'AKIAEXAMPLECIPUSH001', type: 'AwsIamAccessKey' }, { uid: 'bob' }],
    unmapped: { stage: 'production', drill: false, compliance: ['cis-aws-5.0:4.4', 'pci-dss-4.0.1:10.2.1.5'] },
  });
});

test.each([
  ['created', 1, 'New'],
  ['raised', 2, undefined],
  ['revised', 2, undefined],
  ['superseded', 3, 'Archived'],
  ['withdrawn', 3, 'Archived'],
] as const)('%s is activity %i', (kind, activity_id, status) => {
  expect(ocsf({ kind })).toMatchObject({ activity_id, type_uid: 200400 + activity_id });
  expect((ocsf({ kind }) as { status?: string }).status).toBe(status);
});

test.each([
  ['informational', 1],
  ['low', 2],
  ['medium', 3],
  ['high', 4],
  ['critical', 5],
] as const)('severity %s is %i', (severity, severity_id) => {
  expect(ocsf({}, { severity })).toMatchObject({ severity_id });
});

test('what is not known is left out; a service is no address', () => {
  const event = ocsf(
    {},
    { account: null, firstSeen: null, from: { address: 'cloudformation.amazonaws.com', userAgent: null } },
  );
  expect(event).not.toHaveProperty('cloud.account');
  expect(event).not.toHaveProperty('start_time');
  expect(event).toMatchObject({ evidences: [{ src_endpoint: { svc_name: 'cloudformation.amazonaws.com' } }] });
  expect(event).not.toHaveProperty('evidences.0.http_request');
});

test('a drill and a trial say so', () => {
  expect(ocsf({ drill: true }, { title: 'x', stage: 'staging' })).toMatchObject({
    message: 'DRILL: STAGING: x',
    finding_info: { title: 'DRILL: STAGING: x' },
    unmapped: { drill: true, stage: 'staging' },
  });
});
