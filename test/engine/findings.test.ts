import fc from 'fast-check';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { applyChanges, byWeight, changes, type FindingChange } from '../../engine/changes';
import { correlate } from '../../engine/correlate';
import type { Finding } from '../../engine/finding';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import { checkFinding } from '../../engine/schema';
import type { Store } from '../../engine/store';
import { MemoryStore } from '../../state/memory';
import { Recorded } from './recorded-store';
import { LOGSOURCE, ruleOf, rulesetOf } from './support';

const MINUTE = 60_000;
const MIDNIGHT = Date.UTC(2026, 0, 6);

const guid = (n: number): string => `${String(n).padStart(8, '0')}-1234-4abc-8abc-123456789abc`;

/** A call `minutes` after midnight of 2026-01-06; `id` makes it another event. */
function call(id: number, minutes: number | undefined, more: JsonObject = {}): Event {
  const eventTime = minutes === undefined ? undefined : new Date(MIDNIGHT + minutes * MINUTE).toISOString();
  return makeEvent(sources.cloudtrail, {
    ...{ eventID: guid(id), recipientAccountId: '111122223333', eventName: 'CreateUser', who: 'alice', env: 'dev' },
    ...(eventTime && { eventTime }),
    ...more,
  });
}

const RULES = rulesetOf([
  ruleOf(
    { eventName: 'CreateUser' },
    {
      privwatch: {
        title: '{who} made {requestParameters.userName}',
        group: ['who'],
        quiet: '10m',
        severity: [{ when: { env: 'prod' }, level: 'critical' }],
        entities: { resources: [{ type: 'AwsIamUser', name: '$.requestParameters.userName' }] },
        runbook: ['Ask {actor} about {resource} of {account} since {firstSeen}.'],
      },
    },
  ),
]);

async function file(events: readonly Event[], store: Store, ruleset: Ruleset = RULES): Promise<FindingChange[]> {
  const correlated = await correlate(
    events.flatMap((event) => match(event, ruleset)),
    ruleset,
    store,
  );
  expect(correlated.matches).toBe(correlated.hits + correlated.repeated + correlated.conflicting);
  return correlated.changes.flatMap((change) => changes(change, ruleset));
}

function standing(list: FindingChange[]): Finding[] {
  const findings = new Map<string, Finding>();
  applyChanges(findings, list);
  return [...findings.values()].sort(byWeight);
}

async function findingsOf(events: readonly Event[], ruleset: Ruleset = RULES): Promise<Finding[]> {
  const findings = standing(await file(events, new MemoryStore(), ruleset));
  for (const finding of findings) expect(checkFinding(JSON.parse(JSON.stringify(finding)))).toEqual([]);
  return findings;
}

/** Batches filed one after the other on one store: what changed in each. */
async function inBatches(...batches: Event[][]): Promise<FindingChange[][]> {
  const store = new MemoryStore();
  const lists: FindingChange[][] = [];
  for (const batch of batches) lists.push(await file(batch, store));
  return lists;
}

const kinds = (list: FindingChange[]): string[] => list.map(({ kind }) => kind).sort();

describe('Episodes', () => {
  test.each([
    ['hits just as far apart as quiet are one', [0, 10, 20], [3]],
    ['a little further are two', [0, 10.01], [1, 1]],
    ['two runs', [0, 5, 60, 65, 70], [2, 3]],
    ['a hit between joins them', [0, 16, 8], [3]],
  ])('%s', async (_what, minutes, counts) => {
    const findings = await findingsOf(minutes.map((each, i) => call(i, each)));
    expect(findings.map(({ count }) => count)).toEqual(counts);
    expect(new Set(findings.map(({ id }) => id)).size).toBe(findings.length);
    expect(new Set(findings.map(({ thread }) => thread)).size).toBe(1);
  });

  test('are cut at midnight, and the second part says what it continues', async () => {
    const [first, second] = await findingsOf([call(1, -5), call(2, -1), call(3, 0), call(4, 3)]);
    expect([first!.count, second!.count]).toEqual([2, 2]);
    expect([first!.continues, second!.continues]).toEqual([null, first!.id]);
    expect(second!.thread).toBe(first!.thread);
    expect([first!.lastSeen, second!.firstSeen]).toEqual(['2026-01-05T23:59:00Z', '2026-01-06T00:00:00Z']);
  });

  test('do not continue what was quiet for longer at midnight', async () => {
    const findings = await findingsOf([call(1, -6), call(2, 5)]);
    expect(findings.map(({ continues }) => continues)).toEqual([null, null]);
  });

  test('continue the new id where a late event changed it', async () => {
    const [, second] = await inBatches([call(1, -2), call(2, 2)], [call(3, -11)]);
    const [head, tail] = await findingsOf([call(1, -2), call(2, 2), call(3, -11)]);
    expect(tail!.continues).toBe(head!.id);
    expect(second!.find(({ finding }) => finding.id === tail!.id)?.finding.continues).toBe(head!.id);
  });

  test('an event without a time stands alone', async () => {
    const findings = await findingsOf([call(1, undefined), call(2, undefined), call(3, 0)]);
    expect(findings.map(({ count, firstSeen }) => [count, firstSeen])).toEqual([
      [1, '2026-01-06T00:00:00Z'],
      [1, null],
      [1, null],
    ]);
  });

  test('are a group each; where a value is missing the key stands in for it', async () => {
    expect(await findingsOf([call(1, 0), call(2, 1, { who: 'bob' }), call(3, 2)])).toHaveLength(2);
    const nobody = await findingsOf([null, ['a', 'b'], { x: 1 }, []].map((who, i) => call(i, 0, { who })));
    expect(nobody).toHaveLength(4);
  });
});

