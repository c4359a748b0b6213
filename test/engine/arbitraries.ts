import fc from 'fast-check';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { ruleOf } from './support';

/* Random rulesets and events, made so that what can go wrong is frequent: ends of windows, silences and days; amended events. */

/** How often a property is tried: `PROPERTY_TIMES=10 npx jest property` tries ten times as often. */
export function runs(usual: number): { numRuns: number } {
  return { numRuns: usual * Number(process.env['PROPERTY_TIMES'] ?? 1) };
}

export const MINUTE = 60_000;
export const MIDNIGHT = Date.UTC(2026, 0, 6);

// ---- rulesets ------------------------------------------------------------------------------------------------------

const span = fc.constantFrom('5m', '20m', '1h', '36h');
const quiet = fc.option(fc.constantFrom('1m', '20m', '30h'), { nil: undefined });
const levels = fc.constantFrom('low', 'medium', 'high');

const base = (name: string): fc.Arbitrary<JsonObject> =>
  fc.constant(
    ruleOf(
      { 'rules|contains': name },
      {
        ...{ name, title: name },
        privwatch: {
          ...{ group: ['g'], quiet: '20m', severity: [{ when: { f: 'x' }, level: 'critical' }] },
          entities: { resources: [{ type: 'Other', name: name === 'a' ? '$.f' : '$.n' }] },
        },
      },
    ),
  );

export const firstSeen = fc
  .constantFrom('20m', '3h', '2d')
  .map((forget) =>
    ruleOf(
      { 'rules|contains': 's' },
      { name: 's', title: 's', privwatch: { first_seen: { fields: ['g', 'f'], forget } } },
    ),
  );

/** What a correlation of some inputs may say, and be an input itself if it `isInner`. */
function body(inputs: string[], isInner: boolean): fc.Arbitrary<JsonObject> {
  const growing: JsonObject[] = [{ gte: 1 }, { gt: 1 }, { gte: 2 }, { gte: 3 }];
  const tests = fc.constantFrom(...growing, ...(isInner ? [] : [{ lt: 2 }, { lte: 2 }, { eq: 1 }, { neq: 2 }]));
  const withField = (field: string): fc.Arbitrary<JsonObject> => tests.map((condition) => ({ ...condition, field }));
  const counted = (type: string, condition: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> =>
    condition.map((chosen) => ({ type, rules: inputs, condition: chosen }));
  const [first, second] = inputs;
  const extended = isInner ? [`${first} or ${second}`] : [`${first} and not ${second}`, `${first} or not ${second}`];
  return fc.oneof(
    counted('event_count', tests),
    counted('value_count', withField('f')),
    counted('value_sum', withField('n')),
    fc.constant({ type: 'temporal', rules: inputs }),
    fc.constant({ type: 'temporal_ordered', rules: inputs }),
    ...(isInner ? [] : [counted('value_avg', withField('n')), counted('value_median', withField('n'))]),
    ...(second === undefined || inputs.length > 2
      ? []
      : extended.map((condition) => fc.constant<JsonObject>({ type: 'temporal', condition }))),
  );
}

export function correlation(
  name: string,
  inputs: string[],
  groups: string[][],
  isInner = false,
): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      said: body(inputs, isInner),
      timespan: span,
      quiet,
      group: fc.constantFrom(...groups),
      generate: fc.boolean(),
      level: levels,
      lastOnly: fc.boolean(),
    })
    .map(({ said, timespan, quiet: own, group, generate, level, lastOnly }) => ({
      ...{ title: name, name, level },
      correlation: {
        ...said,
        timespan,
        generate,
        ...(group.length > 0 && { 'group-by': group }),
        ...(group.includes('alias') && {
          aliases: { alias: Object.fromEntries(inputs.map((rule, i) => [rule, i ? 'h' : 'g'])) },
        }),
      },
      privwatch: {
        title: `{f} of {actor} in ${name} on {resource}`,
        ...(own !== undefined && { quiet: own }),
        ...(!isInner && lastOnly && said['type'] === 'temporal_ordered' && { last_only: true }),
      },
    }));
}

export const bases = ['a', 'b', 'c'].map(base);
export const GROUPS = [['g'], ['g', 'h'], []];
export const flat = fc.tuple(
  ...bases,
  firstSeen,
  correlation('p', ['a', 'b'], [...GROUPS, ['alias']]),
  correlation('q', ['c'], GROUPS),
);
const chained = fc.tuple(
  ...bases,
  correlation('inner', ['a', 'b'], [['g'], ['g', 'h']], true),
  correlation('middle', ['inner', 'b'], [['g'], ['h'], []], true),
  correlation('outer', ['inner', 'c'], GROUPS),
  correlation('top', ['middle', 'inner'], [['g'], []]),
);
export const ruleset: fc.Arbitrary<JsonObject[]> = fc.oneof(flat, chained);

// ---- events --------------------------------------------------------------------------------------------------------

/** Around midnights and full hours, so that the ends of windows, silences and days are hit. */
const minutes = fc
  .tuple(fc.constantFrom(0, 0, 0, 0, 0, -20, 60, -1440, 1440), fc.constantFrom(0, 0, 1, -1, 5, -5, 10, 20, -20))
  .map(([around, by]) => around + by);
const event = fc
  .record({
    id: fc.oneof(fc.nat(14), fc.nat(1000)),
    at: fc.option(minutes, { nil: undefined, freq: 20 }),
    rules: fc.subarray(['a', 'b', 'c', 's'], { minLength: 1 }),
    g: fc.constantFrom('u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'v', ['u'], ['u', 'v'], null),
    h: fc.constantFrom('u', 'u', 'u', 'w', undefined),
    f: fc.constantFrom('x', 'y', 'z', null),
    n: fc.constantFrom(1, '2', -1, 'x'),
    isAmended: fc.boolean(),
  })
  .map(({ id, at, rules, g, h, f, n, isAmended }) =>
    makeEvent(sources.cloudtrail, {
      eventID: `${String(id).padStart(8, '0')}-1234-4abc-8abc-123456789abc`,
      recipientAccountId: '111122223333',
      eventName: 'CreateUser',
      ...(at !== undefined && { eventTime: new Date(MIDNIGHT + at * MINUTE).toISOString() }),
      ...(isAmended && { addendum: { reason: 'DELIVERY_DELAY' } }),
      ...{ rules: rules.join(''), g, f, n, ...(h !== undefined && { h }) },
    }),
  );
export const events = fc.array(event, { minLength: 1, maxLength: 14 });

export interface Arrival {
  list: Event[];
  /** The same, shuffled, some of them twice. */
  batches: Event[][];
}

export const arrivalOf = (all: fc.Arbitrary<Event[]>): fc.Arbitrary<Arrival> =>
  all.chain((list) =>
    fc
      .subarray(list)
      .chain((twice) => fc.shuffledSubarray([...list, ...twice], { minLength: list.length + twice.length }))
      .chain((arrived) =>
        fc
          .array(fc.integer({ min: 1, max: 5 }), { minLength: arrived.length, maxLength: arrived.length })
          .map((sizes) => ({ list, batches: inSizes(arrived, sizes) })),
      ),
  );

export const arrival = arrivalOf(events);

function inSizes(list: Event[], sizes: number[]): Event[][] {
  const batches: Event[][] = [];
  for (let from = 0; from < list.length; from += sizes[batches.length - 1]!) {
    batches.push(list.slice(from, from + sizes[batches.length]!));
  }
  return batches;
}
