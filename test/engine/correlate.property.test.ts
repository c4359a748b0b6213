import fc from 'fast-check';
import { correlate } from '../../engine/correlate';
import { match } from '../../engine/match';
import { MemoryStore } from '../../state/memory';
import { changes } from '../../engine/changes';
import type { Finding } from '../../engine/finding';
import { rank } from '../../engine/level';
import type { Ruleset } from '../../engine/ruleset';
import { makeEvent, sources, type Event } from '../../events/event';
import { arrival, bases, correlation, events, firstSeen, GROUPS, MIDNIGHT, MINUTE, ruleset, runs } from './arbitraries';
import { file, findingsIn, findingsOf, inBatches, standing } from './filing';
import { Recorded } from './recorded-store';
import { ruleOf, rulesetOf } from './support';

/*
 * Whatever the ruleset, the findings depend only on which events were seen: not on their order, on duplicates, on batches,
 * on workers at the same time, or on workers that die.
 */

function laterBy({ time }: Event, milliseconds: number): string {
  return new Date((time ?? MIDNIGHT) + milliseconds).toISOString();
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
      runs(150),
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
      runs(100),
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

  test('also where what is older than the lateness is forgotten, if no event comes later than that', async () => {
    const DAY = 24 * 60 * MINUTE;
    const away = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 14, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(ruleset, events, away, async (documents, list, days) => {
        const set = rulesetOf(documents);
        const spread = list
          .map((one, i) => makeEvent(sources.cloudtrail, { ...one.record, eventTime: laterBy(one, days[i]! * DAY) }))
          .sort((a, b) => a.time! - b.time!);
        const store = new MemoryStore();
        const { changes: written, tooLate } = await correlate(
          spread.flatMap((one) => match(one, set)),
          set,
          store,
          { lateness: { milliseconds: 2 * DAY, forget: store.forget.bind(store) } },
        );
        expect(tooLate).toBe(0);
        const once = spread.filter((one, i) => spread.findIndex(({ key }) => key === one.key) === i);
        fc.pre(once.length === spread.length);
        expect(standing(written.flatMap((change) => changes(change, set)))).toEqual(await findingsOf(spread, set));
      }),
      runs(100),
    );
  });

  test('and nothing is written when nothing changed', async () => {
    await fc.assert(
      fc.asyncProperty(ruleset, events, async (documents, list) => {
        const set = rulesetOf(documents);
        const store = new Recorded();
        await file(list, set, store);
        expect(await file(list, set, store)).toEqual([]);
      }),
      runs(100),
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
      runs(150),
    );
  });
});