describe('A finding', () => {
  const user = (userName: string): JsonObject => ({ requestParameters: { userName } });

  test('has title and actor of its first hit, the highest severity, and its resources sorted', async () => {
    const events = [
      call(2, 5, { ...user('b'), env: 'prod' }),
      call(1, 0, user('c')),
      call(3, 6, user('a')),
      call(4, 7, user('b')),
    ];
    const [finding] = await findingsOf(events);
    expect(finding).toMatchObject({
      title: 'alice made c',
      severity: 'critical',
      count: 4,
      resources: ['a', 'b', 'c'].map((name) => ({ type: 'AwsIamUser', name })),
      eventIds: [1, 2, 3, 4].map(guid),
      group: { who: 'alice' },
      runbook: ['Ask somebody unknown about c of 111122223333 since 2026-01-06T00:00:00Z.'],
    });
  });

  test('has the first hundred events for evidence, by time and then by key', async () => {
    const events = Array.from({ length: 120 }, (_, i) => call(i, Math.floor(i / 2) / 10));
    const [finding] = await findingsOf([...events].reverse());
    expect(finding!.count).toBe(120);
    expect(finding!.eventIds).toEqual(Array.from({ length: 100 }, (_, i) => guid(i)));
  });

  test('is valid though its event says nothing, or far too much', async () => {
    const rules = rulesetOf([
      ruleOf(
        { e: null },
        {
          privwatch: { title: '{v}', entities: { resources: [{ type: 'Other', name: '$.v[*]' }] }, group: ['v', 'w'] },
        },
      ),
      ruleOf({ e: null }, { name: 'other', title: 'Other' }),
    ]);
    const many = Array.from({ length: 100 }, (_, i) => `${i}${'\u{1F600}'.repeat(600)}`);
    const records: JsonObject[] = [
      {},
      { v: '' },
      { v: [] },
      { v: ' ' },
      { v: many },
      { v: { x: 1 } },
      { userIdentity: { type: 'Root' } },
    ];
    for (const record of records) {
      const findings = await findingsOf([makeEvent(sources.cloudtrail, record)], rules);
      expect(findings).toHaveLength(2);
      for (const { title } of findings) expect(title).not.toMatch(/\p{Surrogate}/u);
    }
  });
});

