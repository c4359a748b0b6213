import type { Finding } from '../../engine/finding';
import { chatOf } from '../../findings/chat';
import { DETAIL_TYPE, eventBridgeDetailOf } from '../../findings/event';
import { sourceKind } from '../../findings/facts';
import type { Notice } from '../../findings/notice';
import { subjectOf, textOf } from '../../findings/text';
import { findingWith, noticeWith, setting } from './support';

test('a finding as text', () => {
  expect(textOf(noticeWith(), setting))
    .toBe(`CRITICAL  omar@example.com (role PlatformOperator) gave user bob admin power

Who           omar@example.com (role PlatformOperator) · arn:aws:iam::111122223333:role/PlatformOperator · role
Person        omar@example.com
MFA           unknown
Key           AKIAEXAMPLECIPUSH001
What          AttachUserPolicy · iam.amazonaws.com
Resources     AwsIamAccessKey AKIAEXAMPLECIPUSH001 · AwsIamUser bob
Account       shop-prod · 111122223333 · production
Region        us-east-1
From          203.0.113.57 · public address · aws-cli/2.23.6
When          2026-03-03T02:19:02Z to 2026-03-03T02:21:10Z · 2 events

Why it matters
  Whoever is an administrator can undo every other protection.

What to do next
  1. Ask omar@example.com whether this was theirs.
  2. If not, detach the policy.

It may be harmless if it is
  1. An announced break-glass user.

Look at it
  signed in to account 111122223333:
  https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/7412e56c-0bf2-42e4-aade-9ad9f37e8202
  https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/2cff3c91-4482-46dd-805b-5d297d82353b
  the detector: https://docs.example.org/detectors#6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11
  read more: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html

Evidence
  7412e56c-0bf2-42e4-aade-9ad9f37e8202
  2cff3c91-4482-46dd-805b-5d297d82353b

finding       88ee924bf51509ce31d2393132d9402c
thread        ee2d3a42bdb31fa0fec5c480af867e1c
notification  0123456789abcdef0123456789abcdef
detector      6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11
rule          Administrator power granted to an IAM user, by privwatch (Apache-2.0)
compliance    cis-aws-5.0:4.4, pci-dss-4.0.1:10.2.1.5
tags          attack.privilege-escalation, attack.persistence, attack.t1098.003, attack.t1078
`);
});

test.each([
  [{}, {}, 'CRITICAL: omar@example.com (role PlatformOperator) gave user bob admin power (shop-prod)'],
  [{ drill: true }, { title: 'x' }, 'DRILL CRITICAL: x (shop-prod)'],
  [{ kind: 'raised' }, { title: 'x', severity: 'high' }, 'RAISED HIGH: x (shop-prod)'],
  [{}, { title: 'x', stage: 'staging', accountName: null }, 'STAGING CRITICAL: x (111122223333)'],
  [
    {},
    { title: 'Zoë took 鍵\r\nBcc: a@b', account: null, accountName: null },
    'CRITICAL: Zoe took ?\\u{d}\\u{a}Bcc: a@b',
  ],
  [{}, { title: 'see https://evil.example' }, 'CRITICAL: see https[:]//evil.example (shop-prod)'],
  [
    {},
    { title: 'x'.repeat(256), accountName: 'y'.repeat(64) },
    `CRITICAL: ${'x'.repeat(53)}... (${'y'.repeat(27)}...)`,
  ],
] as const)('a subject %#', (notice, finding, subject) => {
  expect(subjectOf(noticeWith(notice, finding))).toBe(subject);
});

test.each<[Partial<Notice>, Partial<Finding>, RegExp]>([
  [{ drill: true }, {}, /^DRILL: made by a drill/m],
  [{}, { stage: 'staging' }, /^STAGING: its detector is on trial/m],
  [{ kind: 'raised' }, {}, /^RAISED: its severity is now critical\.$/m],
  [{ kind: 'superseded', supersededBy: 'abc' }, {}, /^SUPERSEDED: .* it goes on under the id `?abc`?\.$/m],
  [{ kind: 'withdrawn' }, {}, /^WITHDRAWN: /m],
  [{}, { expiredExceptions: ['Trusted pipeline'] }, /Exceptions.* `?Trusted pipeline \(expired\)`?$/m],
  [{}, { count: 100, countExact: false }, /at least 100 events$/m],
  [{}, { firstSeen: null, lastSeen: null, count: 1 }, /at an unknown time · 1 event$/m],
])('what people are told %#', (notice, finding, line) => {
  const whole = noticeWith(notice, finding);
  expect(textOf(whole, setting)).toMatch(line);
  expect(chatOf(whole, setting).content.description).toMatch(line);
});

