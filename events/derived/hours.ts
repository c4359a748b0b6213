import type { BusinessHours } from '../config';

export type Hours = 'inside' | 'outside' | 'unknown';

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri'];
/** In milliseconds. */
const DAY = 86_400_000;

/** Whether this is the name of a time zone: `Europe/Berlin`, `UTC`. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a time is within business hours; unknown where the configuration has none, and of an event without a time.
 *
 * @example makeClock({ timezone: 'Europe/Berlin', from: '08:00', to: '18:00' })(Date.parse('2026-11-25T12:00:00Z')) // inside
 */
export function makeClock(hours: BusinessHours | undefined): (time: number | undefined) => Hours {
  if (!hours) return () => 'unknown';
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: hours.timezone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const days = new Set<string>(hours.days ?? WEEKDAYS);
  const holidays = new Set(hours.holidays ?? []);
  const { from, to } = hours;
  const at = (time: number): Record<string, string> =>
    Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  const isWorkday = ({ weekday = '', year, month, day }: Record<string, string>): boolean =>
    days.has(weekday.toLowerCase()) && !holidays.has(`${year}-${month}-${day}`);
  return (time) => {
    if (time === undefined) return 'unknown';
    const now = at(time);
    const clock = `${now['hour']}:${now['minute']}`;
    // Hours over midnight belong to the day on which they begin.
    const isMorningAfter = from > to && clock < to;
    const isWithin = from <= to ? from <= clock && clock < to : from <= clock || clock < to;
    return isWithin && isWorkday(isMorningAfter ? at(time - DAY) : now) ? 'inside' : 'outside';
  };
}
