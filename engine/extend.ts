import { connect } from './connect';
import type { Correlation } from './correlation';
import { dayOf, episodesOf, unite, type Day, type Episode } from './episodes';
import type { Touched } from './gather';
import type { Hit, Place } from './hit';
import { withoutMinted } from './lineage';
import type { Rule } from './rule';
import { firedOn, firingHits, headAfter, isSame, MAX_ATTEMPTS, tooManyAttempts } from './settle';
import type { Head, HeadChange, Store } from './store';
import { isMonotone } from './window-rule';

/*
 * One new hit, judged from the few hits around it. A worker
 *
 *   1. puts the hit,
 *   2. reads the head of its day,
 *   3. reads the hits around it; if some fire on other days, it goes back to 2 and reads their heads, too,
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
  /** There are more hits around than were read: what is in the heads is true, but may not be all. */
  isCut: boolean;
  /** Days with more events than are listed, which are to be counted when the day is over; unless that was known before. */
  uncounted: number[];
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
  const days = new Set(hits.map(dayOf));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const heads = new Map<Day, Head | undefined>();
    for (const day of days) heads.set(day, await store.head(place.partition, day));
    const { fired, isCut } = await firedAround(detector, place, hits, store);
    const known = days.size;
    for (const hit of fired) days.add(dayOf(hit));
    if (days.size > known) continue;
    const united = new Map<Day, Episode[]>();
    for (const [day, head] of heads) {
      const run = { partition: place.partition, day, quietMilliseconds: detector.quietMilliseconds };
      united.set(day, unite([...(head?.episodes ?? []), ...episodesOf(firedOn(day, fired), run)], run));
    }
    const isAtMidnight = await connect(detector, place, heads, united, store, false);
    let isDone = true;
    for (const [day, episodes] of united) {
      const before = heads.get(day);
      if (isSame(episodes, before?.episodes)) continue;
      const after = headAfter(before, place, day, episodes);
      if (await store.putHead(after, before)) changes.push({ before, after });
      else isDone = false;
      // What it rested on may be gone, and nothing would lead there any more.
      days.add(day);
      // Another worker may have written the other day's head, and not have seen this one.
      if (isAtMidnight) isDone = false;
    }
    if (isDone) return { changes, isCut, uncounted: uncountedDays(united, changes) };
  }
  throw tooManyAttempts(place);
}

/** The hits that fire, as far as the neighbours of some hits tell. */
async function firedAround(
  detector: Rule | Correlation,
  place: Place,
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
  if (mayFall) return { fired: [], isCut: true };
  const fired = firingHits(detector, all, -Infinity);
  return { fired: isRule ? await withoutMinted(detector, fired, place, store) : fired, isCut };
}

/**
 * Whoever wrote that a day is not counted asks for it, and whoever finds nothing to write: it may make up for one who died.
 * Others need not.
 */
function uncountedDays(united: Map<Day, Episode[]>, changes: HeadChange[]): number[] {
  return [...united.keys()].filter((day): day is number => {
    const change = changes.findLast(({ after }) => after.day === day);
    return typeof day === 'number' && hasUncounted(united.get(day)) && !hasUncounted(change?.before?.episodes);
  });
}

export function hasUncounted(episodes: Episode[] = []): boolean {
  return episodes.some(({ countExact }) => !countExact);
}
