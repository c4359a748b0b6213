import fc from 'fast-check';
import type { Finding } from '../../engine/finding';
import { LEVELS } from '../../engine/level';
import { MINT_ACTIONS } from '../../engine/mint';
import { eventBridgeDetailOf } from '../../findings/event';
import { asffOf } from '../../findings/asff';
import { chatOf } from '../../findings/chat';
import type { Notice, Setting } from '../../findings/notice';
import { ocsfOf } from '../../findings/ocsf';
import { subjectOf, textOf } from '../../findings/text';

export const setting: Setting = {
  partition: 'aws',
  account: '333344445555',
  region: 'eu-west-1',
  docs: 'https://docs.example.org/detectors#',
};

const KEY = 'AKIAEXAMPLECIPUSH001';
export const EVENT_ID = '7412e56c-0bf2-42e4-aade-9ad9f37e8202';

export function findingWith(more: Partial<Finding> = {}): Finding {
  return {
    id: '88ee924bf51509ce31d2393132d9402c',
    thread: 'ee2d3a42bdb31fa0fec5c480af867e1c',
    detectorId: '6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
    detectorTitle: 'Administrator power granted to an IAM user',
    title: 'omar@example.com (role PlatformOperator) gave user bob admin power',
    severity: 'critical',
    stage: 'production',
    account: '111122223333',
    accountName: 'shop-prod',
    environment: 'production',
    region: 'us-east-1',
    actor: {
      id: 'arn:aws:iam::111122223333:role/PlatformOperator',
      kind: 'role',
      name: 'omar@example.com (role PlatformOperator)',
      account: '111122223333',
      session: 'omar@example.com',
      human: true,
      mfa: 'unknown',
      accessKeyId: KEY,
    },
    action: { source: 'iam.amazonaws.com', name: 'AttachUserPolicy', error: null },
    from: { address: '203.0.113.57', userAgent: 'aws-cli/2.23.6' },
    mainResource: { type: 'AwsIamUser', name: 'bob' },
    resources: [
      { type: 'AwsIamAccessKey', name: KEY },
      { type: 'AwsIamUser', name: 'bob' },
    ],
    group: { account: '111122223333', actor: 'arn:aws:iam::111122223333:role/PlatformOperator', resource: 'bob' },
    eventIds: [EVENT_ID, '2cff3c91-4482-46dd-805b-5d297d82353b'],
    count: 2,
    countExact: true,
    firstSeen: '2026-03-03T02:19:02Z',
    lastSeen: '2026-03-03T02:21:10Z',
    continues: null,
    expiredExceptions: [],
    lineage: null,
    why: 'Whoever is an administrator can undo every\nother protection.',
    runbook: ['Ask omar@example.com whether this was theirs.', 'If not, detach the policy.'],
    falsepositives: ['An announced break-glass user.'],
    references: ['https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html'],
    tags: ['attack.privilege-escalation', 'attack.persistence', 'attack.t1098.003', 'attack.t1078'],
    compliance: ['cis-aws-5.0:4.4', 'pci-dss-4.0.1:10.2.1.5'],
    author: 'privwatch',
    license: 'Apache-2.0',
    ...more,
  };
}

export function noticeWith(more: Partial<Notice> = {}, finding: Partial<Finding> = {}): Notice {
  return {
    kind: 'created',
    finding: findingWith(finding),
    supersededBy: null,
    updatedAt: '2026-03-03T02:22:00.123Z',
    notificationId: '0123456789abcdef0123456789abcdef',
    drill: false,
    ...more,
  };
}

/** Everything a notice can become, by name. */
export const renderings: Record<string, (notice: Notice, setting: Setting) => unknown> = {
  asff: asffOf,
  ocsf: ocsfOf,
  chat: chatOf,
  text: textOf,
  subject: subjectOf,
  event: eventBridgeDetailOf,
};

/** Control, formatting and bidirectional characters, separators of lines, halves of characters. */
export const RAW = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Every text in a value, names of fields included. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)]);
}

