import { shortHash, type Hit } from './hit';
import { rank, type Level } from './level';
import type { Content, Resource } from './finding';

export const DAY_MILLISECONDS = 86_400_000;

/**
 * A day of event time in UTC, as whole days since the epoch; `undated` for events without a usable time; `ever` for the one
 * head of a first-seen detector's group.
 */
export type Day = number | 'undated' | 'ever';

/** A run of hits of one detector and group with no gap longer than `quiet`, within one day: a finding's substance. */
export interface Episode {
  /** Id of the finding. */
  id: string;
  firstSeen: number | undefined;
  lastSeen: number | undefined;
  severity: Level;
  count: number;
  countExact: boolean;
  eventIds: string[];
  /** Sorted. */
  resources: Resource[];
  /** The main one of the first hit. */
  mainResource: string | undefined;
  expired: string[];
  /** Id of the episode of the day before that this one goes on with. */
  continues: string | undefined;
  /** Of the first hit. */
  content: Content;
  /** Of a first-seen detector: the end of the last day on which the tuple was seen; by then it is not forgotten. */
  rememberedUntil?: number;
}

const MAX_EVIDENCE = 100;
const MAX_RESOURCES = 50;

export function dayOf(time: number | undefined): Day {
  return time === undefined ? 'undated' : Math.floor(time / DAY_MILLISECONDS);
}

/** Those of some things that belong to some days; a new array. */
export function onDays<T>(all: Iterable<T>, days: Day[] | 'all', dayOfOne: (one: T) => Day): T[] {
  if (days === 'all') return [...all];
  const wanted = new Set(days);
  return [...all].filter((one) => wanted.has(dayOfOne(one)));
}

/**
 * The episodes of one day, from the firing hits of a detector and group on that day and before it, as far back as
 * `quiet` reaches. An episode is cut at midnight, so that what is kept of a group and a day is bounded:
 *
 * ```
 * hits        x  x x        x   |  x        x
 * episodes   |------|      |---|||-|       |-|      the third continues the second
 *                             midnight
 * ```
 *
 * @param sorted hits of one partition, each id once, by time
 * @param day `undated` for the hits without a time, each of which stands alone; `ever` for first-seen detectors, whose
 *   episodes are not cut, and of which the first event is all that is filed
 */
export function episodesOf(sorted: Hit[], day: Day, quietMilliseconds: number): Episode[] {
  if (day === 'ever') return firstSights(sorted, quietMilliseconds);
  const ofDay = sorted.filter((hit) => dayOf(hit.time) === day);
  if (day === 'undated') return ofDay.map((hit) => makeEpisode([hit], shortHash([hit.partition, 'undated', hit.id])));
  return runsOf(ofDay, quietMilliseconds).map((run, i) => {
    const episode = makeEpisode(run, episodeId(run, day, quietMilliseconds));
    return i === 0 ? { ...episode, continues: continuedBy(run[0]!, day, sorted, quietMilliseconds) } : episode;
  });
}

function firstSights(sorted: Hit[], quietMilliseconds: number): Episode[] {
  const dated = sorted.filter((hit) => hit.time !== undefined);
  return runsOf(dated, quietMilliseconds).map((run) => {
    const last = run.at(-1)!.time!;
    const endOfDay = (Math.floor(last / DAY_MILLISECONDS) + 1) * DAY_MILLISECONDS - 1;
    const episode = makeEpisode([run[0]!], episodeId(run, 'ever', quietMilliseconds));
    return { ...episode, rememberedUntil: Math.min(endOfDay, last + quietMilliseconds) };
  });
}

/** Id of the last episode of an earlier day, if the first hit of a day came soon enough after it. */
function continuedBy(first: Hit, day: number, sorted: Hit[], quietMilliseconds: number): string | undefined {
  const before = sorted.filter(({ time }) => time !== undefined && time < day * DAY_MILLISECONDS);
  const last = before.at(-1);
  if (last === undefined || first.time! - last.time! > quietMilliseconds) return undefined;
  const lastDay = dayOf(last.time);
  const ofLastDay = before.filter((hit) => dayOf(hit.time) === lastDay);
  return episodeId(runsOf(ofLastDay, quietMilliseconds).at(-1)!, lastDay, quietMilliseconds);
}

/** Rounded down to a multiple of `quiet`, the start cannot be shared by two episodes, and a little disorder keeps it. */
function episodeId(run: Hit[], day: Day, quietMilliseconds: number): string {
  const first = run[0]!;
  return shortHash([first.partition, day, Math.floor(first.time! / quietMilliseconds)]);
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

/** @param run by time */
function makeEpisode(run: Hit[], id: string): Episode {
  const first = run[0]!;
  // An event that several rules of a correlation match is one event.
  const eventIds = new Map(run.map(({ key, eventId }) => [key, eventId]));
  return {
    id,
    firstSeen: first.time,
    lastSeen: run.at(-1)!.time,
    severity: run.reduce<Level>((highest, { level }) => (rank(level) > rank(highest) ? level : highest), first.level),
    count: eventIds.size,
    countExact: true,
    eventIds: [...eventIds.values()].slice(0, MAX_EVIDENCE),
    resources: resourcesOf(run),
    mainResource: first.resources[0]?.name,
    expired: [...new Set(run.flatMap((hit) => hit.expired))].sort(),
    continues: undefined,
    content: first.content,
  };
}

function resourcesOf(run: Hit[]): Resource[] {
  const once = new Map<string, Resource>();
  for (const hit of run) for (const resource of hit.resources) once.set(`${resource.type} ${resource.name}`, resource);
  return [...once.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_RESOURCES)
    .map(([, resource]) => resource);
}
