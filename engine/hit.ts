import { createHash } from 'node:crypto';
import { JSONPath } from 'jsonpath-plus';
import { stringify } from 'safe-stable-stringify';
import {
  actorOf,
  grantedBy,
  grantText,
  isHuman,
  mfaOf,
  outcomeOf,
  sourceIdentityOf,
  type Actor,
  type Context,
} from '../events/derived';
import type { Event } from '../events/event';
import { at, text, type Json } from '../events/json';
import { Memo } from '../events/memo';
import { redactEvent } from '../events/redact';
import { View, type FieldValues } from './fields';
import type { Content, FindingActor, Resource } from './finding';
import type { Level } from './level';
import type { Correlation } from './correlation';
import type { Detector } from './detector';
import { levelOf, type Match } from './match';
import type { Ruleset } from './ruleset';
import type { Rule } from './rule';
import { shared } from './shared';
import { renderTemplate } from './template';
import { cap, capBytes } from './text';

/**
 * A match as correlation remembers it: small, without secrets, and complete without the event. Never written to: hits
 * share whatever recurs from one to the next.
 */
export interface Hit {
  /** Detector and group: all hits that may be one finding. */
  partition: string;
  /** What tells the hit from others of its partition: the event's key and, in a correlation, the input it is a hit of. */
  id: string;
  detectorId: string;
  group: Record<string, string>;
  /** The event's; where that holds a secret, a hash. */
  key: string;
  eventId: string;
  /** Milliseconds since the epoch; undefined if the event has no usable time. */
  time: number | undefined;
  revision: string;
  level: Level;
  resources: Resource[];
  /** Titles of exceptions that have expired. */
  expired: string[];
  /** What is to be said of just-in-time grants. */
  approvals?: string[] | undefined;
  content: Content;
  /** In a correlation: the place of the rule among its inputs. */
  input?: number | undefined;
  /** In a correlation: text of the counted field. */
  value?: string | undefined;
  /** In a correlation: the fields that it offers to those it is an input of, which are its group and what they ask for. */
  carried?: Record<string, string> | undefined;
}

/** Where hits are kept that may be one finding. */
export type Place = Pick<Hit, 'partition' | 'detectorId' | 'group'>;

/** A hit, and the detector that it is a hit of. */
export interface Placed {
  detector: Rule | Correlation;
  hit: Hit;
}

/** Event content is attacker-chosen: nothing of it is kept or shown at any length, and what is stored has a size. */
const MAX_TEXT_BYTES = 256;
const MAX_TITLE = 256;
const MAX_TITLE_BYTES = 512;
const MAX_TITLE_VALUE = 128;
const MAX_RESOURCES = 10;
const MAX_DISTINCT_PREFIX_BYTES = 200;

/** A text of an event as far as it is kept. */
function kept(value: string): string {
  return capBytes(value, MAX_TEXT_BYTES);
}

/** A text short enough to be kept that still differs from any other: of a long one, the beginning and a hash. */
function distinct(value: string): string {
  return kept(value) === value ? value : `${capBytes(value, MAX_DISTINCT_PREFIX_BYTES)} ${shortHash(value)}`;
}

/** Hexadecimal, 32 characters, of any JSON value. */
export function shortHash(value: Json): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}

/** What became of a match: `hits + without group + untimed` is one for the rule and one for each correlation it feeds. */
export interface Hits {
  placed: Placed[];
  /** Left out of a correlation: a field of its group is missing, or has several values. */
  withoutGroup: number;
  /** Left out of a correlation: the event has no usable time. */
  untimed: number;
}

/** What all hits of one match have in common, read from an event without secrets. */
interface Sight {
  view: View;
  actor: Actor;
  resources: Resource[];
  expired: string[];
  approvals: string[] | undefined;
  /** Without the title, which is the detector's. */
  content: Omit<Content, 'title'>;
  eventId: string;
  key: string;
}

/**
 * The hits of a match: the rule's own, unless a correlation silences it, and one for each correlation that counts the rule.
 * Secrets are redacted before anything is read.
 *
 * @param apart added to every group: hits with it and without it never meet
 */
export function makeHits(match: Match, ruleset: Ruleset, apart?: Record<string, string>): Hits {
  const { rule, event, level } = match;
  const sight = sightOf(match, ruleset);
  const { view, key } = sight;
  const result: Hits = { placed: [], withoutGroup: 0, untimed: 0 };
  if (!rule.silenced) {
    const group = { ...groupOf(rule, sight), ...apart };
    const hit = hitOf(rule, group, sight, ruleset, { id: key, level });
    result.placed.push({ detector: rule, hit });
  }
  for (const { correlation, input } of rule.feeds) {
    const own = correlationGroup(correlation, input, view);
    const group = own && { ...own, ...apart };
    if (event.time === undefined) result.untimed++;
    else if (!group) result.withoutGroup++;
    else {
      const hit = hitOf(correlation, group, sight, ruleset, {
        id: `${input} ${key}`,
        level: levelOf(correlation, view),
        input,
        value: valueOf(correlation, input, view),
        carried: shared({ ...group, ...carriedOf(correlation, view) }),
      });
      result.placed.push({ detector: correlation, hit });
    }
  }
  return result;
}

