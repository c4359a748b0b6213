import { DAY_MILLISECONDS } from '../events/time';
import { byTime, shortHash, threadOf, type Hit } from './hit';
import { rank, type Level } from './level';
import type { Lineage } from './lineage';
import type { Content, Resource } from './finding';

export { DAY_MILLISECONDS };

/**
 * A day of event time in UTC, as whole days since the epoch; of an event without a usable time, its key; `ever` for the one
 * head of a first-seen detector's group.
 */
export type Day = number | `undated ${string}` | 'ever';

/** From one time to another, in milliseconds since the epoch, both included; or an event without a time, by its day. */
export type Span = readonly [from: number, to: number] | Exclude<Day, number>;

/** An event of an episode. */
export interface Evidence {
  key: string;
  eventId: string;
  /** Milliseconds since the epoch. */
  time: number | undefined;
}

/** A run of hits of one detector and group with no gap longer than `quiet`, within one day: a finding's substance. */
export interface Episode {
  /** Id of the finding. */
  id: string;
  firstSeen: number | undefined;
  lastSeen: number | undefined;
  severity: Level;
  /** Of events; at least so many, if it is not exact. */
  count: number;
  countExact: boolean;
  /** The first 100, by time and key. */
  evidence: Evidence[];
  /** Sorted. */
  resources: Resource[];
  /** Id of the first hit. */
  firstHit: string;
  /** The main one of the first hit. */
  mainResource: Resource | undefined;
  expired: string[];
  /** What is to be said of just-in-time grants. */
  approvals?: string[];
  /** Not all hits around could be read at once: what they come to may depend on the order in which they came. */
  isCut?: true;
  /** Id of the episode of an earlier day that this one goes on with. */
  continues: string | undefined;
  /** Of the first hit. */
  content: Content;
  /** On whose behalf the first hit was; null if that is not known, undefined where nobody has looked. */
  lineage?: Lineage | null | undefined;
  /** Of a first-seen detector: how long the tuple is remembered for having been seen. */
  rememberedUntil?: number;
  /** Of a first-seen detector: that of the first hit, of which the greater counts. */
  revision?: string;
}

const MAX_EVIDENCE = 100;
const MAX_RESOURCES = 20;
/** Of the names of an episode's resources together, so that a day of long names fits into an item of DynamoDB. */
const MAX_RESOURCE_BYTES = 2048;

/** What the hits of a head's episodes have in common. */
export interface Run {
  partition: string;
  day: Day;
  quietMilliseconds: number;
}

/** The head to which a hit belongs. Without a time it stands alone, in a head that goes when its time to live has passed. */
export function dayOf({ time, key }: Pick<Hit, 'time' | 'key'>): Day {
  return time === undefined ? `undated ${key}` : dayAt(time);
}

/** @param time milliseconds since the epoch */
export function dayAt(time: number): number {
  return Math.floor(time / DAY_MILLISECONDS);
}

