import type { Head, Link, Store } from '../../engine/store';
import type { Hit } from '../../engine/hit';

const DAY = 86_400_000;
const MORNING = 20_000 * DAY + 36_000_000;

export function hitOf(more: Partial<Hit> = {}): Hit {
  return {
    ...{
      partition: 'p'.repeat(32),
      detectorId: 'd',
      group: { a: '1' },
      key: 'k',
      eventId: 'k',
      time: MORNING,
      revision: '',
    },
    ...{ digest: 'b', level: 'low', resources: [], expired: [] },
    id: more.key ?? 'k',
    content: {
      title: 'T',
      actor: {
        id: 'a',
        kind: 'role',
        name: 'a',
        account: null,
        session: null,
        human: 'unknown',
        mfa: 'unknown',
        accessKeyId: null,
      },
      ...{
        account: null,
        region: null,
        action: { source: 's', name: 'n', error: null },
        from: { address: null, userAgent: null },
      },
    },
    ...more,
  };
}

function headOf(more: Partial<Head> = {}): Head {
  return {
    partition: 'p'.repeat(32),
    detectorId: 'd',
    group: { a: '1' },
    day: 20_000,
    version: 1,
    episodes: [],
    ...more,
  };
}

function linkOf(source: string, target: string, day: number): Link {
  const place = (partition: string): Link['source'] => ({ partition, detectorId: partition, group: {} });
  return { source: place(source), target: place(target), day };
}

