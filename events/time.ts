const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d))?$/i;

/**
 * Milliseconds since the epoch of an ISO 8601 date-time, or undefined if the text is not one. A text without a zone is
 * UTC: that is how CloudTrail and GuardDuty write their times.
 *
 * @example parseTime('2026-01-05T23:10:00Z') // 1767654600000
 */
export function parseTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const m = ISO.exec(value.trim());
  if (!m) return undefined;
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const milliseconds = m[7] ? Math.floor(Number(`0.${m[7]}`) * 1000) : 0;
  const utc = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 1970 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = m[9] ? (Number(m[10]) * 60 + Number(m[11])) * 60_000 * (m[9] === '-' ? -1 : 1) : 0;
  return utc - offset;
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
