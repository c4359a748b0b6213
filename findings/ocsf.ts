import { isIP } from 'node:net';
import { rank } from '../engine/level';
import type { Finding } from '../engine/finding';
import { tacticsOf, techniquesOf } from './attack';
import { markedTitle, sourceKind } from './facts';
import { detectorLink, evidenceLink, referencesOf, regionOf } from './links';
import type { Notice, Setting } from './notice';
import { cut, fitted, hasInk, oneLine, shown } from './trim';

/** Of the schema at schema.ocsf.io. Names and numbers below are those of its class Detection Finding. */
const OCSF_VERSION = '1.5.0';
const CLASS = { category_uid: 2, category_name: 'Findings', class_uid: 2004, class_name: 'Detection Finding' };
const ACTIVITIES = {
  created: { id: 1, name: 'Create' },
  raised: { id: 2, name: 'Update' },
  revised: { id: 2, name: 'Update' },
  superseded: { id: 3, name: 'Close' },
  withdrawn: { id: 3, name: 'Close' },
};
const AWS_ACCOUNT = { type: 'AWS Account', type_id: 10 };
const RULE = { type: 'Rule', type_id: 1 };

const MAX_TITLE = 256;
const MAX_PROSE = 4096;

/**
 * A finding as a Detection Finding of the Open Cybersecurity Schema Framework, with the cloud profile. Times are
 * milliseconds since the epoch. What the class has no attribute for is under `unmapped`. At most 240 KB as JSON.
 */
export function ocsfOf(notice: Notice, setting: Setting): object {
  const { finding, kind, updatedAt } = notice;
  const activity = ACTIVITIES[kind];
  const updated = Date.parse(updatedAt);
  const event = tidy({
    ...CLASS,
    activity_id: activity.id,
    activity_name: activity.name,
    type_uid: CLASS.class_uid * 100 + activity.id,
    type_name: `${CLASS.class_name}: ${activity.name}`,
    severity_id: rank(finding.severity) + 1,
    severity: capitalized(finding.severity),
    ...statusOf(notice),
    time: updated,
    start_time: timeOf(finding.firstSeen),
    end_time: timeOf(finding.lastSeen),
    count: finding.count,
    is_alert: notice.notificationId !== null,
    message: shown(markedTitle(notice), MAX_TITLE),
    metadata: {
      version: OCSF_VERSION,
      profiles: ['cloud'],
      product: { name: 'privwatch', vendor_name: 'privwatch' },
      uid: `${finding.id} ${updatedAt}`,
      correlation_uid: finding.thread,
      original_time: updatedAt,
    },
    cloud: {
      provider: 'AWS',
      cloud_partition: setting.partition,
      region: regionOf(finding),
      account: finding.account === null ? null : { uid: finding.account, name: finding.accountName, ...AWS_ACCOUNT },
    },
    finding_info: findingInfoOf(notice, setting),
    evidences: [evidenceOf(finding)],
    resources: resourcesOf(finding, setting),
    remediation: remediationOf(finding),
    unmapped: unmappedOf(notice),
  });
  return fitted((length) => cut(event, length)).value as object;
}

/** Only what is certain: what becomes of a finding between is up to those who work on it. */
function statusOf({ kind }: Notice): object {
  if (kind === 'created') return { status_id: 1, status: 'New' };
  if (kind === 'superseded' || kind === 'withdrawn') return { status_id: 5, status: 'Archived' };
  return {};
}

function findingInfoOf(notice: Notice, setting: Setting): object {
  const { finding, updatedAt } = notice;
  return {
    uid: finding.id,
    title: shown(markedTitle(notice), MAX_TITLE),
    desc: oneLine(finding.why, MAX_PROSE),
    created_time: timeOf(finding.firstSeen) ?? Date.parse(updatedAt),
    modified_time: Date.parse(updatedAt),
    first_seen_time: timeOf(finding.firstSeen),
    last_seen_time: timeOf(finding.lastSeen),
    analytic: { uid: finding.detectorId, name: finding.detectorTitle, ...RULE },
    attacks: [
      ...tacticsOf(finding.tags).map(({ id, name }) => ({ tactic: { uid: id, name } })),
      ...techniquesOf(finding.tags).map(techniqueOf),
    ],
    related_events: finding.eventIds.map((id) => ({ uid: id })),
    related_events_count: finding.count,
    src_url: evidenceLink(finding.eventIds[0] ?? '', finding, setting) ?? detectorLink(finding, setting),
  };
}

/** @param technique e.g. `T1098.003` */
function techniqueOf(technique: string): object {
  const [parent] = technique.split('.');
  return { technique: { uid: parent }, sub_technique: parent === technique ? null : { uid: technique } };
}

function evidenceOf({ actor, action, from }: Finding): object {
  const service = from.address !== null && sourceKind(from.address) === 'an AWS service';
  return {
    actor: {
      user: {
        uid: actor.id,
        name: actor.name,
        type: actor.kind,
        type_id: USER_TYPES[actor.kind] ?? 99,
        account: actor.account === null ? null : { uid: actor.account, ...AWS_ACCOUNT },
        credential_uid: actor.accessKeyId,
      },
      session: {
        uid: actor.session,
        is_mfa: actor.mfa === 'unknown' ? null : actor.mfa === 'present',
      },
    },
    api: {
      operation: hasInk(action.name) ? action.name : 'unknown',
      service: { name: action.source },
      response: action.error === null ? null : { error: action.error },
    },
    src_endpoint: from.address === null ? null : addressOf(from.address, service),
    http_request: { user_agent: from.userAgent },
  };
}

/** `type_id` of a user: User, Admin, Service; all others are Other. */
const USER_TYPES: Record<string, number> = {
  'iam-user': 1,
  'identity-center-user': 1,
  root: 2,
  'assumed-root': 2,
  service: 4,
  unknown: 0,
};

function addressOf(address: string, service: boolean): object {
  if (isIP(address) !== 0) return { ip: address };
  return service ? { svc_name: address } : { name: address };
}

function resourcesOf(finding: Finding, { partition }: Setting): object[] {
  return finding.resources.map(({ type, name }) => ({
    uid: name,
    type,
    region: regionOf(finding),
    cloud_partition: partition,
  }));
}

function remediationOf(finding: Finding): object | null {
  const steps = finding.runbook.map((step, i) => `${i + 1}. ${oneLine(step)}`);
  if (steps.length === 0) return null;
  return { desc: steps.join(' '), references: referencesOf(finding) };
}

function unmappedOf({ finding, ...notice }: Notice): object {
  return {
    kind: notice.kind,
    drill: notice.drill,
    stage: finding.stage,
    notification_id: notice.notificationId,
    superseded_by: notice.supersededBy,
    continues: finding.continues,
    count_exact: finding.countExact,
    environment: finding.environment,
    human: String(finding.actor.human),
    mfa: finding.actor.mfa,
    on_behalf_of: finding.lineage,
    group: Object.entries(finding.group).map(([name, value]) => ({ name, value })),
    compliance: finding.compliance,
    expired_exceptions: finding.expiredExceptions,
    approvals: finding.approvals ?? [],
    falsepositives: finding.falsepositives.map((cause) => oneLine(cause)),
  };
}

function timeOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}

function capitalized(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

/** What is unknown left out, and so are objects and lists with nothing in them. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(tidy);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, tidy(item)] as const)
    .filter(([, item]) => item !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
