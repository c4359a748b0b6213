import fc from 'fast-check';
import type { Store } from '../../engine/store';
import type { JsonObject } from '../../events/json';
import { detectFunction } from '../../handlers/detect';
import { MemoryStore } from '../../state/memory';
import { Recorded } from '../engine/recorded-store';
import { ruleOf, rulesetOf } from '../engine/support';
import { finding, trailRecord } from '../events/support';
import { givenBack, observed, sqsEventOf } from './support';

const ruleset = rulesetOf([
  ruleOf({ eventName: ['CreateUser', 'DeleteUser'] }, { title: 'A user', name: 'user' }),
  {
    ...{ title: 'Many users', name: 'many', level: 'high' },
    correlation: {
      ...{ type: 'event_count', rules: ['user'], 'group-by': ['recipientAccountId'], timespan: '1h' },
      condition: { gte: 2 },
    },
    generate: true,
  },
]);

const NOW = Date.parse('2026-01-05T23:10:30Z');

function envelope(detail: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    ...{ version: '0', id: 'e', 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.iam' },
    ...{ account: '111122223333', region: 'us-east-1', time: '2026-01-05T23:10:00Z', resources: [] },
    ...more,
    detail,
  };
}

function functionOf(store: Store = new Recorded()) {
  const all = observed(NOW);
  return { ...all, store, detect: detectFunction(() => ({ ruleset, store }), all.surroundings) };
}

function titles(store: Recorded): string[] {
  return store.heads().flatMap(({ episodes }) => episodes.map(({ content }) => content.title));
}

describe('detect', () => {
  test('brings heads up to date, and counts', async () => {
    const store = new Recorded();
    const { detect, totals, metrics, lines } = functionOf(store);
    const other = envelope(trailRecord(2, { eventName: 'ListUsers' }));
    const answer = await detect(
      sqsEventOf(envelope(trailRecord(1)), other, envelope(finding()), envelope(trailRecord(3))),
    );
    expect(givenBack(answer)).toEqual([]);
    expect(titles(store).sort()).toEqual(['A user', 'Many users']);
    expect(totals()).toMatchObject({ in: 4, matched: 2, unmatched: 2, rejected: 0, duplicate: 0, failed: 0 });
    expect(totals()).toMatchObject({ matches: 4, hits: 4, repeated: 0 });
    expect(metrics[0]!.find(({ name }) => name === 'lag')!.values).toContain(30_000);
    expect(lines).toEqual([]);
  });

  test('the same again changes nothing, and is a duplicate', async () => {
    const store = new Recorded();
    const { detect, totals } = functionOf(store);
    const batch = sqsEventOf(envelope(trailRecord(1)), envelope(trailRecord(3)));
    await detect(batch);
    const heads = store.heads();
    await detect(batch);
    expect(store.heads()).toEqual(heads);
    expect(totals()).toMatchObject({ in: 4, matched: 2, duplicate: 2, hits: 4, repeated: 4 });
  });

  test.each<[string, unknown, string]>([
    ['no JSON', '{"version":', 'not JSON'],
    ['empty', '', 'not JSON'],
    ['null', 'null', 'null, not a record'],
    ['of another kind', envelope({ a: 1 }, { 'detail-type': 'Scheduled Event' }), 'Scheduled Event'],
    ['a record and something else', [trailRecord(9), 7], '1 of 2'],
    ['a digest', { digestStartTime: 'x', logFiles: [] }, 'it holds no event'],
  ])('gives back a message that is %s, whole, and takes the others', async (_, body, reason) => {
    const store = new Recorded();
    const { detect, lines, totals } = functionOf(store);
    const answer = await detect(sqsEventOf(envelope(trailRecord(1)), body, envelope(trailRecord(3))));
    expect(givenBack(answer)).toEqual(['m1']);
    expect(lines).toMatchObject([{ level: 'error', messageId: 'm1', message: 'cannot be read' }]);
    expect(lines[0]!.reason).toContain(reason);
    expect(titles(store)).toContain('Many users');
    const { in: all, matched, unmatched, rejected, duplicate } = totals();
    expect(all).toBe(matched! + unmatched! + rejected! + duplicate!);
  });

  test('gives back an event that cannot be stored, and takes the others', async () => {
    let puts = 0;
    const failing = new Recorded(async (step) => {
      if (step === 'put' && ++puts === 1) throw new Error('throttled');
    });
    const { detect, lines, totals } = functionOf(failing);
    const batch = sqsEventOf(envelope(trailRecord(1)), envelope(trailRecord(3)));
    expect(givenBack(await detect(batch))).toEqual(['m0']);
    expect(lines).toMatchObject([{ level: 'warn', messageId: 'm0', error: { message: 'throttled' } }]);
    expect(totals()).toMatchObject({ in: 1, matched: 1, failed: 1 });
    expect(givenBack(await detect(batch))).toEqual([]);
    expect(titles(failing).sort()).toEqual(['A user', 'Many users']);
  });

  test('begins nothing new when its time is over', async () => {
    const { detect, totals } = functionOf();
    let remaining = 15_000;
    const deadline = { getRemainingTimeInMillis: () => (remaining -= 4_000) };
    const answer = await detect(sqsEventOf(...[1, 2, 3].map((i) => envelope(trailRecord(i)))), deadline);
    expect(givenBack(answer)).toEqual(['m1', 'm2']);
    expect(totals()).toMatchObject({ in: 1, failed: 2 });
  });

  test('opens its store once, and gives back all if it cannot', async () => {
    const open = jest.fn(() => ({ ruleset, store: new MemoryStore() }));
    const { surroundings } = observed(NOW);
    const detect = detectFunction(open, surroundings);
    await detect(sqsEventOf());
    await detect(sqsEventOf());
    expect(open).toHaveBeenCalledTimes(1);
    const broken = detectFunction(() => {
      throw new Error('no table');
    }, surroundings);
    await expect(broken(sqsEventOf('{}'))).rejects.toThrow('no table');
  });
});

