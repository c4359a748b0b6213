import type { Correlation } from './correlation';
import { continueFrom, DAY_MILLISECONDS, dayOf, episodesOf, unite, type Day, type Episode } from './episodes';
import type { Touched } from './gather';
import type { Hit, Place } from './hit';
import type { Rule } from './rule';
import { firingHits, headAfter, isSame, MAX_ATTEMPTS, tooManyAttempts } from './settle';
import type { Head, HeadChange, Store } from './store';
import { isMonotone } from './window-rule';

/*
 * One new hit, judged from the few hits around it. A worker
 *
 *   1. puts the hit,
 *   2. reads the heads of the days that a window with it may lie in,
 *   3. reads the hits around it,
 *   4. unites the runs of firing hits among them with the heads' episodes, and writes each head that this changes, on
 *      condition that it is still the one of step 2; else it goes back to 2.
 *
 * Why all workers together miss nothing: let some hits satisfy a window, and look at the one of them that was put last. Its
 * worker reads after its put, so it sees all the others, finds the window satisfied, and unites all of them into the heads.
 * Why nothing is lost between workers: a head only changes if it is the one that was read, and `unite` gives the same
 * whatever the order and however often, so that what one worker united is still in what the next one writes. A worker that
 * dies anywhere is followed by another with the same event, whose put changes nothing and who goes on to the heads.
 *
 * It takes that a hit that fires goes on firing, however many more there come. Where that is not so, `settle` judges from
 * all hits.
 */

/** So many neighbours of a hit are read, of each input and on either side. With more, all are read later, at once. */
export const MAX_NEIGHBOURS = 256;

export interface Extended {
  changes: HeadChange[];
  /** What is in the heads is true, but may not be all: there are more hits around than were read, or than are counted. */
  isPartial: boolean;
}

/** Whether a new hit of a detector can be judged without reading all others: not of chains, whose hits are not stored. */
export function isExtendable(detector: Rule | Correlation): boolean {
  return (
    detector.kind === 'rule' || (isMonotone(detector.window) && detector.inputs.every(({ kind }) => kind === 'rule'))
  );
}

/** Unites what new hits of a partition come to with what its heads say. */
export async function extend(
  detector: Rule | Correlation,
  { place, hits }: Pick<Touched, 'place' | 'hits'>,
  store: Store,
): Promise<Extended> {
  const changes: HeadChange[] = [];
  const days = new Set(hits.flatMap((hit) => daysAround(hit, detector)));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const heads = new Map<Day, Head | undefined>();
    for (const day of days) heads.set(day, await store.head(place.partition, day));
    const { fired, isCut } = await firedAround(detector, hits, store);
    const united = new Map<Day, Episode[]>();
    for (const [day, head] of heads) {
      const run = { partition: place.partition, day, quietMilliseconds: detector.quietMilliseconds };
      const found = episodesOf(
        fired.filter((hit) => dayOf(hit.time) === day),
        run,
      );
      united.set(day, unite([...(head?.episodes ?? []), ...found], run));
    }
    const isAtMidnight = await connect(detector, place, heads, united, store);
    const isPartial = isCut || [...united.values()].flat().some(({ countExact }) => !countExact);
    let isDone = true;
    for (const [day, episodes] of united) {
      const before = heads.get(day);
      if (isSame(episodes, before?.episodes)) continue;
      const after: Head = { ...headAfter(before, place, day, episodes) };
      if (before?.judgedUntil !== undefined) after.judgedUntil = before.judgedUntil;
      if (await store.putHead(after, before)) changes.push({ before, after });
      else isDone = false;
      // Another worker may have written the other day's head, and not have seen this one.
      if (isAtMidnight) isDone = false;
    }
    if (isDone) return { changes, isPartial };
  }
  throw tooManyAttempts(place);
}

/** The hits that fire, as far as the neighbours of some hits tell. */
async function firedAround(
  detector: Rule | Correlation,
  hits: Hit[],
  store: Store,
): Promise<{ fired: Hit[]; isCut: boolean }> {
  const isRule = detector.kind === 'rule';
  const around = new Map<string, Hit>();
  let isCut = false;
  for (const hit of hits) {
    const near = isRule
      ? await store.near(hit, 1, 0, 0)
      : await store.near(hit, detector.inputs.length, detector.window.timespanMilliseconds, MAX_NEIGHBOURS);
    isCut ||= !isRule && near.isCut;
    for (const one of near.hits) around.set(one.id, one);
  }
  const all = [...around.values()];
  // Where there are numbers below zero, a sum may fall again: nothing is certain until all are read.
  const isSum = !isRule && detector.window.type === 'value_sum';
  const mayFall = isSum && (isCut || all.some(({ value }) => Number(value) < 0));
  return mayFall ? { fired: [], isCut: true } : { fired: firingHits(detector, all, -Infinity), isCut };
}

function daysAround({ time }: Hit, detector: Rule | Correlation): Day[] {
  if (time === undefined || detector.kind === 'rule') return [dayOf(time)];
  const { timespanMilliseconds } = detector.window;
  const [first, last] = [dayOf(time - timespanMilliseconds), dayOf(time + timespanMilliseconds)] as [number, number];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/**
 * Names what the first episode of each day continues, also in the days that come after, and reads the heads that it takes.
 *
 * @returns whether anything rests on another day's head, which may change meanwhile: no episode is near midnight, mostly
 */
async function connect(
  { quietMilliseconds }: Rule | Correlation,
  { partition }: Place,
  heads: Map<Day, Head | undefined>,
  united: Map<Day, Episode[]>,
  store: Store,
): Promise<boolean> {
  const quietDays = Math.ceil(quietMilliseconds / DAY_MILLISECONDS);
  let isAtMidnight = false;
  const episodesOn = async (day: Day): Promise<Episode[]> => {
    isAtMidnight = true;
    if (!heads.has(day)) heads.set(day, await store.head(partition, day));
    return united.get(day) ?? heads.get(day)?.episodes ?? [];
  };
  const days = [...united.keys()].filter((day) => typeof day === 'number').sort((a, b) => a - b);
  for (const day of days) {
    const last = united.get(day)!.at(-1);
    if (!last || (day + 1) * DAY_MILLISECONDS - last.lastSeen! > quietMilliseconds) continue;
    for (let next = day + 1; next <= day + quietDays; next++) {
      const episodes = await episodesOn(next);
      if (episodes.length === 0) continue;
      if (!united.has(next)) united.set(next, episodes);
      break;
    }
  }
  for (const [day, episodes] of united) {
    const first = episodes[0];
    if (typeof day !== 'number' || !first) continue;
    let before: Episode | undefined;
    if (first.firstSeen! - day * DAY_MILLISECONDS <= quietMilliseconds) {
      for (let one = day - 1; one >= day - quietDays && !before; one--) before = (await episodesOn(one)).at(-1);
    }
    united.set(day, continueFrom(before, episodes, quietMilliseconds));
  }
  return isAtMidnight;
}