function sightOf({ rule, event, expired }: Match, { fields, context }: Ruleset): Sight {
  const clean = redactEvent(event);
  const actor = actorOf(clean);
  return {
    view: new View(clean, fields, context),
    actor,
    resources: shared(resourcesOf(rule, clean)),
    expired: shared(expired.map(({ title }) => title)),
    approvals: approvalsOf(clean, context),
    content: {
      actor: shared(findingActor(clean, actor, context)),
      account: maybe(clean.account),
      region: maybe(clean.region),
      action: shared(actionOf(clean)),
      from: shared(originOf(clean)),
    },
    eventId: kept(clean.id),
    key: clean.key === event.key ? distinct(event.key) : shortHash(event.key),
  };
}

/** Every member is named, since objects that are put together from others by spreading cost ten times the time and room. */
function hitOf(
  detector: Detector,
  group: Record<string, string>,
  { view, resources, expired, approvals, content, eventId, key }: Sight,
  { fields, context }: Ruleset,
  own: Pick<Hit, 'id' | 'level' | 'input' | 'value' | 'carried'>,
): Hit {
  const place = placeIn(detector, group);
  const fieldText = (name: string): string => {
    const { texts, objects } = view.field(fields.slot(name));
    return objects.length > 0 ? '' : [...new Set(texts)].slice(0, 5).join(', ');
  };
  return {
    partition: place.partition,
    id: own.id,
    detectorId: place.detectorId,
    group: place.group,
    key,
    eventId,
    time: view.event.time,
    revision: view.event.revision,
    level: own.level,
    resources,
    expired,
    approvals,
    content: {
      title: shared(titleOf(detector, content, resources, context, fieldText)),
      actor: content.actor,
      account: content.account,
      region: content.region,
      action: content.action,
      from: content.from,
    },
    input: own.input,
    value: own.value,
    carried: own.carried,
  };
}

function approvalsOf(event: Event, context: Context): string[] | undefined {
  const said = grantText(grantedBy(event, context));
  return said === undefined ? undefined : shared([kept(said)]);
}

const places = new Memo<Place>();

/** The partition of a group, and the group as it is shown. */
export function placeIn({ id, meaning }: Detector, group: Record<string, string>): Place {
  const names = [id, ...Object.entries(group).flat()];
  const json = JSON.stringify([meaning, ...names]);
  return (
    places.get(json) ??
    places.set(json, {
      partition: `${shortHash(names)}@${meaning}`,
      detectorId: id,
      group: Object.fromEntries(Object.entries(group).map(([name, value]) => [name, kept(value)])),
    })
  );
}

/** What a detector and a group are known by outside the store, also after the detector's meaning has changed. */
export function threadOf(partition: string): string {
  return partition.split('@')[0]!;
}

/** Undefined if a value is missing, null, an object or several: all strangers would share one group. */
function correlationGroup({ group }: Correlation, input: number, view: View): Record<string, string> | undefined {
  const values = group.map(({ name, slots }) => [name, distinctSingle(view.field(slots[input]!))] as const);
  if (values.some(([, value]) => value === undefined)) return undefined;
  return Object.fromEntries(values) as Record<string, string>;
}

function valueOf({ values }: Correlation, input: number, view: View): string | undefined {
  return tupleOf(values.map(({ slots }) => distinctSingle(view.field(slots[input]!))));
}

/** The text of the counted field; of several fields, of the tuple. Undefined if one is missing. */
export function tupleOf(values: (string | undefined)[]): string | undefined {
  if (values.includes(undefined)) return undefined;
  return values.length > 1 ? JSON.stringify(values) : values[0];
}