/** From one day to another, both included. */
export function daysBetween(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export function isUndated(day: Day): boolean {
  return typeof day === 'string' && day !== 'ever';
}

/** Of which event a head without a day is. */
export function keyOfUndated(day: string): string {
  return day.replace(/^undated /, '');
}

/** Whether a hit is in one of some spans. */
export function isWithin(hit: Pick<Hit, 'time' | 'key'>, spans: Span[]): boolean {
  const { time } = hit;
  return time === undefined
    ? spans.includes(dayOf(hit) as Span)
    : spans.some((span) => typeof span !== 'string' && span[0] <= time && time <= span[1]);
}

/**
 * The episodes of one day, from its firing hits. An episode is cut at midnight, so that what is kept of a group and a day
 * is bounded; `continueFrom` connects it with the day before:
 *
 * ```
 * hits        x  x x        x   |  x        x
 * episodes   |------|      |---|||-|       |-|      the third continues the second
 *                             midnight
 * ```
 *
 * Hits without a time stand alone. Of a first-seen detector (the day is `ever`) episodes are not cut, and only the first
 * event is filed.
 *
 * @param hits of one partition and the day, each id once, in any order
 */
export function episodesOf(hits: Hit[], run: Run): Episode[] {
  if (run.day === 'ever')
    return unite(
      hits.map((hit) => sight(hit, run)),
      run,
    );
  const sorted = [...hits].sort(byTime);
  const runs = isUndated(run.day) ? sorted.map((hit) => [hit]) : runsOf(sorted, run.quietMilliseconds);
  return runs.map((list) => makeEpisode(list, run));
}

/**
 * Joins episodes of one head that were computed from different hits, wherever they overlap or have no longer gap between
 * them than `quiet`. What comes out follows from the union of all their hits, so that the order in which episodes are
 * united, and how often, makes no difference: workers that each saw a few hits agree in the end. The one exception are
 * episodes of more than 100 events, whose count only says "at least" until all of their hits are read at once.
 */
export function unite(episodes: Episode[], run: Run): Episode[] {
  const groups: Episode[][] = [];
  let end = -Infinity;
  for (const episode of [...episodes].sort(byFirst)) {
    const last = groups.at(-1);
    const joins = isUndated(run.day) ? last?.[0]?.id === episode.id : episode.firstSeen! - end <= run.quietMilliseconds;
    if (last && joins) last.push(episode);
    else {
      groups.push([episode]);
      end = -Infinity;
    }
    end = Math.max(end, endOf(episode) ?? -Infinity);
  }
  return groups.map((group) => (group.length === 1 ? group[0]! : join(group, run)));
}

/** When an episode was over, as far as others may go on with it. */
export function endOf({ rememberedUntil, lastSeen }: Episode): number | undefined {
  return rememberedUntil ?? lastSeen;
}

/**
 * Names, in the first episode of a day, the one that it continues: the last before it, if that is no longer ago than
 * `quiet`.
 *
 * @param before the last episode of the latest earlier day that has any
 */
export function continueFrom(before: Episode | undefined, episodes: Episode[], quietMilliseconds: number): Episode[] {
  return episodes.map((episode, i) => {
    const isNear = i === 0 && before && episode.firstSeen! - before.lastSeen! <= quietMilliseconds;
    const continues = isNear ? before.id : undefined;
    return episode.continues === continues ? episode : { ...episode, continues };
  });
}

/** Of what is remembered only to the day, a tuple that is seen all day is written once. */
function sight(hit: Hit, run: Run): Episode {
  const unit = Math.min(DAY_MILLISECONDS, run.quietMilliseconds);
  return {
    ...makeEpisode([hit], run),
    rememberedUntil: (Math.floor(hit.time! / unit) + 1) * unit - 1,
    revision: hit.revision,
  };
}

function join(parts: Episode[], run: Run): Episode {
  const [first] = parts as [Episode];
  const id = idOf(first, run);
  if (run.day === 'ever') return { ...first, id, rememberedUntil: Math.max(...parts.map((part) => endOf(part)!)) };
  const evidence = eventsOf(parts.flatMap((part) => part.evidence).sort(byMoment));
  const isWhole = parts.every((part) => part.count === part.evidence.length) && evidence.length <= MAX_EVIDENCE;
  return {
    ...first,
    id,
    lastSeen: first.lastSeen === undefined ? undefined : Math.max(...parts.map(({ lastSeen }) => lastSeen!)),
    severity: highest(parts.map(({ severity }) => severity)),
    count: isWhole ? evidence.length : Math.max(MAX_EVIDENCE, ...parts.map(({ count }) => count)),
    countExact: isWhole,
    evidence: evidence.slice(0, MAX_EVIDENCE),
    resources: sortedResources(parts),
    expired: sortedTexts(parts),
    ...approvalsOf(parts),
    ...(parts.some(({ isCut }) => isCut) && { isCut: true as const }),
    continues: undefined,
  };
}

/** Rounded down to a multiple of `quiet`, the start cannot be shared by two episodes, and a little disorder keeps it. */
function idOf({ firstSeen, evidence }: Pick<Episode, 'firstSeen' | 'evidence'>, run: Run): string {
  const thread = threadOf(run.partition);
  if (isUndated(run.day)) return shortHash([thread, 'undated', evidence[0]!.key]);
  return shortHash([thread, run.day, Math.floor(firstSeen! / run.quietMilliseconds)]);
}

function runsOf(sorted: Hit[], quietMilliseconds: number): Hit[][] {
  const runs: Hit[][] = [];
  for (const hit of sorted) {
    const run = runs.at(-1);
    if (run && hit.time! - run.at(-1)!.time! <= quietMilliseconds) run.push(hit);
    else runs.push([hit]);
  }
  return runs;
}

/** @param sorted a run of hits, by time */
function makeEpisode(sorted: Hit[], run: Run): Episode {
  const first = sorted[0]!;
  const events = eventsOf(sorted);
  const evidence = events.slice(0, MAX_EVIDENCE);
  return {
    id: idOf({ firstSeen: first.time, evidence }, run),
    firstSeen: first.time,
    lastSeen: sorted.at(-1)!.time,
    severity: highest(sorted.map(({ level }) => level)),
    count: events.length,
    countExact: true,
    evidence,
    resources: sortedResources(sorted),
    firstHit: first.id,
    mainResource: first.resources[0],
    expired: sortedTexts(sorted),
    ...approvalsOf(sorted),
    continues: undefined,
    content: first.content,
  };
}

/** An event that several rules of a correlation match is one event, at the first time that it has. */
function eventsOf(sorted: Evidence[]): Evidence[] {
  const events = new Map<string, Evidence>();
  for (const { key, eventId, time } of sorted) if (!events.has(key)) events.set(key, { key, eventId, time });
  return [...events.values()];
}

function highest(levels: Level[]): Level {
  return levels.reduce((high, level) => (rank(level) > rank(high) ? level : high));
}

/**
 * The first by type and name, up to the bounds: whatever is among them is so in every part that has it, so that parts can be
 * joined in any order.
 */
function sortedResources(parts: { resources: Resource[] }[]): Resource[] {
  const once = new Map<string, Resource>();
  for (const { resources } of parts) for (const one of resources) once.set(`${one.type} ${one.name}`, one);
  const sorted = [...once.entries()].sort(([a], [b]) => compareTexts(a, b)).map(([, resource]) => resource);
  let bytes = 0;
  const tooMany = sorted.findIndex(
    ({ name }, i) => i === MAX_RESOURCES || (bytes += Buffer.byteLength(name)) > MAX_RESOURCE_BYTES,
  );
  return tooMany < 0 ? sorted : sorted.slice(0, tooMany);
}

function sortedTexts(parts: { expired: string[] }[]): string[] {
  return [...new Set(parts.flatMap(({ expired }) => expired))].sort();
}

const MAX_APPROVALS = 5;

/** The first by their texts: whatever is among them is so in every part that has it. */
function approvalsOf(parts: { approvals?: string[] | undefined }[]): { approvals?: string[] } {
  const approvals = [...new Set(parts.flatMap((part) => part.approvals ?? []))].sort().slice(0, MAX_APPROVALS);
  return approvals.length > 0 ? { approvals } : {};
}

/** By time, key and id; of two contents under one id, always the same is first. */
function byFirst(a: Episode, b: Episode): number {
  return (
    byMoment(a.evidence[0]!, b.evidence[0]!) ||
    compareTexts(a.firstHit, b.firstHit) ||
    compareTexts(b.revision ?? '', a.revision ?? '') ||
    compareTexts(JSON.stringify([a.mainResource, a.content]), JSON.stringify([b.mainResource, b.content]))
  );
}

function byMoment(a: Evidence, b: Evidence): number {
  return (a.time ?? 0) - (b.time ?? 0) || compareTexts(a.key, b.key);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