describe('whatever a message holds, detect', () => {
  const HOSTILE = [
    '__proto__',
    'constructor',
    '\0',
    '\uFFFE',
    '\uD800',
    '{{7*7}}',
    '%00',
    "'; --",
    '$',
    '*'.repeat(2_000),
  ];
  const text = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }));
  const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), text, fc.double());
  const record = fc
    .dictionary(fc.constantFrom(...Object.keys(trailRecord(1)), 'addendum', 'resources', '__proto__'), value)
    .map((over) => ({ ...trailRecord(1), ...over }) as JsonObject);
  const body = fc.oneof(
    fc.json(),
    text,
    record.map((one) => JSON.stringify(envelope(one))),
    fc.tuple(record, value).map(([one, id]) => JSON.stringify({ ...envelope(one), id, account: id, time: id })),
    fc.tuple(text, value).map(([key, inner]) => JSON.stringify({ detail: { [key]: inner }, source: key })),
  );

  test('gives back no other message, and its counters add up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 6 }), async (bodies) => {
        const store = new Recorded();
        const { detect, totals, lines } = functionOf(store);
        const good = envelope(trailRecord(77, { recipientAccountId: '999988887777' }));
        const answer = givenBack(await detect(sqsEventOf(...bodies, good)));
        expect(answer).not.toContain(`m${bodies.length}`);
        expect(store.heads().some(({ group }) => group.account === '999988887777')).toBe(true);
        const { in: all, matched, unmatched, rejected, duplicate } = totals();
        expect(all).toBe(matched! + unmatched! + rejected! + duplicate!);
        // What is given back was not understood; nothing in an event makes the road fail.
        expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  test.each([
    ['deep lists', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['deep objects', deep(100_000)],
    ['a deep envelope', JSON.stringify(envelope({})).replace(/\{\}\}$/, `${deep(50_000)}}`)],
    ['a deep record', JSON.stringify(trailRecord(5)).replace('{"userName":"bob"}', deep(50_000))],
    ['a deep GuardDuty finding', JSON.stringify(finding()).replace(/\}$/, `,"Type":"x","service":${deep(50_000)}}`)],
    ['a megabyte of text', JSON.stringify(envelope(trailRecord(6, { userAgent: 'x'.repeat(1 << 20) })))],
    [
      'a hundred thousand members',
      JSON.stringify(
        trailRecord(7, {
          requestParameters: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i])),
        }),
      ),
    ],
  ])('takes %s, and the message behind it', async (_, body) => {
    const store = new Recorded();
    const { detect, lines } = functionOf(store);
    const answer = givenBack(await detect(sqsEventOf(body, envelope(trailRecord(1)))));
    expect(answer).not.toContain('m1');
    expect(titles(store)).toContain('A user');
    // It is either taken or not understood.
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});