describe('Changes', () => {
  test.each([
    ['a repeat is none', [[call(1, 0)], [call(1, 0)]], []],
    ['a further hit revises', [[call(1, 0)], [call(2, 5)]], ['revised']],
    ['a worse hit raises', [[call(1, 0)], [call(2, 5, { env: 'prod' })]], ['raised']],
    ['another episode is created', [[call(1, 0)], [call(2, 60)]], ['created']],
    ['an earlier hit within the rounding keeps the id', [[call(1, 9)], [call(2, 1)]], ['revised']],
    ['an earlier hit gives another id, and pages nobody', [[call(1, 12)], [call(2, 8)]], ['revised', 'superseded']],
    ['an earlier and worse hit does page', [[call(1, 12)], [call(2, 8, { env: 'prod' })]], ['raised', 'superseded']],
    ['a hit that joins two', [[call(1, 0), call(2, 16)], [call(3, 8)]], ['revised', 'superseded']],
    [
      'a hit that joins a mild one and a bad one',
      [[call(1, 0), call(2, 16, { env: 'prod' })], [call(3, 8)]],
      ['revised', 'superseded'],
    ],
    [
      'the day after is revised where what it continues has another id',
      [[call(1, -2), call(2, 2)], [call(3, -11)]],
      ['revised', 'revised', 'superseded'],
    ],
  ])('%s', async (_what, batches, expected) => {
    const lists = await inBatches(...batches);
    expect(kinds(lists.at(-1)!)).toEqual(expected);
    expect(standing(lists.flat())).toEqual(await findingsOf(batches.flat()));
  });

  test('the superseded names its heir', async () => {
    const [, list] = await inBatches([call(1, 12)], [call(2, 8)]);
    const gone = list!.find(({ kind }) => kind === 'superseded');
    const [heir] = await findingsOf([call(1, 12), call(2, 8)]);
    expect(gone).toMatchObject({ by: heir!.id });
  });

  test('a head of a detector that is gone gives nothing', async () => {
    const { changes: heads } = await correlate(match(call(1, 0), RULES), RULES, new MemoryStore());
    expect(heads.flatMap((head) => changes(head, { ...RULES, rules: [] }))).toEqual([]);
  });

  test('findings are ordered by severity, then by time with and without fractions, then by id', async () => {
    const findings = await findingsOf([
      ...[
        call(1, 0, { who: 'a' }),
        call(2, 1 / 120, { who: 'b' }),
        call(3, 1 / 60, { who: 'c' }),
        call(4, undefined, { who: 'd' }),
      ],
      call(5, 60, { who: 'e', env: 'prod' }),
    ]);
    expect(findings.map(({ group }) => group['who'])).toEqual(['e', 'a', 'b', 'c', 'd']);
    expect(findings[2]!.firstSeen).toBe('2026-01-06T00:00:00.500Z');
  });
});

describe('The same key with other content', () => {
  const DUTY = rulesetOf([
    ruleOf(
      { type: '*' },
      { logsource: { ...LOGSOURCE, service: 'guardduty' }, privwatch: { group: ['id'], quiet: '10m' } },
    ),
  ]);
  const duty = (updated: number, seen: number, title = 'x'): Event => {
    const iso = (minutes: number): string => new Date(MIDNIGHT + minutes * MINUTE).toISOString();
    const service = { eventLastSeen: iso(seen) };
    return makeEvent(sources.guardduty, {
      id: 'f1',
      type: 'T',
      title,
      accountId: '1',
      updatedAt: iso(updated),
      service,
    });
  };

  test.each([
    ['within its run', 1, 5],
    ['to later that day', 1, 300],
    ['to the next day', 1, 1500],
    ['back to the day before', 300, -5],
  ])('an update of a GuardDuty finding moves it %s, whichever comes first', async (_what, from, to) => {
    const updates = [duty(1, from), duty(2, to)];
    const wanted = await findingsOf(updates, DUTY);
    expect(wanted.map(({ firstSeen, count }) => [Date.parse(firstSeen!), count])).toEqual([
      [MIDNIGHT + to * MINUTE, 1],
    ]);
    for (const order of [updates, [...updates].reverse()]) {
      const store = new MemoryStore();
      const list: FindingChange[] = [];
      for (const update of order) list.push(...(await file([update], store, DUTY)));
      expect(standing(list)).toEqual(wanted);
      expect(await findingsOf(order, DUTY)).toEqual(wanted);
    }
  });

  test('a move within a day supersedes and creates nothing', async () => {
    const store = new MemoryStore();
    await file([duty(1, 1)], store, DUTY);
    expect(kinds(await file([duty(2, 300)], store, DUTY))).toEqual(['revised', 'superseded']);
  });

  test('of the same revision one counts, whichever comes first', async () => {
    const [one, other] = [duty(1, 1, 'one'), duty(1, 20, 'other')];
    const found = await findingsOf([one, other], DUTY);
    expect(await findingsOf([other, one], DUTY)).toEqual(found);
    expect([await findingsOf([one], DUTY), await findingsOf([other], DUTY)]).toContainEqual(found);
  });

  test('what the envelopes say otherwise of one record is decided, too, whichever comes first', async () => {
    const record = { configRuleName: 'r', id: 'f1', type: 'T' };
    const [a, b] = ['2026-01-06T10:00:00Z', '2026-01-06T11:00:00Z'].map((time) =>
      makeEvent(sources.config, record, { id: 'e1', account: '1', region: 'r', time, detail: record }),
    ) as [Event, Event];
    const rules = rulesetOf([ruleOf({ type: 'T' }, { logsource: { product: 'aws', service: 'config' } })]);
    expect(await findingsOf([a, b], rules)).toEqual(await findingsOf([b, a], rules));
  });

  test('a worker that dies between the update and the head leaves nothing behind: the retry finishes its work', async () => {
    let isDead = false;
    const store = new Recorded(async () => {
      if (isDead) throw new Error('dead');
    });
    await file([duty(1, 1)], store, DUTY);
    const update = match(duty(2, 1500), DUTY);
    const dying = (async function* () {
      yield* update;
      isDead = true;
    })();
    await expect(correlate(dying, DUTY, store)).rejects.toThrow('dead');
    isDead = false;
    await file([duty(2, 1500)], store, DUTY);
    expect(standing(store.written.flatMap((change) => changes(change, DUTY)))).toEqual(
      await findingsOf([duty(2, 1500)], DUTY),
    );
  });
});

