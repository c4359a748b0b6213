import type { Finding } from '../../../engine/finding';
import type { Notice, Setting } from '../../../findings/notice';

export const SETTING: Setting = { partition: 'aws', account: '111122223333', region: 'eu-central-1', docs: '' };

const FINDING: Finding = {
  ...{ id: 'f1', thread: 't1', detectorId: 'd1', detectorTitle: 'Root signed in', title: 'Root signed in to shop' },
  ...{ severity: 'high', stage: 'production', account: '123456789012', accountName: 'shop', environment: 'prod' },
  region: 'us-east-1',
  actor: {
    ...{ id: 'root@123456789012', kind: 'root', name: 'root', account: '123456789012', session: null },
    ...{ human: true, mfa: 'absent', accessKeyId: null },
  },
  action: { source: 'signin.amazonaws.com', name: 'ConsoleLogin', error: null },
  from: { address: '192.0.2.7', userAgent: 'Mozilla/5.0' },
  mainResource: { type: 'AwsAccount', name: '123456789012' },
  resources: [{ type: 'AwsAccount', name: '123456789012' }],
  ...{ group: { account: '123456789012' }, eventIds: ['e1'], count: 1, countExact: true },
  ...{
    firstSeen: '2026-05-01T10:00:00Z',
    lastSeen: '2026-05-01T10:00:00Z',
    continues: null,
    expiredExceptions: [],
    lineage: null,
  },
  ...{ why: 'Root can do everything.', runbook: ['Ask the owner.'], falsepositives: [], references: [], tags: [] },
  ...{ compliance: [], author: null, license: null },
};

/** A notice that pages, of a finding that may differ in some members. */
export function noticeOf(finding: Partial<Finding> = {}, notice: Partial<Omit<Notice, 'finding'>> = {}): Notice {
  const full = { ...FINDING, ...finding };
  return {
    ...{ kind: 'created', supersededBy: null, updatedAt: '2026-05-01T10:00:05.000Z', drill: false },
    notificationId: `n-${full.id}`,
    ...notice,
    finding: full,
  };
}
