import { DAY_MILLISECONDS } from '../events/time';
import type { Correlation } from './correlation';
import type { Touched } from './gather';
import type { Rule } from './rule';

/** How long after its end a window is judged: as long as events are on their way, mostly. */
export const GRACE_MILLISECONDS = 15 * 60_000;

/** How late an event may come and still count for everything: longer than any queue keeps a message. */
export const LATENESS_MILLISECONDS = 15 * DAY_MILLISECONDS;

/** When every window with a hit of a partition is over, and events on their way have had time to arrive. */
export function dueTime(detector: Rule | Correlation, { days, hits }: Touched, now: number): number {
  const timespan = detector.kind === 'rule' ? 0 : detector.window.timespanMilliseconds;
  // The hits of a chain are not stored: somewhere on their days they are.
  const ends =
    hits.length > 0
      ? hits.map(({ time }) => time ?? 0)
      : [...days].map((day) => (typeof day === 'number' ? (day + 1) * DAY_MILLISECONDS : 0));
  // A window is over when its last moment has passed.
  return Math.max(now, ...ends.map((end) => end + timespan + 1)) + GRACE_MILLISECONDS;
}
