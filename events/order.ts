import { readEvents, STDIN } from './read';
import { parseTime } from './time';
import type { Event } from './event';

/**
 * Files by when what is in them begins: CloudTrail writes it into their names (`…_20260305T1420Z_….json.gz`), others are
 * read for it. Standard input, which can be read only once, comes first.
 */
export async function inTimeOrder(files: string[]): Promise<string[]> {
  const timed: { file: string; time: number }[] = [];
  for (const file of files) timed.push({ file, time: timeInName(file) ?? (await earliestIn(file)) });
  return timed.sort((a, b) => a.time - b.time).map(({ file }) => file);
}

/** Sorts events by time; those without one come first, and those of the same time stay as they are. */
export function sortByTime(events: Event[]): void {
  events.sort((a, b) => (a.time ?? 0) - (b.time ?? 0));
}

function timeInName(file: string): number | undefined {
  const [, day, hour, minute] = /_(\d{8})T(\d\d)(\d\d)Z_[^/\\]*$/.exec(file) ?? [];
  if (day === undefined) return undefined;
  return parseTime(`${day.replace(/^(\d{4})(\d\d)/, '$1-$2-')}T${hour}:${minute}:00Z`);
}

async function earliestIn(file: string): Promise<number> {
  let earliest = Infinity;
  if (file === STDIN) return 0;
  for await (const { events } of readEvents([file]))
    for (const { time } of events) if (time !== undefined && time < earliest) earliest = time;
  // Nothing in it has a time: it makes nothing else late.
  return earliest === Infinity ? 0 : earliest;
}
