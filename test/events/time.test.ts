import fc from 'fast-check';
import { formatTime, parseTime, parseTimespan } from '../../events/time';

describe('a time', () => {
  test.each<[string, string]>([
    ['2026-01-05T23:10:00Z', '2026-01-05T23:10:00Z'],
    ['2026-01-05t23:10:00z', '2026-01-05T23:10:00Z'],
    ['2026-01-05 23:10:00', '2026-01-05T23:10:00Z'],
    ['2026-01-05T23:10:00', '2026-01-05T23:10:00Z'],
    [' 2026-01-05T23:10:00Z\n', '2026-01-05T23:10:00Z'],
    ['2026-01-05T23:10:00+02:00', '2026-01-05T21:10:00Z'],
    ['2026-01-05T23:10:00-0730', '2026-01-06T06:40:00Z'],
    ['2026-01-05T23:10:00.5Z', '2026-01-05T23:10:00.500Z'],
    ['2026-01-05T23:10:00.071Z', '2026-01-05T23:10:00.071Z'],
    ['2026-01-05T23:10:00.999999999Z', '2026-01-05T23:10:00.999Z'],
    ['2024-06-02 19:41:40.000000000', '2024-06-02T19:41:40Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['2026-12-31T23:59:60Z', '2027-01-01T00:00:00Z'],
  ])('%j is %s', (value, iso) => {
    expect(parseTime(value)).toBe(Date.parse(iso));
  });

  test.each<[unknown]>([
    ['2026-02-29T00:00:00Z'],
    ['2026-13-01T00:00:00Z'],
    ['2026-00-10T00:00:00Z'],
    ['2026-04-31T00:00:00Z'],
    ['2026-01-05T24:00:00Z'],
    ['2026-01-05T23:60:00Z'],
    ['2026-01-05T23:10:00+24:00'],
    ['2026-01-05T23:10:00+01:60'],
    ['0001-01-01T00:00:00Z'],
    ['2026-01-05'],
    ['2026-01-05T23:10Z'],
    ['20260105T231000Z'],
    ['Mon, 05 Jan 2026 23:10:00 GMT'],
    ['yesterday'],
    ['...'],
    [''],
    [`2026-01-05T23:10:00Z${' '.repeat(100)}`],
    [1767654600],
    [null],
    [undefined],
    [{}],
  ])('%j is none', (value) => {
    expect(parseTime(value)).toBeUndefined();
  });

  test('that is written is read again as it was, to the millisecond', () => {
    const times = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
    fc.assert(fc.property(times, (date) => expect(parseTime(formatTime(date.getTime()))).toBe(date.getTime())));
  });

  test('is written without its milliseconds when it has none', () => {
    expect(formatTime(1767654600000)).toBe('2026-01-05T23:10:00Z');
    expect(formatTime(1767654600001)).toBe('2026-01-05T23:10:00.001Z');
  });
});

describe('a timespan', () => {
  test.each<[unknown, number | undefined]>([
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['0s', undefined],
    ['1M', undefined],
    ['1y', undefined],
    ['-1h', undefined],
    ['1.5h', undefined],
    ['1 h', undefined],
    ['h', undefined],
    [60, undefined],
    [null, undefined],
  ])('of %j is %j milliseconds', (value, milliseconds) => {
    expect(parseTimespan(value)).toBe(milliseconds);
  });
});
