import { byTime, shortHash, type Hit } from './hit';
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
}

const MAX_EVIDENCE = 100;
const MAX_RESOURCES = 50;

export function dayOf(time: number | undefined): Day {
  return time === undefined ? 'undated' : Math.floor(time / DAY_MILLISECONDS);
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
 * The result depends on the set of hits alone, not on their order.
 *
 * @param hits of one partition, each id once
 * @param day `ever` for first-seen detectors: their episodes are not cut, and the first hit is all that is filed
 */
export function episodesOf(hits: Hit[], day: Day, quietMilliseconds: number): Episode[] {
  if (day === 'ever') {
    const runs = runsOf(hits.filter((hit) => hit.time !== undefined).sort(byTime), quietMilliseconds);
    return runs.map((run) => makeEpisode([run[0]!], episodeId(run, day, quietMilliseconds), undefined));
  }
  const ofDay = hits.filter((hit) => dayOf(hit.time) === day).sort(byTime);
  // Without a time there is no run: each such hit stands alone.
  if (day === 'undated')
    return ofDay.map((hit) => makeEpisode([hit], shortHash([hit.partition, 'undated', hit.id]), undefined));
  const earlier = hits.filter((hit) => hit.time !== undefined && hit.time < day * DAY_MILLISECONDS).sort(byTime);
  const last = earlier.at(-1);
  return runsOf(ofDay, quietMilliseconds).map((run, i) => {
    const isContinued = i === 0 && last !== undefined && run[0]!.time! - last.time! <= quietMilliseconds;
    const continues = isContinued ? lastEpisodeId(earlier, quietMilliseconds) : undefined;
    return makeEpisode(run, episodeId(run, day, quietMilliseconds), continues);
  });
}

function lastEpisodeId(sorted: Hit[], quietMilliseconds: number): string {
  const day = dayOf(sorted.at(-1)!.time);
  const run = runsOf(
    sorted.filter((hit) => dayOf(hit.time) === day),
    quietMilliseconds,
  ).at(-1)!;
  return episodeId(run, day, quietMilliseconds);
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

function makeEpisode(hits: Hit[], id: string, continues: string | undefined): Episode {
  // An event that several rules of a correlation match is one event.
  const run = [...new Map([...hits].reverse().map((hit) => [hit.key, hit])).values()].sort(byTime);
  const first = run[0]!;
  return {
    id,
    firstSeen: first.time,
    lastSeen: run.at(-1)!.time,
    severity: run.reduce<Level>((highest, { level }) => (rank(level) > rank(highest) ? level : highest), first.level),
    count: run.length,
    countExact: true,
    eventIds: run.slice(0, MAX_EVIDENCE).map((hit) => hit.eventId),
    resources: resourcesOf(run),
    mainResource: first.resources[0]?.name,
    expired: [...new Set(run.flatMap((hit) => hit.expired))].sort(),
    continues,
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
