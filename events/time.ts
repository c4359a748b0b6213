export const DAY_MILLISECONDS = 86_400_000;

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d))?$/i;

/** The minute that was read last, e.g. `2026-01-05T23:10:`, and when it began: events come in the order of time. */
let lastMinute = '-';
let lastMinuteStart = 0;

/**
 * Milliseconds since the epoch of an ISO 8601 date-time, or undefined if the text is not one. A text without a zone is
 * UTC: that is how CloudTrail and GuardDuty write their times.
 *
 * @example parseTime('2026-01-05T23:10:00Z') // 1767654600000
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  if (value.length === 20 && value.startsWith(lastMinute)) {
    const tens = value.charCodeAt(17) - 48;
    const ones = value.charCodeAt(18) - 48;
    if (tens >= 0 && tens <= 5 && ones >= 0 && ones <= 9 && value.endsWith('Z'))
      return lastMinuteStart + (tens * 10 + ones) * 1000;
  }
  const m = ISO.exec(value.trim());
  if (!m) return undefined;
  type Six = [number, number, number, number, number, number];
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as Six;
  const [zoneHours, zoneMinutes] = [Number(m[10] ?? 0), Number(m[11] ?? 0)];
  if (hour > 23 || minute > 59 || second > 60 || zoneHours > 23 || zoneMinutes > 59) return undefined;
  const milliseconds = Number((m[7] ?? '').padEnd(3, '0').slice(0, 3));
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 1970 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (zoneHours * 60 + zoneMinutes) * 60_000;
  if (value.length === 20 && m[8] === 'Z') {
    lastMinute = value.slice(0, 17);
    lastMinuteStart = utc - second * 1000;
  }
  const time = m[9] === '-' ? utc + offset : utc - offset;
  return time < 0 ? undefined : time;
}

/** ISO 8601 in UTC, without the milliseconds when there are none: `2026-01-05T23:10:00Z`. */
export function formatTime(epochMilliseconds: number): string {
  return new Date(epochMilliseconds).toISOString().replace('.000Z', 'Z');
}

const UNIT_MILLISECONDS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * Milliseconds of a Sigma timespan (`30s`, `10m`, `1h`, `7d`, `2w`), or undefined if the text is not one.
 * Sigma specification, "Sigma Correlation Rules Specification", timespan.
 */
export function parseTimespan(value: unknown): number | undefined {
  const m = typeof value === 'string' ? /^(\d{1,6})([smhdw])$/.exec(value) : null;
  const milliseconds = m ? Number(m[1]) * (UNIT_MILLISECONDS[m[2]!] ?? NaN) : NaN;
  return milliseconds > 0 ? milliseconds : undefined;
}
