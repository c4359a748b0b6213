import { costCommand, type CostOptions } from '../../bench/cost/options';
import { lateTimes, nextTimes, SPREADS, timesOf } from '../../bench/cost/hits';
import { measure, type Measured } from '../../bench/cost/measure';
import { costTables } from '../../bench/cost/table';

// DynamoDB in this process takes its time where others want the processor.
jest.setTimeout(60_000);

function parse(...argv: string[]): CostOptions {
  const command = costCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(argv, { from: 'user' }).opts<CostOptions>();
}

describe('Options of the cost command', () => {
  test('are lists with commas', () => {
    expect(parse('--hits', '10,1000', '--types', 'plain,value_sum')).toMatchObject({
      hits: [10, 1000],
      types: ['plain', 'value_sum'],
      spreads: ['burst', 'days'],
    });
  });

  test.each([
    ['--hits', '0'],
    ['--hits', '10,'],
    ['--hits', 'many'],
    ['--types', 'plain,value_mode'],
    ['--spreads', 'weeks'],
  ])('%s %s is refused', (...argv) => {
    expect(() => parse(...argv)).toThrow(/is invalid/);
  });
});

describe('Hits to measure with', () => {
  test.each(SPREADS)('%s: in order, on whole seconds, and as many as were asked for', (spread) => {
    const times = timesOf(spread, 1000);
    expect(times).toHaveLength(1000);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.every((time) => time % 1000 === 0)).toBe(true);
  });

  test.each(SPREADS)('%s: the next are behind them, the late ones among them', (spread) => {
    const times = timesOf(spread, 10);
    expect(Math.min(...nextTimes(spread, 10, 3))).toBeGreaterThan(times.at(-1)!);
    for (const time of lateTimes(spread, 10, 3)) expect(times).toContain(time);
  });
});

describe('What hits cost', () => {
  test('of a plain rule', async () => {
    const measured = await measure({ type: 'plain', spread: 'burst', hits: 10, isFull: false });
    // Reads the head, then the hit; writes the hit, its place in the index, and a head of one or two units.
    expect(measured.next.read).toBe(2);
    expect(measured.next.write).toBeGreaterThanOrEqual(3);
    expect(measured.next.write).toBeLessThanOrEqual(4);
    expect(measured.headBytes).toBeGreaterThan(512);
    expect(measured.headBytes).toBeLessThan(2048);
  });

  test('is the same if the hits came one by one', async () => {
    const one = { type: 'event_count', spread: 'burst', hits: 10 } as const;
    const [stored, full] = [await measure({ ...one, isFull: false }), await measure({ ...one, isFull: true })];
    expect(stored.next.read).toBeGreaterThan(2);
    expect(full.next).toEqual(stored.next);
    expect(full.late).toEqual(stored.late);
  });

  test('is told in tables: a row for each detector and spread, a column for each number of hits', () => {
    const units = { read: 0.125, write: 3 };
    const one = { type: 'plain', spread: 'days', isFull: false, late: units, sweep: units, headBytes: 12_345 } as const;
    const all: Measured[] = [
      { ...one, hits: 10, next: { read: 0, write: 0.004 } },
      { ...one, hits: 1000, next: { read: 53.26, write: 7 } },
    ];
    const [title, , header, rule, row] = costTables(all).split('\n');
    expect(title).toMatch(/^One more hit, the latest/);
    expect(header).toBe('| detector | hits are    |   10 hits | 1,000 hits |');
    expect(rule).toBe('| -------- | ----------- | --------: | ---------: |');
    expect(row).toBe('| plain    | over 5 days | 0 + <0.01 | 53.3 + 7.0 |');
    expect(costTables(all)).toContain('12,345');
  });
});
