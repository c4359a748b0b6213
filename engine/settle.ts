import { isDeepStrictEqual } from 'node:util';
import { connect } from './connect';
import { linkInnerHits, readHits, type Reading } from './chain';
import type { Correlation } from './correlation';
import {
  DAY_MILLISECONDS,
  dayAt,
  dayOf,
  daysBetween,
  episodesOf,
  unite,
  type Day,
  type Episode,
  type Run,
  type Span,
} from './episodes';
import type { Touched, Touches } from './gather';
import { byTime, type Hit, type Place } from './hit';
import { traceEpisodes, withoutMinted } from './lineage';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import { wholeUntil, type Head, type HeadChange, type Read, type Store } from './store';
import { untellingRules } from './window-rule';
import { firing, type WindowHit } from './windows';

/** Another worker may write the same head; each attempt starts from what is then there. */
export const MAX_ATTEMPTS = 50;

/** Windows of two weeks reach less far. */
const MANY_DAYS = 30;

/** What judging works with. */
export interface Work extends Reading {
  /** Windows that end before this time (milliseconds since the epoch) are over. */
  over: number;
}

/**
 * Brings the heads of all partitions that were touched up to date from all of their hits: those of rules, then those of
 * correlations, inputs before what they feed.
 */
export async function settleAll(touches: Touches, { rules, correlations }: Ruleset, work: Work): Promise<HeadChange[]> {
  const changes: HeadChange[] = [];
  for (const detector of [...rules, ...correlations]) {
    for (const touched of touches.of(detector)) {
      if (detector.kind === 'rule' && detector.firstSeen) changes.push(...(await remember(detector, touched, work)));
      else if (!detector.silenced) changes.push(...(await settle(detector, touched, work)));
      if (detector.kind === 'correlation') await touchFed(detector, touched.place, touches, work);
    }
  }
  return changes;
}

/** Touches all that a partition of a correlation makes hits in, or ever did. */
export async function touchFed(detector: Correlation, place: Place, touches: Touches, reading: Reading): Promise<void> {
  if (detector.feeds.length === 0) return;
  for (const { target, day } of await linkInnerHits(detector, place, reading)) {
    const fed = detector.feeds.find(({ correlation }) => correlation.id === target.detectorId);
    if (fed) touches.touch(fed.correlation, target, [day]);
  }
}

/** Unites what a first-seen detector's heads say with what was seen now. */
export async function remember(
  { quietMilliseconds }: Rule,
  { place, sights, days, isReplaced }: Pick<Touched, 'place' | 'sights' | 'days' | 'isReplaced'>,
  { store }: Pick<Work, 'store'>,
): Promise<HeadChange[]> {
  const changes: HeadChange[] = [];
  // What is known of the credentials may have changed, and somebody may be about to write what was known before.
  for (const day of isReplaced ? days : []) {
    const change = await update(place, day, store, (all) => all.map((one) => ({ ...one, lineage: undefined })), true);
    if (change) changes.push(change);
  }
  for (const [day, seen] of sights) {
    const run = { partition: place.partition, day, quietMilliseconds };
    const change = await update(place, day, store, (episodes) => unite([...episodes, ...seen], run));
    if (change) changes.push(change);
  }
  return changes;
}

/** Reads a head, and writes what it becomes, until no other worker comes between. */
async function update(
  place: Place,
  day: Day,
  store: Store,
  next: (episodes: Episode[]) => Episode[],
  isForced = false,
): Promise<HeadChange | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await store.head(place.partition, day);
    const episodes = await traceEpisodes(next(before?.episodes ?? []), place, day, store);
    if (!isForced && isSame(episodes, before?.episodes)) return undefined;
    const after = headAfter(before, place, day, episodes);
    if (await store.putHead(after, before)) return { before, after };
  }
  throw tooManyAttempts(place);
}

/** Whether episodes are what a head says, which a store may have kept as JSON. */
export function isSame(episodes: Episode[], known: Episode[] = []): boolean {
  if (episodes.length !== known.length) return false;
  return isDeepStrictEqual(throughJson(episodes), throughJson(known));
}

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What a head becomes with other episodes. What was judged over stays so. */
export function headAfter(
  before: Head | undefined,
  place: Place,
  day: Day,
  episodes: Episode[],
  judgedUntil = before?.judgedUntil,
): Head {
  const version = (before?.version ?? 0) + 1;
  return { ...place, day, version, episodes, ...(judgedUntil !== undefined && { judgedUntil }) };
}

export function tooManyAttempts({ partition }: Place): Error {
  return new Error(`the heads of ${partition} changed ${MAX_ATTEMPTS} times while they were being written`);
}

/**
 * Brings the heads of a partition up to date. First the heads are read, *then* the hits: a head that is still unchanged
 * when it is written was computed from hits at least as fresh as those it held. What was written is looked at once more:
 * another worker, with a later hit, may meanwhile have found that the head *before* it was right, and have written nothing.
 *
 * Where a worker that has read fewer hits may unite into the head what no longer holds (`extend.ts`), the heads are written
 * even if they are right, so that it has to start again.
 *
 * Of a flood the hits behind the first so many are not read. What is known of those is kept, and the episodes say so.
 */
