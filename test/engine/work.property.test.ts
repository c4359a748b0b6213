import fc from 'fast-check';
import type { JsonObject } from '../../events/json';
import { MemoryStore } from '../../state/memory';
import { arrival, runs } from './arbitraries';
import { findingsIn, findingsOf } from './filing';
import { Recorded } from './recorded-store';
import { rulesetOf } from './support';
import { live, take, workProperties } from './work-properties';

workProperties('MemoryStore', () => new MemoryStore(), 100);

describe('Without anything due', () => {
  const growing = live.filter((documents) => documents.every(isCertain));

  /** Neither chained, nor made untrue by more events, nor a sum. */
  function isCertain({ correlation, name }: JsonObject): boolean {
    const text = JSON.stringify(correlation ?? '');
    return !/"(?:lte?|eq|neq)"| not |value_sum/.test(text) && name !== 'inner';
  }

  test('workers agree with all events at once, and leave nothing to the sweep', async () => {
    await fc.assert(
      fc.asyncProperty(growing, arrival, async (documents, { list, batches }) => {
        const set = rulesetOf(documents);
        const store = new Recorded();
        const once = new Map(list.map((event) => [event.key, event]));
        const single = [...once.values()];
        for (const batch of batches)
          await take(
            batch.map((event) => once.get(event.key)!),
            set,
            store,
          );
        expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(single, set));
        for await (const due of store.due(Infinity)) expect(due).toBeUndefined();
      }),
      runs(100),
    );
  });
});
