import type { Day, Span } from '../../engine/episodes';
import type { Due, Head, Judging, Link, Store } from '../../engine/store';
import type { Hit } from '../../engine/hit';
import type { Mint } from '../../engine/mint';

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
    ...{ level: 'low', resources: [], expired: [] },
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
    const hitsOn = async (of: string, inputs: number, days: Day[] | 'all'): Promise<Hit[]> => {
      const spans =
        days === 'all'
          ? [[-Infinity, Infinity] as const]
          : days.map((day): Span => (typeof day === 'number' ? [day * DAY, (day + 1) * DAY - 1] : day));
      const { hits, until } = await store.hits(of, inputs, spans, 1000);
      expect(until).toEqual(new Array(inputs).fill(Infinity));
      return hits;
    };

    test('keeps a hit, once, and finds it by partition and day', async () => {
      expect(await store.put(hitOf())).toEqual({ outcome: 'new', days: [20_000], isReplaced: false });
      expect(await store.put(hitOf())).toEqual({ outcome: 'known', days: [20_000], isReplaced: false });
      expect(await hitsOn(partition, 1, [20_000])).toEqual([hitOf()]);
      expect(await hitsOn(partition, 1, [19_999, 20_001, 'undated k'])).toEqual([]);
      expect(await hitsOn('other', 1, [20_000])).toEqual([]);
    });

    test('knows a hit again however its members are ordered', async () => {
      await store.put(hitOf());
      const { content, ...rest } = hitOf();
      const again: Hit = { ...rest, content: Object.fromEntries(Object.entries(content).reverse()) as never };
      expect(await store.put(again)).toMatchObject({ outcome: 'known' });
    });

    test('keeps the keys and the partitions apart', async () => {
      await store.put(hitOf());
      expect(await store.put(hitOf({ key: 'l' }))).toMatchObject({ outcome: 'new' });
      expect(await store.put(hitOf({ partition: 'q' }))).toMatchObject({ outcome: 'new' });
      expect(await hitsOn(partition, 1, [20_000])).toHaveLength(2);
    });

    test('a day begins and ends at midnight UTC', async () => {
      await store.put(hitOf({ key: 'first', time: 20_000 * DAY }));
      await store.put(hitOf({ key: 'last', time: 20_001 * DAY - 1 }));
      await store.put(hitOf({ key: 'next', time: 20_001 * DAY }));
      const keys = async (day: number): Promise<string[]> =>
        (await hitsOn(partition, 1, [day])).map(({ key }) => key).sort();
      expect(await keys(20_000)).toEqual(['first', 'last']);
      expect(await keys(20_001)).toEqual(['next']);
    });

    test('keeps hits without a time', async () => {
      expect(await store.put(hitOf({ time: undefined }))).toEqual({
        outcome: 'new',
        days: ['undated k'],
        isReplaced: false,
      });
      expect(await hitsOn(partition, 1, ['undated k'])).toEqual([hitOf({ time: undefined })]);
    });

    test.each([
      ['the greater revision', { revision: '2', eventId: 'z' }, { revision: '1', eventId: 'a' }],
      ['of one revision the smaller text', { revision: '1', eventId: 'a' }, { revision: '1', eventId: 'b' }],
    ])('of two contents under one key, %s counts, whichever comes first', async (_what, better, worse) => {
      for (const contents of [
        [better, worse],
        [worse, better],
      ]) {
        const key = JSON.stringify(contents);
        const [first, second] = contents.map((content) => hitOf({ key, ...content })) as [Hit, Hit];
        expect(await store.put(first)).toMatchObject({ outcome: 'new' });
        expect(await store.put(second)).toMatchObject({ outcome: 'conflicting' });
        const kept = (await hitsOn(partition, 1, [20_000])).find((hit) => hit.key === key);
        expect(kept).toMatchObject(better);
      }
    });

    test('says of every further content, and again of the same, on which days the key has stood', async () => {
      const early = hitOf({ revision: '1' });
      const late = hitOf({ revision: '2', time: MORNING + 2 * DAY });
      await store.put(early);
      const days = expect.arrayContaining([20_000, 20_002]) as number[];
      expect(await store.put(late)).toEqual({ outcome: 'conflicting', days, isReplaced: true });
      expect(await store.put(late)).toEqual({ outcome: 'known', days, isReplaced: true });
      expect(await store.put(early)).toEqual({ outcome: 'conflicting', days, isReplaced: true });
      expect(await hitsOn(partition, 1, [20_000])).toEqual([]);
      expect(await hitsOn(partition, 1, [20_002])).toEqual([late]);
    });

    test('answers the hits of all time, and of those without a time each as a day of its own', async () => {
      const hits = [hitOf({ key: 'a', time: 0 }), hitOf({ key: 'b' })];
      await store.put(hitOf({ key: 'c', time: undefined }));
      await store.put(hitOf({ key: 'd', time: undefined }));
      expect(await hitsOn(partition, 1, ['undated c'])).toEqual([hitOf({ key: 'c', time: undefined })]);
      for (const hit of hits) await store.put(hit);
      await store.put(hitOf({ key: 'd', partition: 'q' }));
      const all = await hitsOn(partition, 1, 'all');
      expect(all.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(hits);
      expect(await hitsOn('other', 1, 'all')).toEqual([]);
    });

    test('answers hits of several inputs, and of more days than one query takes', async () => {
      const hits = [0, 1, 2].flatMap((input) =>
        [0, 1, 5].map((day) => hitOf({ id: `${input} k${day}`, key: `k${day}`, input, time: MORNING + day * DAY })),
      );
      for (const hit of hits) await store.put(hit);
      const found = await hitsOn(partition, 3, [20_000, 20_001, 20_002, 20_005]);
      expect(found.map(({ id }) => id).sort()).toEqual(hits.map(({ id }) => id));
      expect(await hitsOn(partition, 3, [20_001, 20_005])).toHaveLength(6);
    });

    test('answers the earliest hits up to a limit for each input, and until when these are all', async () => {
      const at = (minutes: number, input: number): Hit =>
        hitOf({ id: `${input} k${minutes}`, key: `k${minutes}`, input, time: MORNING + minutes * 60_000 });
      for (const minutes of [3, 0, 2, 1]) await store.put(at(minutes, 0));
      await store.put(at(9, 1));
      const spans: Span[] = [
        [MORNING, MORNING + 60_000],
        [MORNING + 120_000, MORNING + DAY],
      ];
      const read = await store.hits(partition, 2, spans, 3);
      expect(read.hits.map(({ id }) => id).sort()).toEqual(['0 k0', '0 k1', '0 k2', '1 k9']);
      expect(read.until).toEqual([expect.any(Number), Infinity]);
      expect(read.until[0]).toBeGreaterThan(MORNING + 60_000);
      expect(read.until[0]).toBeLessThanOrEqual(MORNING + 180_000);
      expect(await store.hits(partition, 2, spans, 4)).toMatchObject({ until: [Infinity, Infinity] });
      // The first span uses the limit up.
      const first = await store.hits(partition, 2, spans, 2);
      expect(first.hits.map(({ id }) => id).sort()).toEqual(['0 k0', '0 k1', '1 k9']);
      expect(first.until[0]).toBeGreaterThanOrEqual(MORNING + 60_000);
      expect(first.until[0]).toBeLessThanOrEqual(MORNING + 120_000);
    });

    test('answers more hits than a page of an answer holds', async () => {
      const name = 'x'.repeat(500);
      const resources = Array.from({ length: 20 }, (_, i) => ({
        type: `Other${i}`,
        name: `${i} ${Math.random()} ${name}`,
      }));
      await Promise.all(Array.from({ length: 300 }, (_, i) => store.put(hitOf({ key: `k${i}`, resources }))));
      expect(await hitsOn(partition, 1, [20_000])).toHaveLength(300);
      expect(await hitsOn(partition, 1, 'all')).toHaveLength(300);
      expect(await store.near(hitOf({ key: 'k5' }), 1, DAY, 299)).toMatchObject({ isCut: false });
    }, 30_000);

    describe('answers the hits near another', () => {
      const at = (minutes: number, input = 0): Hit =>
        hitOf({ id: `${input} k${minutes}`, key: `k${minutes}`, input, time: MORNING + minutes * 60_000 });
      const ids = (hits: Hit[]): string[] => hits.map(({ id }) => id).sort();
      beforeEach(async () => {
        for (const minutes of [0, 1, 2, 3, 4, 5, 6]) await store.put(at(minutes));
        for (const minutes of [1, 9]) await store.put(at(minutes, 1));
      });

      test('within a time, itself included', async () => {
        const { hits, isCut } = await store.near(at(3), 1, 2 * 60_000, 10);
        expect(ids(hits)).toEqual(['0 k1', '0 k2', '0 k3', '0 k4', '0 k5']);
        expect(isCut).toBe(false);
      });

      test('of each input, at most so many before and behind it, the nearest', async () => {
        const { hits, isCut } = await store.near(at(3), 2, 60 * 60_000, 1);
        expect(ids(hits)).toEqual(['0 k2', '0 k3', '0 k4', '1 k1', '1 k9']);
        expect(isCut).toBe(true);
        expect(await store.near(at(3), 2, 60 * 60_000, 3)).toMatchObject({ isCut: false });
      });

      test('of the same time, too', async () => {
        await store.put(hitOf({ id: '0 j', key: 'j', input: 0, time: at(3).time }));
        await store.put(hitOf({ id: '1 k3', key: 'k3', input: 1, time: at(3).time }));
        expect(ids((await store.near(at(3), 2, 0, 10)).hits)).toEqual(['0 j', '0 k3', '1 k3']);
      });

      test('the hit itself only if it still stands as it was put', async () => {
        const moved = { ...at(3), revision: '2', time: MORNING + 60 * 60_000 };
        await store.put(moved);
        expect(ids((await store.near(at(3), 1, 60_000, 10)).hits)).toEqual(['0 k2', '0 k4']);
        expect(ids((await store.near(at(3), 1, 0, 0)).hits)).toEqual([]);
        expect(ids((await store.near(moved, 1, 0, 0)).hits)).toEqual(['0 k3']);
      });
    });

    describe('keeps what is due', () => {
      const place = { partition: 'a'.repeat(32), detectorId: 'd', group: { g: 'x' } };
      const what = (days: Day[], times: number[] = []): Judging => ({ days, times });
      const all = async (until: number): Promise<Due[]> => {
        const list: Due[] = [];
        for await (const due of store.due(until)) list.push(due);
        return list;
      };

      test('until its time has come, with all of its days', async () => {
        await store.putDue(place, what([1, 'undated k'], [5]), MORNING);
        await store.putDue(place, what([2, 1], [7]), MORNING);
        await store.putDue({ ...place, partition: 'f'.repeat(32) }, what([3]), MORNING + DAY);
        expect(await all(MORNING - 1)).toEqual([]);
        const [due, ...more] = await all(MORNING);
        expect(more).toEqual([]);
        expect(due).toMatchObject({ place, at: MORNING });
        expect([...due!.days].sort()).toEqual([1, 2, 'undated k']);
        expect([...due!.times].sort()).toEqual([5, 7]);
        expect(await all(Infinity)).toHaveLength(2);
      });

      test('and forgets it when it is done, unless it was asked for again', async () => {
        await store.putDue(place, what([1]), MORNING);
        const [due] = await all(Infinity);
        await store.putDue(place, what([1]), MORNING);
        await store.forgetDue(due!);
        const [again] = await all(Infinity);
        expect(again).toBeDefined();
        await store.forgetDue(again!);
        await store.forgetDue(again!);
        expect(await all(Infinity)).toEqual([]);
      });

      test('also if it was forgotten meanwhile, and then asked for again', async () => {
        await store.putDue(place, what([1]), MORNING);
        const [due] = await all(Infinity);
        await store.forgetDue(due!);
        await store.putDue(place, what([2]), MORNING);
        await store.forgetDue(due!);
        expect(await all(Infinity)).toMatchObject([{ days: [2] }]);
      });
    });

    test('answers hits in a list of their own', async () => {
      await store.put(hitOf());
      (await hitsOn(partition, 1, 'all')).pop();
      (await hitsOn(partition, 1, [20_000])).pop();
      expect(await hitsOn(partition, 1, 'all')).toHaveLength(1);
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

    test('keeps the better mint under a name, and the heads that rest on it', async () => {
      const mint: Mint = {
        ...{ kind: 'mint', name: 'key ASIAEXAMPLE000000001', action: 'AssumeRole', call: null },
        by: {
          id: 'account 1',
          kind: 'other-account',
          name: 'account 1',
          account: '1',
          human: 'unknown',
          accessKeyId: null,
        },
        ...{ time: MORNING, crossesAccounts: true },
      };
      const better: Mint = {
        ...mint,
        by: { ...mint.by, id: 'u', kind: 'iam-user', accessKeyId: 'AKIAEXAMPLE000000001' },
      };
      expect(await store.mint(mint.name)).toBeUndefined();
      for (const one of [mint, better, mint, better]) await store.putMint(one);
      expect(await store.mint(mint.name)).toEqual(better);
      await Promise.all([mint, better].map((one) => store.putMint({ ...one, name: 'call c' })));
      expect(await store.mint('call c')).toEqual({ ...better, name: 'call c' });
      const place = { partition: 'p'.repeat(32), detectorId: 'd', group: { a: '1' } };
      const days: Day[] = [20_000, 20_001, 'ever', `undated ${'k'.repeat(300)}`];
      for (const day of [...days, 20_000]) await store.linkMint(mint.name, place, day);
      const links = await store.mintLinks(mint.name);
      expect(links.map(({ day }) => String(day)).sort()).toEqual(days.map(String).sort());
      for (const link of links) expect(link.place).toEqual(place);
      expect(await store.mintLinks('call c')).toEqual([]);
    });

    test('keeps links of writers at the same time', async () => {
      const links = Array.from({ length: 10 }, (_, i) => linkOf('inner', `outer ${i % 5}`, 20_000));
      await Promise.all(links.map((link) => store.link(link)));
      expect(await store.linksFrom('inner')).toHaveLength(5);
    });

    test('writes a head only over the version before it', async () => {
      expect(await store.head(partition, 20_000)).toBeUndefined();
      expect(await store.putHead(headOf({ version: 2 }), undefined)).toBe(false);
      expect(await store.putHead(headOf(), undefined)).toBe(true);
      expect(await store.putHead(headOf({ group: { a: '2' } }), undefined)).toBe(false);
      expect(await store.head(partition, 20_000)).toMatchObject(headOf());
      expect(await store.putHead(headOf({ version: 2 }), undefined)).toBe(true);
      expect(await store.head(partition, 20_000)).toMatchObject(headOf({ version: 2 }));
      expect(await store.head(partition, 20_001)).toBeUndefined();
      expect(await store.head(partition, 'undated k')).toBeUndefined();
    });

    test('of writers at the same time one succeeds', async () => {
      const results = await Promise.all(Array.from({ length: 10 }, () => store.putHead(headOf(), undefined)));
      expect(results.filter(Boolean)).toHaveLength(1);
    });
  });
}
