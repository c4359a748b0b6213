import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import type { Store } from '../../engine/store';
import { sweep } from '../../engine/sweep';
import { work } from '../../engine/work';
import type { Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { MemoryStore } from '../../state/memory';
import { MIDNIGHT } from './arbitraries';
import { findingsIn, findingsOf } from './filing';
import { Recorded } from './recorded-store';
import { eventsFrom, ruleOf, rulesetOf } from './support';

/*
 * Every way in which the steps of two or three workers, each with an event, can follow one another. A step is one call of
 * the store; between them a worker holds nothing that others can see.
 */

/**
 * Runs workers step by step: at each step, `choose` says which of those that are not done goes on.
 *
 * @param switches so often may a worker be left for another before it is done
 */
async function interleave(
  workers: ((store: Store) => Promise<void>)[],
  store: Store,
  switches: number,
  choose: (options: number) => number,
): Promise<void> {
  let last = -1;
  let left = switches;
  const waiting = new Map<number, () => void>();
  let running = workers.length;
  const runs = workers.map(async (worker, i) => {
    const gated = new Proxy(store, {
      get(target, name: keyof Store) {
        const step = (): Promise<void> => new Promise((resolve) => waiting.set(i, resolve));
        if (name === 'due') {
          return async function* (until: number): ReturnType<Store['due']> {
            await step();
            yield* target.due(until);
          };
        }
        const call = target[name].bind(target) as (...parameters: unknown[]) => unknown;
        return async (...parameters: unknown[]) => {
          await step();
          return call(...parameters);
        };
      },
    });
    await worker(gated).finally(() => running--);
  });
  while (running > 0) {
    // All that can go on without a step has gone on.
    await new Promise(setImmediate);
    const ready = [...waiting.keys()].sort((a, b) => Number(b === last) - Number(a === last) || a - b);
    if (ready.length === 0) continue;
    const mayGoOn = ready[0] === last;
    const chosen = ready[mayGoOn && left === 0 ? 0 : choose(ready.length)]!;
    if (mayGoOn && chosen !== last) left--;
    last = chosen;
    const go = waiting.get(chosen)!;
    waiting.delete(chosen);
    go();
  }
  await Promise.all(runs);
}

/** Calls `run` with every series of choices that it can be made to ask for. */
async function everyChoice(run: (choose: (options: number) => number) => Promise<void>): Promise<number> {
  let prefix: number[] = [];
  for (let count = 1; ; count++) {
    const made: { choice: number; options: number }[] = [];
    await run((options) => {
      const choice = prefix[made.length] ?? 0;
      made.push({ choice, options });
      return choice;
    });
    while (made.length > 0 && made.at(-1)!.choice === made.at(-1)!.options - 1) made.pop();
    if (made.length === 0) return count;
    prefix = made.map(({ choice }) => choice);
    prefix[prefix.length - 1]!++;
  }
}

const rules = ['a', 'b', 'c'].map((name) =>
  ruleOf({ is: name }, { name, title: name, privwatch: { group: ['g'], quiet: '20m' } }),
);

function counting(correlation: JsonObject, privwatch: JsonObject = {}): Ruleset {
  const names = ['a', 'b', 'c'];
  return rulesetOf([
    ...rules,
    { title: 'counted', privwatch, correlation: { rules: names, 'group-by': ['g'], timespan: '1h', ...correlation } },
  ]);
}

const eventAt = eventsFrom(MIDNIGHT);

describe('Every interleaving of the steps of', () => {
  test.each<[string, number, Ruleset, Event[]]>([
    ['two workers with hits of one run', Infinity, rulesetOf(rules), [eventAt('a', 60), eventAt('a', 70)]],
    ['two workers on either side of midnight', 4, rulesetOf(rules), [eventAt('a', -5), eventAt('a', 5)]],
    [
      'three workers on three days, each of which goes on with the day before',
      1,
      counting({ type: 'event_count', condition: { gte: 1 } }, { quiet: '30h' }),
      [eventAt('a', 5), eventAt('a', -1441), eventAt('a', -5)],
    ],
    ['two workers with the same event', Infinity, rulesetOf(rules), [eventAt('a', 60), eventAt('a', 60)]],
    [
      'two workers with two contents of one event',
      Infinity,
      rulesetOf(rules),
      [eventAt('a', 60), eventAt('a', 60, { eventID: 'a60', eventTime: '2026-01-06T09:00:00Z' })],
    ],
    [
      'two workers with the two that it takes',
      Infinity,
      counting({ type: 'event_count', condition: { gte: 2 } }),
      [eventAt('a', 60), eventAt('b', 70)],
    ],
    [
      'two workers with a sequence',
      3,
      counting({ type: 'temporal_ordered', rules: ['a', 'b'] }),
      [eventAt('b', 70), eventAt('a', 60)],
    ],
    [
      'two workers with a rise and a fall of a sum, and a sweeper',
      3,
      counting({ type: 'value_sum', condition: { gte: 2, field: 'n' } }),
      [eventAt('a', 60, { n: 2 }), eventAt('b', 70, { n: -1 })],
    ],
    [
      'two workers with what must not follow, and a sweeper',
      3,
      counting({ type: 'temporal', rules: ['a', 'b'], condition: 'a and not b' }),
      [eventAt('a', 60), eventAt('b', 70)],
    ],
    [
      'three workers with hits that one of them joins',
      3,
      rulesetOf(rules),
      [eventAt('a', 60), eventAt('a', 90), eventAt('a', 75)],
    ],
  ])(
    '%s (at most %p switches)',
    async (what, switches, set, events) => {
      const wanted = await findingsOf(events, set);
      const count = await everyChoice(async (choose) => {
        const store = new Recorded(undefined, new MemoryStore());
        const sweeper = async (gated: Store): Promise<void> => {
          for await (const change of sweep(set, gated, Infinity)) void change;
        };
        const workers = events.map((event) => async (gated: Store): Promise<void> => {
          await work(match(event, set), set, gated, MIDNIGHT);
        });
        if (what.includes('sweeper')) workers.push(sweeper);
        await interleave(workers, store, switches, choose);
        await sweeper(store);
        expect(findingsIn(store.heads(), set)).toEqual(wanted);
      });
      expect(count).toBeGreaterThan(60);
    },
    60_000,
  );
});
