import { DAY_MILLISECONDS } from '../events/time';
import type { Correlation } from './correlation';
import type { Day } from './episodes';
import type { Hit } from './hit';
import type { Rule } from './rule';

/** How long after its end a window is judged: as long as events are on their way, mostly. */
export const GRACE_MILLISECONDS = 15 * 60_000;

/** How late an event may come and still count for everything: longer than any queue keeps a message. */
export const LATENESS_MILLISECONDS = 15 * DAY_MILLISECONDS;

/** So many hits of each input of a partition are judged at once, the earliest: as many as a function has the memory for. */
export const MAX_READ = 50_000;

/** When every window with one of some hits is over, and events on their way have had time to arrive. */
export function dueTime(detector: Rule | Correlation, hits: Pick<Hit, 'time'>[], now: number): number {
  const timespan = detector.kind === 'rule' ? 0 : detector.window.timespanMilliseconds;
  // A window is over when its last moment has passed.
  return Math.max(now, ...hits.map(({ time = 0 }) => time + timespan + 1)) + GRACE_MILLISECONDS;
}

/** The same for whatever hits there may be on some days. */
export function dueTimeOf(detector: Rule | Correlation, days: Iterable<Day>, now: number): number {
  const ends = [...days].filter((day) => typeof day === 'number').map((day) => (day + 1) * DAY_MILLISECONDS);
  return dueTime(
    detector,
    ends.map((time) => ({ time })),
    now,
  );
}
