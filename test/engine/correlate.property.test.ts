import fc from 'fast-check';
import { changes } from '../../engine/changes';
import type { Finding } from '../../engine/finding';
import { rank } from '../../engine/level';
import type { Ruleset } from '../../engine/ruleset';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { file, findingsIn, findingsOf, inBatches, standing } from './filing';
import { Recorded } from './recorded-store';
import { ruleOf, rulesetOf } from './support';

/*
 * Whatever the ruleset, the findings depend only on which events were seen: not on their order, on duplicates, on batches,
 * on workers at the same time, or on workers that die.
 */

const MINUTE = 60_000;
const MIDNIGHT = Date.UTC(2026, 0, 6);

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

const firstSeen = fc
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

function correlation(name: string, inputs: string[], groups: string[][], isInner = false): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      said: body(inputs, isInner),
      timespan: span,
      quiet,
      group: fc.constantFrom(...groups),
      generate: fc.boolean(),
      level: levels,
    })
    .map(({ said, timespan, quiet: own, group, generate, level }) => ({
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
      privwatch: { title: `{f} of {actor} in ${name} on {resource}`, ...(own !== undefined && { quiet: own }) },
    }));
}

const bases = ['a', 'b', 'c'].map(base);
const GROUPS = [['g'], ['g', 'h'], []];
const flat = fc.tuple(
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
const ruleset: fc.Arbitrary<JsonObject[]> = fc.oneof(flat, chained);

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
const events = fc.array(event, { minLength: 1, maxLength: 14 });

interface Arrival {
  list: Event[];
  /** The same, shuffled, some of them twice. */
  batches: Event[][];
}

const arrival: fc.Arbitrary<Arrival> = events.chain((list) =>
  fc
    .subarray(list)
    .chain((twice) => fc.shuffledSubarray([...list, ...twice], { minLength: list.length + twice.length }))
    .chain((arrived) =>
      fc
        .array(fc.integer({ min: 1, max: 5 }), { minLength: arrived.length, maxLength: arrived.length })
        .map((sizes) => ({ list, batches: inSizes(arrived, sizes) })),
    ),
);

function inSizes(list: Event[], sizes: number[]): Event[][] {
  const batches: Event[][] = [];
  for (let from = 0; from < list.length; from += sizes[batches.length - 1]!) {
    batches.push(list.slice(from, from + sizes[batches.length]!));
  }
  return batches;
}

/** Windows that end before this are over; the same for all, as a clock that all read would say. */
const over = fc.constantFrom(Infinity, MIDNIGHT + 30 * MINUTE);

describe('The findings depend only on which events were seen', () => {
  test('in any order, however often, in whatever batches', async () => {
    await fc.assert(
      fc.asyncProperty(ruleset, arrival, over, async (documents, { list, batches }, end) => {
        const set = rulesetOf(documents);
        const wanted = await findingsOf(list, set, end);
        expect(await findingsOf(batches.flat(), set, end)).toEqual(wanted);
        expect(standing((await inBatches(batches, set, end)).flat())).toEqual(wanted);
        expect(new Set(wanted.map(({ id }) => id)).size).toBe(wanted.length);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['stall', 0],
    ['stall, die and try again', 0.03],
  ])('with workers at the same time, who %s', async (_how, mortality) => {
    await fc.assert(
      fc.asyncProperty(
        ruleset,
        arrival,
        over,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (documents, { list, batches }, end, luck) => {
          const set = rulesetOf(documents);
          let deaths = 20;
          const chance = (): number => luck.next().value as number;
          const store = new Recorded(async () => {
            const stall = chance() < 0.03 ? 2000 : 4;
            for (let left = Math.floor(chance() * stall); left > 0; left--) await Promise.resolve();
            if (deaths > 0 && chance() < mortality) {
              deaths--;
              throw new Error('dead');
            }
          });
          const worker = async (batch: Event[]): Promise<void> => {
            for (;;) {
              try {
                await file(batch, set, store, end);
                return;
              } catch (error) {
                if ((error as Error).message !== 'dead') throw error;
              }
            }
          };
          await Promise.all(batches.map(worker));
          const wanted = await findingsOf(list, set, end);
          expect(findingsIn(store.heads(), set)).toEqual(wanted);
          expect(standing(store.changes(set))).toEqual(wanted);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('where a slow worker writes what a quick one, who has seen more, found no longer true', async () => {
    const set = rulesetOf([
      ...['a', 'b'].map((name) => ruleOf({ 'rules|contains': name }, { name, title: name })),
      {
        title: 'a alone',
        correlation: { type: 'temporal', condition: 'a and not b', 'group-by': ['g'], timespan: '5m' },
      },
    ]);
    const [a, b] = ['a', 'b'].map((rules, i) => {
      const eventTime = new Date(MIDNIGHT + i * MINUTE).toISOString();
      return makeEvent(sources.cloudtrail, { eventID: rules, rules, g: 'u', eventTime });
    }) as [Event, Event];
    let isQuickDone = false;
    const store: Recorded = new Recorded(async (step) => {
      if (step !== 'putHead' || isQuickDone) return;
      isQuickDone = true;
      expect(await file([b], set, store)).toEqual([]);
    });
    await file([a], set, store);
    expect(isQuickDone).toBe(true);
    expect(findingsIn(store.heads(), set)).toEqual([]);
  });

  test('and nothing is written when nothing changed', async () => {
    await fc.assert(
      fc.asyncProperty(ruleset, events, async (documents, list) => {
        const set = rulesetOf(documents);
        const store = new Recorded();
        await file(list, set, store);
        expect(await file(list, set, store)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('One page for one thing', () => {
  /** What a finding was made of: how often it was created, the levels it was paged at, and how many it took the place of. */
  interface Past {
    created: number;
    levels: Finding['severity'][];
    joined: number;
  }

  /** Follows the findings through the writes of heads, by id, into those that supersede them. */
  function pastsOf({ written }: Recorded, set: Ruleset): Map<string, Past> {
    const pasts = new Map<string, Past>();
    for (const change of written) {
      const list = changes(change, set);
      for (const one of list) {
        if (one.kind !== 'superseded') continue;
        const gone = pasts.get(one.finding.id)!;
        const heir = pasts.get(one.by);
        pasts.delete(one.finding.id);
        pasts.set(one.by, {
          created: gone.created + (heir?.created ?? 0),
          levels: [...gone.levels, ...(heir?.levels ?? [])],
          joined: gone.joined + (heir ? heir.joined + 1 : 0),
        });
      }
      for (const { kind, finding } of list) {
        expect(kind).not.toBe('withdrawn');
        if (kind === 'created') pasts.set(finding.id, { created: 1, levels: [finding.severity], joined: 0 });
        if (kind !== 'raised') continue;
        const { levels } = pasts.get(finding.id)!;
        expect(rank(finding.severity)).toBeGreaterThan(Math.max(...levels.map(rank)));
        levels.push(finding.severity);
      }
    }
    return pasts;
  }

  const growing = fc
    .tuple(...bases, firstSeen, correlation('p', ['a', 'b'], GROUPS, true), correlation('q', ['c'], GROUPS, true))
    .filter((documents) => !JSON.stringify(documents).includes('value_sum'));

  test('a finding is paged once, once more for each that it turned out to be one with, and where it is worse', async () => {
    await fc.assert(
      fc.asyncProperty(growing, arrival, async (documents, { list, batches }) => {
        const set = rulesetOf(documents);
        const store = new Recorded();
        const once = new Map([...list].reverse().map((each) => [each.id, each]));
        for (const batch of batches)
          await file(
            batch.map(({ id }) => once.get(id)!),
            set,
            store,
          );
        const pasts = pastsOf(store, set);
        const findings = findingsIn(store.heads(), set);
        expect([...pasts.keys()].sort()).toEqual(findings.map(({ id }) => id).sort());
        for (const { id, severity } of findings) {
          const { created, levels, joined } = pasts.get(id)!;
          expect(created).toBe(1 + joined);
          expect(levels.map(rank)).toContain(rank(severity));
        }
      }),
      { numRuns: 150 },
    );
  });
});
