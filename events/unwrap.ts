import { makeEvent, sources, type Event } from './event';
import { MISSED } from './heartbeat';
import { at, isObject, MAX_DEPTH, type Json, type JsonObject } from './json';
import { redactText } from './redact';

/** A record that cannot be read: why, and all of it, so that it can be read again. */
export interface Rejected {
  readonly reason: string;
  readonly record: Json;
}

export interface Unwrapped {
  events: Event[];
  rejected: Rejected[];
}

/** Lists under which a file or an API answer holds its records: CloudTrail, LookupEvents, GetFindings. */
export const LIST_KEYS = ['Records', 'Events', 'Findings', 'records', 'events', 'findings'];

/** A hand-made test event may lack any of these, but not all. */
const ENVELOPE_KEYS = ['detail-type', 'source', 'account', 'region'];

/** What a finding of GuardDuty calls its service. */
const GUARDDUTY = 'guardduty';

/** Envelopes hold records, not envelopes of envelopes. */
const MAX_NESTING = 4;

/**
 * Finds the events in any JSON value that users have: CloudTrail files, arrays, single records, EventBridge envelopes,
 * LookupEvents items (the record is a JSON string), GuardDuty findings in either spelling, Access Analyzer findings,
 * Config changes, Insights. What is none of these becomes a {@link Rejected}; nothing is dropped and nothing throws.
 */
export function unwrap(value: Json, out: Unwrapped, nesting = 0): void {
  if (Array.isArray(value)) {
    if (nesting > MAX_NESTING) return reject(out, 'a list within lists within lists', value);
    for (const member of value) unwrap(member, out, nesting + 1);
    return;
  }
  if (!isObject(value)) return reject(out, `${value === null ? 'null' : `a ${typeof value}`}, not a record`, value);
  if (isTrailRecord(value)) return trailRecord(value, out);
  if (isObject(value['detail']) && ENVELOPE_KEYS.some((key) => key in value)) {
    return envelope(value, value['detail'], out);
  }
  if (typeof value['CloudTrailEvent'] === 'string') return lookupItem(value, value['CloudTrailEvent'], out);
  if (isApiFinding(value) || isEventBridgeFinding(value)) {
    out.events.push(makeEvent(sources.guardduty, camelCase(value)));
    return;
  }
  if (isAnalyzerFinding(value)) {
    out.events.push(makeEvent(sources.accessanalyzer, value));
    return;
  }
  if (isDigest(value)) return;
  if (isSecurityHubFinding(value)) return reject(out, 'a Security Hub finding (ASFF), which is no source', value);
  const lists = LIST_KEYS.map((key) => value[key]).filter((list) => Array.isArray(list));
  if (lists.length > 0 && nesting <= MAX_NESTING) return lists.forEach((list) => unwrap(list, out, nesting + 1));
  const keys = Object.keys(value).slice(0, 5).join(', ');
  reject(
    out,
    `no CloudTrail record, EventBridge event or finding (${keys ? `its keys: ${keys}` : 'it is empty'})`,
    value,
  );
}

function reject(out: Unwrapped, reason: string, record: Json): void {
  // It quotes the record, and unlike the record it is printed as it is.
  const clean = redactText(reason);
  out.rejected.push({ reason: clean.length > 200 ? `${clean.slice(0, 200)}…` : clean, record });
}

/** Any of the three is enough: real records lack one or two of them (service events, Insights). */
function isTrailRecord(value: JsonObject): boolean {
  return (
    typeof value['eventSource'] === 'string' ||
    typeof value['eventName'] === 'string' ||
    (typeof value['eventType'] === 'string' && isObject(value['userIdentity'] ?? value['insightDetails']))
  );
}

function trailRecord(record: JsonObject, out: Unwrapped): void {
  const source = record['eventSource'];
  if (typeof source === 'string' && source.startsWith('aws:')) {
    return reject(out, `a notification from ${source}, not a CloudTrail record`, record);
  }
  const insight = record['eventType'] === 'AwsCloudTrailInsight' || record['eventCategory'] === 'Insight';
  out.events.push(makeEvent(insight ? sources.insight : sources.cloudtrail, record));
}

/** EventBridge: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function envelope(value: JsonObject, detail: JsonObject, out: Unwrapped): void {
  const type = typeof value['detail-type'] === 'string' ? value['detail-type'] : '';
  if (value['source'] === MISSED.source && type === MISSED.detailType) {
    return void out.events.push(makeEvent(sources.privwatch, detail, value));
  }
  if (isTrailRecord(detail)) return trailRecord(detail, out);
  if (type === 'GuardDuty Finding' || isApiFinding(detail) || isEventBridgeFinding(detail)) {
    out.events.push(makeEvent(sources.guardduty, camelCase(detail), value));
  } else if (value['source'] === 'aws.access-analyzer' || isAnalyzerFinding(detail)) {
    out.events.push(makeEvent(sources.accessanalyzer, detail, value));
  } else if (type === 'Config Rules Compliance Change' || type === 'Config Configuration Item Change') {
    out.events.push(makeEvent(sources.config, detail, value));
  } else {
    reject(out, `an EventBridge event of another kind (${type || 'without a detail-type'})`, value);
  }
}

function lookupItem(item: JsonObject, recordText: string, out: Unwrapped): void {
  let record: unknown;
  try {
    record = JSON.parse(recordText);
  } catch {
    return reject(out, 'a LookupEvents item whose CloudTrailEvent is not JSON', item);
  }
  if (isObject(record) && isTrailRecord(record)) return trailRecord(record, out);
  reject(out, 'a LookupEvents item whose CloudTrailEvent is not a CloudTrail record', item);
}

/** GuardDuty, GetFindings. */
function isApiFinding(value: JsonObject): boolean {
  const isGuardDuty = isObject(value['Resource']) || at(value, 'Service', 'ServiceName') === GUARDDUTY;
  return typeof value['Type'] === 'string' && isObject(value['Service']) && isGuardDuty;
}

/** GuardDuty, the detail of its EventBridge event. */
function isEventBridgeFinding(value: JsonObject): boolean {
  const isGuardDuty = isObject(value['resource']) || at(value, 'service', 'serviceName') === GUARDDUTY;
  return typeof value['type'] === 'string' && isObject(value['service']) && isGuardDuty;
}

function isAnalyzerFinding(value: JsonObject): boolean {
  return (
    typeof value['id'] === 'string' &&
    typeof value['resourceType'] === 'string' &&
    typeof value['status'] === 'string' &&
    ('analyzedAt' in value || 'resourceOwnerAccount' in value)
  );
}

/** CloudTrail's digest files lie beside the log files; they hold no event. */
function isDigest(value: JsonObject): boolean {
  return 'digestStartTime' in value && Array.isArray(value['logFiles']);
}

function isSecurityHubFinding(value: JsonObject): boolean {
  return 'ProductArn' in value || typeof at(value, 'detail', 'findings') === 'object';
}

/** `AccountId` -> `accountId`, at every level. EventBridge and the API spell the same finding in two ways. */
function camelCase(finding: JsonObject): JsonObject {
  return typeof finding['Type'] === 'string' ? (camelCaseValue(finding) as JsonObject) : finding;
}

function camelCaseValue(value: Json, depth = 0): Json {
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((member) => camelCaseValue(member, depth + 1));
  const copy = Object.create(null) as JsonObject;
  for (const [key, member] of Object.entries(value)) {
    copy[key.charAt(0).toLowerCase() + key.slice(1)] = camelCaseValue(member, depth + 1);
  }
  return copy;
}