/** What correlation asks of every {@link Store}: each test gets an empty one. */
export function storeContract(name: string, makeStore: () => Promise<Store> | Store): void {
  describe(`A store: ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await makeStore();
    });
    const partition = hitOf().partition;

    test('keeps a hit, once, and finds it by partition and day', async () => {
      expect(await store.put(hitOf())).toEqual({ outcome: 'new', days: [20_000] });
      expect(await store.put(hitOf())).toEqual({ outcome: 'known', days: [20_000] });
      expect(await store.hits(partition, [20_000])).toEqual([hitOf()]);
      expect(await store.hits(partition, [19_999, 20_001, 'undated'])).toEqual([]);
      expect(await store.hits('other', [20_000])).toEqual([]);
    });

    test('keeps the keys and the partitions apart', async () => {
      await store.put(hitOf());
      expect(await store.put(hitOf({ key: 'l' }))).toMatchObject({ outcome: 'new' });
      expect(await store.put(hitOf({ partition: 'q' }))).toMatchObject({ outcome: 'new' });
      expect(await store.hits(partition, [20_000])).toHaveLength(2);
    });

    test('a day begins and ends at midnight UTC', async () => {
      await store.put(hitOf({ key: 'first', time: 20_000 * DAY }));
      await store.put(hitOf({ key: 'last', time: 20_001 * DAY - 1 }));
      await store.put(hitOf({ key: 'next', time: 20_001 * DAY }));
      const keys = async (day: number): Promise<string[]> =>
        (await store.hits(partition, [day])).map(({ key }) => key).sort();
      expect(await keys(20_000)).toEqual(['first', 'last']);
      expect(await keys(20_001)).toEqual(['next']);
    });

    test('keeps hits without a time', async () => {
      expect(await store.put(hitOf({ time: undefined }))).toEqual({ outcome: 'new', days: ['undated'] });
      expect(await store.hits(partition, ['undated'])).toEqual([hitOf({ time: undefined })]);
    });

    test.each([
      ['the greater revision', { revision: '2', digest: 'z' }, { revision: '1', digest: 'a' }],
      ['of one revision the smaller digest', { revision: '1', digest: 'a' }, { revision: '1', digest: 'b' }],
    ])('of two contents under one key, %s counts, whichever comes first', async (_what, better, worse) => {
      for (const contents of [
        [better, worse],
        [worse, better],
      ]) {
        const key = JSON.stringify(contents);
        const [first, second] = contents.map((content) => hitOf({ key, ...content })) as [Hit, Hit];
        expect(await store.put(first)).toMatchObject({ outcome: 'new' });
        expect(await store.put(second)).toMatchObject({ outcome: 'conflicting' });
        const kept = (await store.hits(partition, [20_000])).find((hit) => hit.key === key);
        expect(kept).toMatchObject(better);
      }
    });

    test('says of every further content, and again of the same, on which days the key has stood', async () => {
      const early = hitOf({ revision: '1' });
      const late = hitOf({ revision: '2', digest: 'c', time: MORNING + 2 * DAY });
      await store.put(early);
      const days = expect.arrayContaining([20_000, 20_002]) as number[];
      expect(await store.put(late)).toEqual({ outcome: 'conflicting', days });
      expect(await store.put(late)).toEqual({ outcome: 'known', days });
      expect(await store.put(early)).toEqual({ outcome: 'conflicting', days });
      expect(await store.hits(partition, [20_000])).toEqual([]);
      expect(await store.hits(partition, [20_002])).toEqual([late]);
    });

    test('answers the hits of all days, undated ones included', async () => {
      const hits = [hitOf({ key: 'a', time: 0 }), hitOf({ key: 'b' }), hitOf({ key: 'c', time: undefined })];
      for (const hit of hits) await store.put(hit);
      await store.put(hitOf({ key: 'd', partition: 'q' }));
      const all = await store.hits(partition, 'all');
      expect(all.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(hits);
      expect(await store.hits('other', 'all')).toEqual([]);
    });

    test('answers hits in a list of their own', async () => {
      await store.put(hitOf());
      (await store.hits(partition, 'all')).pop();
      (await store.hits(partition, [20_000])).pop();
      expect(await store.hits(partition, 'all')).toHaveLength(1);
    });

    test('keeps links, once, and finds them from both ends', async () => {
      const links = [
        linkOf('inner', 'outer', 20_000),
        linkOf('inner', 'outer', 20_001),
        linkOf('inner', 'another', 20_000),
        linkOf('inner 2', 'outer', 20_000),
      ];
      for (const link of [...links, ...links]) await store.link(link);
      const sorted = (list: Link[]): string[] => list.map((link) => JSON.stringify(link)).sort();
      expect(sorted(await store.linksFrom('inner'))).toEqual(sorted(links.slice(0, 3)));
      expect(sorted(await store.linksTo('outer', 'all'))).toEqual(sorted([links[0]!, links[1]!, links[3]!]));
      expect(sorted(await store.linksTo('outer', [20_000, 19_999]))).toEqual(sorted([links[0]!, links[3]!]));
      expect(await store.linksTo('outer', [20_002])).toEqual([]);
      expect(await store.linksFrom('outer')).toEqual([]);
      expect(await store.linksTo('inner', 'all')).toEqual([]);
    });

    test('keeps links of writers at the same time', async () => {
      const links = Array.from({ length: 10 }, (_, i) => linkOf('inner', `outer ${i % 5}`, 20_000));
      await Promise.all(links.map((link) => store.link(link)));
      expect(await store.linksFrom('inner')).toHaveLength(5);
    });

    test('writes a head only over the version before it', async () => {
      expect(await store.head(partition, 20_000)).toBeUndefined();
      expect(await store.putHead(headOf({ version: 2 }))).toBe(false);
      expect(await store.putHead(headOf())).toBe(true);
      expect(await store.putHead(headOf({ group: { a: '2' } }))).toBe(false);
      expect(await store.head(partition, 20_000)).toEqual(headOf());
      expect(await store.putHead(headOf({ version: 2 }))).toBe(true);
      expect(await store.head(partition, 20_000)).toEqual(headOf({ version: 2 }));
      expect(await store.head(partition, 20_001)).toBeUndefined();
      expect(await store.head(partition, 'undated')).toBeUndefined();
    });

    test('of writers at the same time one succeeds', async () => {
      const results = await Promise.all(Array.from({ length: 10 }, () => store.putHead(headOf())));
      expect(results.filter(Boolean)).toHaveLength(1);
    });
  });
}
