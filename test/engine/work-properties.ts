import fc from 'fast-check';
import type { Store } from '../../engine/store';
import { match } from '../../engine/match';
import { mintsOf } from '../../engine/mint';
import type { Ruleset } from '../../engine/ruleset';
import { sweep } from '../../engine/sweep';
import { work } from '../../engine/work';
import type { Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { arrival, MIDNIGHT, MINUTE, ruleset, runs, type Arrival } from './arbitraries';
import { findingsIn, findingsOf, standing } from './filing';
import { Recorded } from './recorded-store';
import { rulesetOf } from './support';

/*
 * Workers that judge each event from a few hits around it, and what is due swept up behind them: in the end the findings are
 * those of all events judged at once, whatever the order, duplicates, stalls and deaths.
 */

const NOW = MIDNIGHT + 10 * MINUTE;

/** Averages are judged in a replay only. */
export const live = ruleset.filter((documents) => !/value_(?:avg|median)/.test(JSON.stringify(documents)));

export async function take(events: Event[], set: Ruleset, store: Store, now = NOW): Promise<void> {
  await work(
    events.flatMap((event) => [...match(event, set), ...mintsOf(event, set.context)]),
    set,
    store,
    now,
  );
}

async function sweepAll(set: Ruleset, store: Store, now = Infinity): Promise<void> {
  for await (const change of sweep(set, store, now)) void change;
}

async function expectAgreement(list: Event[], set: Ruleset, store: Recorded): Promise<void> {
  await sweepAll(set, store);
  const wanted = await findingsOf(list, set);
  expect(findingsIn(store.heads(), set)).toEqual(wanted);
  expect(standing(store.changes(set))).toEqual(wanted);
}

/** What has to hold of every store: each run gets an empty one. */
export function workProperties(
  name: string,
  makeStore: () => Store | Promise<Store>,
  times: number,
  documentsOf: fc.Arbitrary<JsonObject[]> = live,
  arrivals: fc.Arbitrary<Arrival> = arrival,
): void {
  describe(`Workers, and the sweep behind them: ${name}`, () => {
    test('agree with all events at once', async () => {
      await fc.assert(
        fc.asyncProperty(documentsOf, arrivals, async (documents, { list, batches }) => {
          const set = rulesetOf(documents);
          const store = new Recorded(undefined, await makeStore());
          for (const batch of batches) await take(batch, set, store);
          await expectAgreement(list, set, store);
        }),
        runs(times),
      );
    });

    test.each([
      ['stall', 0],
      ['stall, die and try again', 0.03],
    ])('also where they %s', async (_how, mortality) => {
      await fc.assert(
        fc.asyncProperty(
          documentsOf,
          arrivals,
          fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
          async (documents, { list, batches }, luck) => {
            const set = rulesetOf(documents);
            let deaths = 20;
            const chance = (): number => luck.next().value as number;
            const store = new Recorded(
              async () => {
                const stall = chance() < 0.03 ? 2000 : 4;
                for (let left = Math.floor(chance() * stall); left > 0; left--) await Promise.resolve();
                if (deaths > 0 && chance() < mortality) {
                  deaths--;
                  throw new Error('dead');
                }
              },
              await makeStore(),
            );
            const untilDone = async (act: () => Promise<void>): Promise<void> => {
              for (;;) {
                try {
                  return await act();
                } catch (error) {
                  if ((error as Error).message !== 'dead') throw error;
                }
              }
            };
            const sweeper = async (): Promise<void> => {
              for (let i = 0; i < 3; i++) {
                await untilDone(() => sweepAll(set, store, NOW + 30 * MINUTE));
                await Promise.resolve();
              }
            };
            // What comes in the second half is late: all windows of the first were judged.
            const middle = Math.floor(chance() * (batches.length + 1));
            for (const half of [batches.slice(0, middle), batches.slice(middle)]) {
              await Promise.all([...half.map((batch) => untilDone(() => take(batch, set, store))), sweeper()]);
              await untilDone(() => sweepAll(set, store));
            }
            await expectAgreement(list, set, store);
          },
        ),
        runs(times),
      );
    });
  });
}