/** What somebody may write who wants more than to be read. */
export const HOSTILE = [
  '<!channel> <!here|here> <@U024BE7LH> <#C024BE7LR>',
  '@here @channel @everyone <at>everyone</at>',
  '&lt;!channel&gt; &#60;!channel&#62;',
  '<https://evil.example/|Sign in to the console>',
  '[Sign in](https://evil.example/) ![](http://evil.example/p.png)',
  'https://evil.example www.evil.example mailto:a@evil.example',
  '`whoami` ``` *bold* _italic_ ~struck~ :skull: > quote',
  '\r\nBcc: mallory@evil.example\r\n\r\n',
  '\u001b[2J\u001b]0;owned\u0007\u009b31m',
  '\u202Egnp.exe\u2066\u200B\u2028\u2029\u{E0041}',
  '\uD800 \uDFFF',
  '\0',
  '   ',
  '\u00A0\u3000',
  '\u{1F600}'.repeat(300),
  '\u8D85'.repeat(1500),
  '"\\'.repeat(800),
];

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 1 }).map((units) => String.fromCharCode(...units)),
);
const maybe = fc.option(text);
const texts = (maxLength: number) => fc.array(text, { maxLength });
const time = fc.option(
  fc
    .integer({ min: 0, max: 4_102_444_800_000 })
    .map((milliseconds) => new Date(milliseconds).toISOString().replace('.000Z', 'Z')),
);
const id = fc.stringMatching(/^[0-9a-f]{32}$/);

const lineage: fc.Arbitrary<Finding['lineage']> = fc.option(
  fc.record({
    root: fc.record({
      ...{ id: text, kind: fc.constantFrom('iam-user', 'role', 'service'), name: text, account: maybe },
      human: fc.constantFrom(true, false, 'unknown' as const),
    }),
    hops: fc.array(
      fc.record({ action: fc.constantFrom(...MINT_ACTIONS), by: text, account: maybe, accessKeyId: text, time }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
);

const finding: fc.Arbitrary<Finding> = fc.record({
  id,
  thread: id,
  detectorId: text,
  detectorTitle: text,
  title: text.map((title) => title.slice(0, 256)),
  severity: fc.constantFrom(...LEVELS),
  stage: fc.constantFrom('staging', 'production'),
  account: fc.oneof(maybe, fc.constant('111122223333')),
  accountName: maybe,
  environment: maybe,
  region: fc.oneof(maybe, fc.constant('us-east-1')),
  actor: fc.record({
    id: text,
    kind: fc.constantFrom('root', 'iam-user', 'role', 'service', 'unknown'),
    name: text,
    account: maybe,
    session: maybe,
    human: fc.constantFrom(true, false, 'unknown' as const),
    mfa: fc.constantFrom('present', 'absent', 'unknown'),
    accessKeyId: maybe,
  }),
  action: fc.record({ source: fc.oneof(text, fc.constant('iam.amazonaws.com')), name: text, error: maybe }),
  from: fc.record({ address: fc.oneof(maybe, fc.ipV4(), fc.ipV6()), userAgent: maybe }),
  mainResource: fc.option(
    fc.record({ type: fc.oneof(text, fc.constantFrom('AwsAccount', 'AwsIamAccessKey', 'AwsS3Bucket')), name: text }),
  ),
  resources: fc.array(
    fc.record({ type: fc.oneof(text, fc.constantFrom('AwsAccount', 'AwsIamAccessKey', 'AwsS3Bucket')), name: text }),
    { maxLength: 40 },
  ),
  group: fc.dictionary(text, text, { maxKeys: 5 }),
  eventIds: fc.array(fc.oneof(text, fc.uuid()), { minLength: 1, maxLength: 8 }),
  count: fc.integer({ min: 1 }),
  countExact: fc.boolean(),
  incomplete: fc.constantFrom(true as const, undefined),
  lineage,
  firstSeen: time,
  lastSeen: time,
  continues: maybe,
  expiredExceptions: texts(5),
  why: text,
  runbook: texts(10),
  falsepositives: texts(10),
  references: fc.array(fc.oneof(text, fc.webUrl({ withQueryParameters: true })), { maxLength: 8 }),
  tags: fc.array(fc.oneof(text, fc.constantFrom('attack.impact', 'attack.credential_access', 'attack.t1110.003'))),
  compliance: texts(20),
  author: maybe,
  license: maybe,
});

/** Notices that the schema of findings allows, with anything at all in their texts. */
export const anyNotice: fc.Arbitrary<Notice> = fc.record({
  kind: fc.constantFrom('created', 'raised', 'revised', 'superseded', 'withdrawn'),
  finding,
  supersededBy: fc.option(id),
  updatedAt: time.map((updated) => updated ?? '2026-03-03T02:22:00Z'),
  notificationId: fc.option(id),
  drill: fc.boolean(),
});