export async function settle(
  detector: Rule | Correlation,
  { place, days, isReplaced }: Pick<Touched, 'place' | 'days' | 'isReplaced'>,
  work: Work,
): Promise<HeadChange[]> {
  const { store } = work;
  const { partition } = place;
  const { quietMilliseconds } = detector;
  const changes: HeadChange[] = [];
  let open = await daysToJudge(days, detector, partition, work);
  const forced = new Set(isReplaced ? spread(days, windowOf(detector)) : []);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const heads = new Map<Day, Head | undefined>();
    for (const day of open) heads.set(day, await store.head(partition, day));
    const read = await readHits(detector, partition, spansOf(open, detector), work);
    const judgedUntil = latestJudged(heads, work);
    const firing = firingHits(detector, read.hits, Math.min(judgedUntil, decidedUntil(detector, read)));
    const fired = detector.kind === 'rule' ? await withoutMinted(detector, firing, place, store) : firing;
    const found = new Map<Day, Episode[]>();
    for (const day of open) {
      const run = { partition, day, quietMilliseconds };
      const episodes = episodesOf(firedOn(day, fired), run);
      const isCut = typeof day === 'number' && day >= dayAt(wholeUntil(read));
      found.set(day, isCut ? uniteCut([...(heads.get(day)?.episodes ?? []), ...episodes], run) : episodes);
    }
    const judged = new Set(heads.keys());
    await connect(detector, place, heads, found, store, true);
    open = [];
    for (const [day, episodes] of found) {
      const before = heads.get(day);
      if (!forced.has(day) && isSame(episodes, before?.episodes)) continue;
      const isJudged = detector.kind === 'correlation' && judged.has(day);
      const after = headAfter(before, place, day, episodes, isJudged ? judgedUntil : undefined);
      if (await store.putHead(after, before)) {
        changes.push({ before, after });
        forced.delete(day);
      }
      open.push(day);
    }
    if (open.length === 0) return changes;
  }
  throw tooManyAttempts(place);
}

/** What was over for one worker is over for all, however slow their clocks. */
export function latestJudged(heads: Map<Day, Head | undefined>, { over }: Work): number {
  return Math.max(over, ...[...heads.values()].map((head) => head?.judgedUntil ?? -Infinity));
}

/** Unites episodes of a day of which not all hits were read. */
export function uniteCut(episodes: Episode[], run: Run): Episode[] {
  return unite(episodes, run).map((episode) => (episode.isCut ? episode : { ...episode, isCut: true }));
}

export function firedOn(day: Day, fired: Hit[]): Hit[] {
  return fired.filter((hit) => dayOf(hit) === day);
}

/**
 * Days whose heads hits of some days may change: where a window with them may lie. Of so many that a read of each would
 * cost more than one of the hits, those that have hits: nothing fires on others.
 */
async function daysToJudge(
  touched: Set<Day>,
  detector: Rule | Correlation,
  partition: string,
  work: Work,
): Promise<Day[]> {
  const reach = reachOf(detector);
  if (reach > MANY_DAYS * DAY_MILLISECONDS) {
    const read = await readHits(detector, partition, spansOf([...touched], detector), work);
    if (wholeUntil(read) === Infinity) return [...new Set([...touched, ...read.hits.map(dayOf)])];
  }
  return spread(touched, reach);
}

/** Days, and those that begin or end within so many milliseconds of them. */
function spread(days: Iterable<Day>, reach: number): Day[] {
  const near = new Set<Day>();
  for (const day of days) {
    if (typeof day !== 'number') near.add(day);
    else {
      const [start, end] = [day * DAY_MILLISECONDS, (day + 1) * DAY_MILLISECONDS - 1];
      for (const one of daysBetween(dayAt(start - reach), dayAt(end + reach))) near.add(one);
    }
  }
  return [...near];
}

/** Enough to judge every hit on some days; days that are near one another as one span. */
function spansOf(days: Day[], detector: Rule | Correlation): Span[] {
  const reach = reachOf(detector);
  const spans: Span[] = [];
  let last: [number, number] | undefined;
  for (const day of days.filter((one) => typeof one === 'number').sort((a, b) => a - b)) {
    const [from, to] = [day * DAY_MILLISECONDS - reach, (day + 1) * DAY_MILLISECONDS - 1 + reach];
    if (last && from <= last[1] + 1) last[1] = to;
    else spans.push((last = [from, to]));
  }
  return [...spans, ...days.filter((day) => typeof day !== 'number')];
}

/** How many milliseconds away a hit may still decide whether another fires: it may open, or keep another from opening, a window. */
export function reachOf(detector: Rule | Correlation): number {
  return detector.kind === 'rule' ? 0 : 2 * detector.window.timespanMilliseconds;
}

/** How many milliseconds away another hit of one window may be. */
function windowOf(detector: Rule | Correlation): number {
  return detector.kind === 'rule' ? 0 : detector.window.timespanMilliseconds;
}

export function quietDaysOf({ quietMilliseconds }: Rule | Correlation): number {
  return Math.ceil(quietMilliseconds / DAY_MILLISECONDS);
}

/** Windows that end before this time (milliseconds since the epoch) cannot be made untrue by what was not read. */
export function decidedUntil(detector: Rule | Correlation, { until }: Read): number {
  if (detector.kind === 'rule') return Infinity;
  return Math.min(...untellingRules(detector.window).map((input) => until[input]!));
}

/** By time. Every hit of a plain rule fires; of a correlation, those in a window that satisfies it. */
export function firingHits(detector: Rule | Correlation, hits: Hit[], over: number): Hit[] {
  if (detector.kind === 'rule') return [...hits].sort(byTime);
  const sorted = hits.filter((hit) => hit.time !== undefined).sort(byTime);
  const fires = firing(sorted as WindowHit[], detector.window, over);
  return sorted.filter((_, i) => fires[i]);
}
