import { connect } from './connect';
import type { Correlation } from './correlation';
import { dayAt, daysBetween, episodesOf, unite, type Day, type Episode } from './episodes';
import { hasUncounted } from './extend';
import type { Hit, Place } from './hit';
import type { Rule } from './rule';
import {
  decidedUntil,
  firedOn,
  firingHits,
  headAfter,
  isSame,
  latestJudged,
  MAX_ATTEMPTS,
  reachOf,
  settle,
  tooManyAttempts,
  uniteCut,
  type Work,
} from './settle';
import { DUE_UNIT, wholeUntil, type Head, type HeadChange } from './store';
import { isMonotone } from './window-rule';

/*
 * What is due of a partition that gets hits all day is judged around those that are new, not from all of the day's hits again:
 *
 *   hits that may fire now, or no more        within twice the timespan of the new ones
 *   hits that decide on that                  within four times the timespan
 *
 * The runs of those that fire are united into the heads. That is right as long as nothing that a head lists has ceased to
 * fire, as an event that came late can bring about; then, the days are settled.
 */

/** Whether what a hit changes is near it in time: not with chains, whose hits follow from hits elsewhere. */
export function isLocal(detector: Rule | Correlation): boolean {
  return (
    detector.kind === 'rule' || (detector.feeds.length === 0 && detector.inputs.every(({ kind }) => kind === 'rule'))
  );
}

/** The times of some hits, as exact as what is due is kept. */
export function dueTimes(hits: Hit[]): number[] {
  return [...new Set(hits.map(({ time }) => Math.floor(time! / DUE_UNIT) * DUE_UNIT))];
}

export interface JudgedAround {
  changes: HeadChange[];
  /** Days with more events than are listed. */
  uncounted: number[];
}

/** Judges what hits at some times of a partition of a correlation may have changed. */
export async function judgeAround(
  detector: Correlation,
  place: Place,
  times: number[],
  work: Work,
): Promise<JudgedAround> {
  const judged: JudgedAround = { changes: [], uncounted: [] };
  for (const [from, to] of rangesOf(times, 2 * reachOf(detector))) {
    const { changes, uncounted } = await judgeRange(detector, place, [from, to], work);
    judged.changes.push(...changes);
    judged.uncounted.push(...uncounted);
  }
  return judged;
}

/** From the first to the last moment of times that are so near one another that hits around them would be read twice. */
function rangesOf(times: number[], nearby: number): [number, number][] {
  const ranges: [number, number][] = [];
  for (const time of [...times].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && time - last[1] <= nearby) last[1] = time + DUE_UNIT - 1;
    else ranges.push([time, time + DUE_UNIT - 1]);
  }
  return ranges;
}

async function judgeRange(
  detector: Correlation,
  place: Place,
  [from, to]: [number, number],
  work: Work,
): Promise<JudgedAround> {
  const { store, limit } = work;
  const { partition } = place;
  const { inputs, window, quietMilliseconds } = detector;
  const reach = reachOf(detector);
  const range: [number, number] = [from - reach, to + reach];
  const days = daysBetween(dayAt(range[0]), dayAt(range[1]));
  const changes: HeadChange[] = [];
  // Numbers below zero may have untold what a worker is about to write: it has to start again.
  const isSum = window.type === 'value_sum';
  const forced = new Set<Day>(isSum ? days : []);
  const mayCease = isSum || !isMonotone(window);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const heads = new Map<Day, Head | undefined>();
    for (const day of days) heads.set(day, await store.head(partition, day));
    const read = await store.hits(partition, inputs.length, [[range[0] - reach, range[1] + reach]], limit);
    const judgedUntil = latestJudged(heads, work);
    const until = wholeUntil(read);
    const all = firingHits(detector, read.hits, Math.min(judgedUntil, decidedUntil(detector, read)));
    const fired = all.filter(({ time }) => range[0] <= time! && time! <= range[1]);
    const isStale = (day: number): boolean =>
      hasCeased(heads.get(day)?.episodes ?? [], fired, range, mayCease && day < dayAt(work.over));
    if (until === Infinity && days.some(isStale)) {
      const settled = await settle(detector, { place, days: new Set(days), isReplaced: forced.size > 0 }, work);
      return { changes: [...changes, ...settled], uncounted: [] };
    }
    const found = new Map<Day, Episode[]>();
    for (const day of days) {
      const run = { partition, day, quietMilliseconds };
      const parts = [...(heads.get(day)?.episodes ?? []), ...episodesOf(firedOn(day, fired), run)];
      found.set(day, day >= dayAt(until) ? uniteCut(parts, run) : unite(parts, run));
    }
    const judged = new Set(heads.keys());
    await connect(detector, place, heads, found, store, mayCease);
    let isDone = true;
    for (const [day, episodes] of found) {
      const before = heads.get(day);
      if (!forced.has(day) && isSame(episodes, before?.episodes)) continue;
      const after = headAfter(before, place, day, episodes, judged.has(day) ? judgedUntil : undefined);
      if (await store.putHead(after, before)) {
        changes.push({ before, after });
        forced.delete(day);
      }
      isDone = false;
    }
    if (isDone) return { changes, uncounted: days.filter((day) => hasUncounted(found.get(day))) };
  }
  throw tooManyAttempts(place);
}

/**
 * Whether something in a range of time that episodes hold fires no more, as far as they list it. What they do not list is
 * looked at when the day is over, and the events are counted; after that, it may have ceased.
 */
function hasCeased(episodes: Episode[], fired: Hit[], [from, to]: [number, number], isDayOver: boolean): boolean {
  const keys = new Set(fired.map(({ key }) => key));
  const times = new Set(fired.map(({ time }) => time));
  return episodes.some(({ lastSeen, count, evidence }) => {
    if (evidence.some(({ key, time }) => from <= time! && time! <= to && !keys.has(key))) return true;
    // An event with two hits is listed once, at the first of them.
    if (from <= lastSeen! && lastSeen! <= to && !times.has(lastSeen)) return true;
    return isDayOver && count > evidence.length && evidence.at(-1)!.time! <= to && from <= lastSeen!;
  });
}
