import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../events/derived';
import { linkInnerHits, readHits } from './chain';
import type { Correlation } from './correlation';
import { DAY_MILLISECONDS, episodesOf, type Day } from './episodes';
import { byTime, makeHits, type Hit, type Place } from './hit';
import type { Match } from './match';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import type { Head, HeadChange, Store } from './store';
import { firing, type WindowHit } from './windows';

/** `matches` make hits; what makes none is counted. Of a plain rule no match is ever left out. */
export interface Correlated {
  changes: HeadChange[];
  matches: number;
  hits: number;
  /** The same hit again. */
  repeated: number;
  /** The same key with other content. */
  conflicting: number;
  /** Left out of a correlation for want of a group value. */
  withoutGroup: number;
  /** Left out of a correlation for want of a usable time. */
  untimed: number;
}

export interface CorrelateOptions {
  /** Windows that end before this time (milliseconds since the epoch) are over; asked when all matches are in. */
  over?: () => number;
}

/** Another worker may write the same head; each attempt starts from what is then there. */
const MAX_ATTEMPTS = 50;

/** What a call works with besides the matches. */
interface Work {
  store: Store;
  context: Context;
  over: number;
}

/** A partition that got hits, and the days on which they stand or stood. */
interface Touched {
  place: Place;
  days: Set<Day>;
}

/**
 * Remembers matches as hits, then brings the heads of all groups that were touched up to date, each once however many
 * hits it got: those of rules, then those of correlations, inputs before what they feed. What the heads hold in the end
 * depends only on which matches there were: not on order, batches, or the number of workers. After an error, the same
 * call again makes up for what was left undone.
 */
export async function correlate(
  matches: AsyncIterable<Match> | Iterable<Match>,
  ruleset: Ruleset,
  store: Store,
  { over = () => Infinity }: CorrelateOptions = {},
): Promise<Correlated> {
  const result: Correlated = {
    ...{ changes: [], matches: 0, hits: 0, repeated: 0, conflicting: 0, withoutGroup: 0, untimed: 0 },
  };
  const touched = new Map<Rule | Correlation, Map<string, Touched>>();
  for await (const match of matches) {
    const { placed, withoutGroup, untimed } = makeHits(match, ruleset);
    result.matches++;
    result.withoutGroup += withoutGroup;
    result.untimed += untimed;
    for (const { detector, hit } of placed) {
      const { outcome, days } = await store.put(hit);
      if (outcome === 'new') result.hits++;
      else if (outcome === 'known') result.repeated++;
      else result.conflicting++;
      // A known hit is not "already done": a worker may have died between its put and the head.
      touch(touched, detector, hit, days);
    }
  }
  const work: Work = { store, context: ruleset.context, over: over() };
  for (const detector of [...ruleset.rules, ...ruleset.correlations]) {
    for (const { place, days } of touched.get(detector)?.values() ?? []) {
      if (!detector.silenced) result.changes.push(...(await settle(detector, place, affectedBy(days, detector), work)));
      if (detector.kind === 'rule' || detector.feeds.length === 0) continue;
      for (const { target, day } of await linkInnerHits(detector, place, store, ruleset.context)) {
        const fed = detector.feeds.find(({ correlation }) => correlation.id === target.detectorId);
        if (fed) touch(touched, fed.correlation, target, [day]);
      }
    }
  }
  return result;
}

function touch(
  touched: Map<Rule | Correlation, Map<string, Touched>>,
  detector: Rule | Correlation,
  { partition, detectorId, group }: Place,
  days: Day[],
): void {
  let partitions = touched.get(detector);
  if (!partitions) touched.set(detector, (partitions = new Map<string, Touched>()));
  let entry = partitions.get(partition);
  if (!entry) partitions.set(partition, (entry = { place: { partition, detectorId, group }, days: new Set() }));
  for (const day of days) entry.days.add(day);
}

/** The days whose heads hits of some days may change: where a window with them lies, and those after, which may continue it. */
function affectedBy(days: Set<Day>, detector: Rule | Correlation): Day[] {
  if (detector.kind === 'rule' && detector.firstSeen) {
    return [...new Set([...days].map((day) => (day === 'undated' ? day : 'ever')))];
  }
  const reach = reachOf(detector);
  return spread(days, reach, reach + quietDaysOf(detector));
}

/** Enough to judge every window that touches one of some days, and what their first episodes continue. */
function daysToRead(days: Day[], detector: Rule | Correlation): Day[] | 'all' {
  if (days.includes('ever')) return 'all';
  const reach = reachOf(detector);
  return spread(days, reach + quietDaysOf(detector), reach);
}

/** Days with so many before and after each. */
function spread(days: Iterable<Day>, before: number, after: number): Day[] {
  const near = new Set<Day>();
  for (const day of days) {
    if (typeof day !== 'number') near.add(day);
    else for (let one = day - before; one <= day + after; one++) near.add(one);
  }
  return [...near];
}

/** How many days away a hit may still decide whether another fires: it may open, or keep another from opening, a window. */
function reachOf(detector: Rule | Correlation): number {
  if (detector.kind === 'rule') return 0;
  return Math.ceil((2 * detector.window.timespanMilliseconds) / DAY_MILLISECONDS);
}

function quietDaysOf({ quietMilliseconds }: Rule | Correlation): number {
  return Math.ceil(quietMilliseconds / DAY_MILLISECONDS);
}

/**
 * Brings the heads of a partition up to date. First the heads are read, *then* the hits: a head that is still unchanged
 * when it is written was computed from hits at least as fresh as those it held. What was written is looked at once more:
 * another worker, with a later hit, may meanwhile have found that the head *before* it was right, and have written nothing.
 */
async function settle(
  detector: Rule | Correlation,
  place: Place,
  affected: Day[],
  { store, context, over }: Work,
): Promise<HeadChange[]> {
  const { partition, detectorId, group } = place;
  const changes: HeadChange[] = [];
  let open = affected;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const heads = new Map<Day, Head | undefined>();
    for (const day of open) heads.set(day, await store.head(partition, day));
    const hits = await readHits(detector, partition, daysToRead(open, detector), store, context);
    // What was over for one worker is over for all, however slow their clocks.
    const judgedUntil = Math.max(over, ...[...heads.values()].map((head) => head?.judgedUntil ?? -Infinity));
    const fired = firingHits(detector, hits, judgedUntil);
    open = [];
    for (const [day, before] of heads) {
      const episodes = episodesOf(fired, day, detector.quietMilliseconds);
      if (isDeepStrictEqual(episodes, before?.episodes ?? [])) continue;
      const after: Head = { partition, detectorId, group, day, version: (before?.version ?? 0) + 1, episodes };
      if (detector.kind === 'correlation') after.judgedUntil = judgedUntil;
      if (await store.putHead(after)) changes.push({ before, after });
      open.push(day);
    }
    if (open.length === 0) return changes;
  }
  throw new Error(`the heads of ${partition} changed ${MAX_ATTEMPTS} times while they were being written`);
}

/** By time. Every hit of a plain rule fires; of a correlation, those in a window that satisfies it. */
function firingHits(detector: Rule | Correlation, hits: Hit[], over: number): Hit[] {
  if (detector.kind === 'rule') return [...hits].sort(byTime);
  const sorted = hits.filter((hit) => hit.time !== undefined).sort(byTime);
  const fires = firing(sorted as WindowHit[], detector.window, over);
  return sorted.filter((_, i) => fires[i]);
}