test('a finding for a chat', () => {
  const { content, ...rest } = chatOf(noticeWith({ drill: true }), setting);
  expect(rest).toEqual({
    version: '1.0',
    source: 'custom',
    id: '0123456789abcdef0123456789abcdef',
    metadata: {
      threadId: 'ee2d3a42bdb31fa0fec5c480af867e1c',
      summary: 'CRITICAL: DRILL: omar@example.com (role PlatformOperator) gave user bob admin power',
      eventType: 'privwatch finding',
      additionalContext: {
        findingId: '88ee924bf51509ce31d2393132d9402c',
        detectorId: '6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
        kind: 'created',
        severity: 'critical',
        stage: 'production',
        drill: 'true',
        account: '111122223333',
        region: 'us-east-1',
      },
    },
  });
  expect(content.nextSteps).toEqual(findingWith().runbook);
  expect(content.keywords).toEqual(['critical', 'DRILL', 'shop-prod']);
  expect(content.description.split('\n').slice(0, 4)).toEqual([
    'DRILL: made by a drill of the pipeline; nobody did this.',
    '*Look at it:* https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/7412e56c-0bf2-42e4-aade-9ad9f37e8202',
    '*Detector:* https://docs.example.org/detectors#6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
    '*Who:* `omar@example.com (role PlatformOperator)` · `arn:aws:iam::111122223333:role/PlatformOperator` · role',
  ]);
});

test.each([
  ['<!channel> now', '‹!channel› now'],
  ['@here and a@b.example', '＠here and a@b.example'],
  ['[x](https://evil.example)', '［x］(https［:］//evil.example)'],
  ['*b* _i_ ~s~ `c` snake_case_name', "∗b∗ ＿i＿ ∼s∼ 'c' snake_case_name"],
  ['&lt;!here&gt; A&B', '＆lt;!here＆gt; A&B'],
  [':skull: at 02:19:02Z', '：skull: at 02:19:02Z'],
  ['a\u202Eb', 'a＼u{202e}b'],
])('markup in a title: %s', (title, seen) => {
  expect(chatOf(noticeWith({}, { title }), setting).content.title).toBe(`CRITICAL: ${seen}`);
});

test('the same finding has the same thread, whatever is told of it', () => {
  const threads = (['created', 'raised', 'revised', 'withdrawn'] as const).map(
    (kind) => chatOf(noticeWith({ kind, notificationId: null }), setting).metadata.threadId,
  );
  expect(new Set(threads).size).toBe(1);
});

test('a finding for automation is the finding', () => {
  const notice = noticeWith();
  expect(DETAIL_TYPE).toBe('privwatch finding');
  expect(eventBridgeDetailOf(notice)).toEqual({
    ...{ version: 1, trimmed: false, ...notice },
    finding: { ...notice.finding, why: 'Whoever is an administrator can undo every other protection.' },
  });
  const drill = eventBridgeDetailOf(noticeWith({ drill: true }));
  expect(drill).toMatchObject({ drill: true, finding: { title: `DRILL: ${notice.finding.title}` } });
});

test('what is too large for an event is cut, and says so', () => {
  const detail = eventBridgeDetailOf(noticeWith({}, { eventIds: Array<string>(100).fill('超'.repeat(5000)) }));
  expect(detail.trimmed).toBe(true);
  expect(detail.finding.eventIds[0]).toMatch(/^超+…$/);
});

test.each([
  ['203.0.113.57', 'public address'],
  ['2001:db8::1', 'public address'],
  ['10.1.2.3', 'private address'],
  ['fd00::1', 'private address'],
  ['cloudformation.amazonaws.com', 'an AWS service'],
  ['AWS Internal', 'an AWS service'],
  ['evil.example', null],
  [null, null],
])('the kind of source of %s is %s', (address, kind) => {
  expect(sourceKind(address)).toBe(kind);
});