describe('The findings depend only on which events were seen', () => {
  const event = fc
    .record({
      id: fc.nat(12),
      minutes: fc.option(fc.oneof(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -1500, max: 1500 })), {
        nil: undefined,
      }),
      env: fc.constantFrom('dev', 'prod'),
      who: fc.constantFrom('alice', 'bob'),
      userName: fc.constantFrom('x', 'y'),
      addendum: fc.boolean(),
    })
    .map(({ id, minutes, env, who, userName, addendum }) =>
      call(id, minutes, {
        env,
        who,
        requestParameters: { userName },
        ...(addendum && { addendum: { reason: 'DELIVERY_DELAY' } }),
      }),
    );
  const events = fc.array(event, { minLength: 1, maxLength: 16 });
  /** The events shuffled, some twice, in batches. */
  const arrival = events.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc
        .tuple(fc.shuffledSubarray(list, { minLength: list.length }), fc.subarray(list))
        .chain(([shuffled, twice]) =>
          fc.shuffledSubarray([...shuffled, ...twice], { minLength: shuffled.length + twice.length }),
        ),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 }),
    ),
  );

  function batched(list: Event[], sizes: number[]): Event[][] {
    const batches: Event[][] = [];
    for (let i = 0, from = 0; from < list.length; i++) {
      const size = sizes[i % sizes.length]!;
      batches.push(list.slice(from, from + size));
      from += size;
    }
    return batches;
  }

  test('in any order, however often, in whatever batches', async () => {
    await fc.assert(
      fc.asyncProperty(arrival, async ([list, arrived, sizes]) => {
        const wanted = await findingsOf(list);
        expect(await findingsOf(arrived)).toEqual(wanted);
        expect(standing((await inBatches(...batched(arrived, sizes))).flat())).toEqual(wanted);
        expect(new Set(wanted.map(({ id }) => id)).size).toBe(wanted.length);
      }),
      { numRuns: 300 },
    );
  });

  test('with workers at the same time, who die and try again', async () => {
    await fc.assert(
      fc.asyncProperty(arrival, fc.infiniteStream(fc.nat(30)), async ([list, arrived, sizes], luck) => {
        const store = new Recorded(async () => {
          const { value } = luck.next() as { value: number };
          for (let i = 0; i < value % 4; i++) await Promise.resolve();
          if (value === 30) throw new Error('dead');
        });
        const worker = async (batch: Event[]): Promise<void> => {
          for (let attempt = 0; ; attempt++) {
            try {
              await file(batch, store);
              return;
            } catch (error) {
              if ((error as Error).message !== 'dead' || attempt > 500) throw error;
            }
          }
        };
        await Promise.all(batched(arrived, sizes).map(worker));
        expect(standing(store.written.flatMap((change) => changes(change, RULES)))).toEqual(await findingsOf(list));
      }),
      { numRuns: 300 },
    );
  });

  test('and nothing is written when nothing changed', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const store = new MemoryStore();
        await file(list, store);
        expect(await file(list, store)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test('a day of a busy group is filed in time', async () => {
    const busy = Array.from({ length: 5000 }, (_, i) => call(i, (i * 7) % 1440));
    const start = performance.now();
    expect((await findingsOf(busy)).reduce((sum, { count }) => sum + count, 0)).toBe(5000);
    expect(performance.now() - start).toBeLessThan(8000);
  });
});