function carriedOf({ carries }: Correlation, view: View): Record<string, string> {
  const values = carries.map(({ name, slot }) => [name, distinctSingle(view.field(slot))] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Record<string, string>;
}

function maybe(value: string | undefined): string | null {
  return value === undefined ? null : kept(value);
}

function originOf({ record }: Event): Content['from'] {
  const address =
    text(record, 'sourceIPAddress') ??
    text(record, 'service', 'action', 'awsApiCallAction', 'remoteIpDetails', 'ipAddressV4');
  return { address: maybe(address), userAgent: maybe(text(record, 'userAgent')) };
}

function findingActor(event: Event, actor: Actor, context: Context): FindingActor {
  const key =
    text(event.record, 'userIdentity', 'accessKeyId') ??
    text(event.record, 'resource', 'accessKeyDetails', 'accessKeyId');
  const sourceIdentity = sourceIdentityOf(event);
  return {
    id: kept(actor.id),
    kind: actor.kind,
    name: kept(actor.name),
    account: maybe(actor.account),
    session: maybe(actor.session),
    human: isHuman(event, context),
    mfa: mfaOf(event),
    accessKeyId: maybe(key),
    sourceIdentity: sourceIdentity && kept(sourceIdentity),
  };
}

/** A failed sign-in may say so in its answer only. */
function failureIn(event: Event): string | undefined {
  return outcomeOf(event) === 'success' ? undefined : 'Failure';
}

function actionOf(event: Event): Content['action'] {
  const { logsource, record } = event;
  if (logsource.service === 'guardduty')
    return { source: 'guardduty', name: kept(text(record, 'type') ?? ''), error: null };
  const name = text(record, 'eventName') ?? text(record, 'configRuleName') ?? text(record, 'resourceType') ?? '';
  return {
    source: kept(text(record, 'eventSource') ?? logsource.service),
    name: kept(name),
    error: maybe(text(record, 'errorCode') ?? text(record, 'errorMessage') ?? failureIn(event)),
  };
}

/** In the order of the detector, the main one first; where it names none, those that the record itself lists. */
function resourcesOf(rule: Rule, event: Event): Resource[] {
  const found: Resource[] = [];
  for (const { type, path } of rule.resources) {
    const values = JSONPath<unknown>({ path, json: event.record, wrap: true, eval: false });
    for (const value of Array.isArray(values) ? (values as unknown[]).flat(4) : []) {
      if ((typeof value === 'string' && value !== '') || typeof value === 'number')
        found.push({ type, name: kept(String(value)) });
    }
  }
  const listed = at(event.record, 'resources');
  if (rule.resources.length === 0 && Array.isArray(listed)) {
    for (const resource of listed) {
      const name = text(resource, 'ARN') ?? text(resource, 'arn');
      if (name !== undefined) found.push({ type: 'Other', name: kept(name) });
    }
  }
  const once = new Map(found.map((resource) => [`${resource.type} ${resource.name}`, resource]));
  return [...once.values()].slice(0, MAX_RESOURCES);
}

/** A plain rule never drops a hit: where a group value is missing, the event's key stands in for it. */
function groupOf(rule: Rule, { view, actor, resources, key }: Sight): Record<string, string> {
  if (!rule.group) {
    // No resource is no stranger: a denied call has no parameters, and a row of them by one actor is one thing.
    return {
      account: view.event.account ?? key,
      actor: actor.id === 'unknown' ? key : actor.id,
      resource: resources[0]?.name ?? '',
    };
  }
  return Object.fromEntries(rule.group.map(({ name, slot }) => [name, single(view.field(slot)) ?? key]));
}

/** The one value of a field, numbers by their text; undefined for none, several, null or an object. */
function single({ scalars, objects }: FieldValues): string | undefined {
  const [value] = scalars;
  return scalars.length === 1 && objects.length === 0 && value !== null && value !== undefined
    ? String(value)
    : undefined;
}

function distinctSingle(values: FieldValues): string | undefined {
  const value = single(values);
  return value === undefined ? undefined : distinct(value);
}

/** @param fieldText what the event says under the name of a field; nothing if it says nothing that can be shown */
export function titleOf(
  detector: Detector,
  { actor, account, region }: Pick<Content, 'actor' | 'account' | 'region'>,
  resources: Resource[],
  context: Context,
  fieldText: (name: string) => string,
): string {
  const title = renderTemplate(detector.findingTitle, (name) => {
    if (name === 'actor') return cap(actor.name, MAX_TITLE_VALUE);
    if (name === 'account') return accountName(account ?? undefined, context);
    if (name === 'region') return cap(region ?? 'an unknown Region', MAX_TITLE_VALUE);
    if (name === 'resource') return cap(resources[0]?.name ?? UNKNOWN, MAX_TITLE_VALUE);
    return cap(fieldText(name).trim() || UNKNOWN, MAX_TITLE_VALUE);
  });
  return capBytes(cap(title.replace(/\s+/g, ' ').trim(), MAX_TITLE), MAX_TITLE_BYTES);
}

/** What a title says where an event has no such value. */
const UNKNOWN = 'something unknown';

/** `shop (111122223333)`, where the configuration names the account. */
export function accountName(id: string | undefined, context: Context): string {
  if (id === undefined) return 'an unknown account';
  const name = context.account(id)?.name;
  return name === undefined ? cap(id, 64) : `${name} (${id})`;
}

/** Whether two hits say the same, however their members are ordered: then they are one hit that came twice. */
export function isSame(a: Hit, b: Hit): boolean {
  return a === b || stringify(a) === stringify(b);
}

/** Of two hits under one key, which one counts: that of the greater revision, then that of the smaller JSON text. */
export function isBetter(candidate: Hit, known: Hit): boolean {
  if (candidate.revision !== known.revision) return candidate.revision > known.revision;
  return stringify(candidate) < stringify(known);
}

/** By time, then key, then id: the order of everything that speaks of "first". */
export function byTime(a: Hit, b: Hit): number {
  return (a.time ?? 0) - (b.time ?? 0) || compareTexts(a.key, b.key) || compareTexts(a.id, b.id);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
