import { GRACE_MILLISECONDS, LATENESS_MILLISECONDS } from '../../engine/due';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import type { Store } from '../../engine/store';
import { judgeDue, sweep } from '../../engine/sweep';
import { work } from '../../engine/work';
import type { Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { MemoryStore } from '../../state/memory';
import { MINUTE } from './arbitraries';
import { findingsIn, findingsOf } from './filing';
import { Recorded } from './recorded-store';
import { eventsFrom, ruleOf, rulesetOf } from './support';

const START = Date.UTC(2026, 0, 6, 10);
const rules = ['a', 'b', 'c'].map((name) =>
  ruleOf({ is: name }, { name, title: name, privwatch: { group: ['g'], quiet: '30m' } }),
);

function correlation(name: string, said: JsonObject): JsonObject {
  return { title: name, name, correlation: { 'group-by': ['g'], timespan: '1h', ...said } };
}

const eventAt = eventsFrom(START);

async function take(events: Event[], set: Ruleset, store: Store, now: number): Promise<number> {
  let tooLate = 0;
  for (const event of events) tooLate += (await work(match(event, set), set, store, now)).tooLate;
  return tooLate;
}

/** Sweeps at every fifth minute, as a timer does. */
async function sweepFor(minutes: number, set: Ruleset, store: Store): Promise<void> {
  for (let at = 0; at <= minutes; at += 5) {
    for await (const change of sweep(set, store, START + at * MINUTE)) void change;
  }
}

const INNER_AND_NOT = correlation('outer', { type: 'temporal', condition: 'inner and not c', timespan: '1d' });

describe('What is due', () => {
  test('is over when its time has come to the millisecond', async () => {
    const set = rulesetOf([...rules, correlation('alone', { type: 'temporal', condition: 'a and not b' })]);
    const store = new Recorded(undefined, new MemoryStore());
    await take([eventAt('a', 0)], set, store, START);
    for (const at of [60 * MINUTE + GRACE_MILLISECONDS, 60 * MINUTE + GRACE_MILLISECONDS + 1]) {
      for await (const change of sweep(set, store, START + at)) void change;
    }
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf([eventAt('a', 0)], set));
    expect(store.heads()).toHaveLength(1);
  });

  test('has windows in it that a sweep opened, by finding an input', async () => {
    const inner = correlation('inner', {
      type: 'value_sum',
      rules: ['a'],
      timespan: '10m',
      condition: { gte: 2, field: 'n' },
    });
    const set = rulesetOf([...rules, inner, INNER_AND_NOT]);
    const store = new Recorded(undefined, new MemoryStore());
    const events = [eventAt('a', 0, { n: -1 }), eventAt('a', 5, { n: 4 })];
    await take(events, set, store, START + 6 * MINUTE);
    await sweepFor(3 * 24 * 60, set, store);
    const findings = findingsIn(store.heads(), set);
    expect(findings.map(({ detectorTitle }) => detectorTitle)).toEqual(['outer']);
    expect(findings).toEqual(await findingsOf(events, set));
  });

  test('makes up for a worker that died between the head of an input and what it feeds', async () => {
    const inner = correlation('inner', { type: 'event_count', rules: ['a'], timespan: '10m', condition: { gte: 2 } });
    const set = rulesetOf([...rules, inner, INNER_AND_NOT]);
    let isDead = false;
    const store = new Recorded(async (step) => {
      if (isDead && step === 'putDue') throw new Error('dead');
    });
    const events = [eventAt('a', 0), eventAt('a', 5)];
    await take(events.slice(0, 1), set, store, START + 6 * MINUTE);
    isDead = true;
    await expect(take(events.slice(1), set, store, START + 6 * MINUTE)).rejects.toThrow('dead');
    isDead = false;
    await take(events.slice(1), set, store, START + 6 * MINUTE);
    await sweepFor(3 * 24 * 60, set, store);
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(events, set));
  });

  test('is not judged by a detector that means something else by now', async () => {
    const set = (timespan: string): Ruleset =>
      rulesetOf([...rules, correlation('alone', { type: 'temporal', condition: 'a and not b', timespan })]);
    const store = new Recorded(undefined, new MemoryStore());
    await take([eventAt('a', 0)], set('1h'), store, START);
    await sweepFor(24 * 60, set('2h'), store);
    expect(store.heads()).toEqual([]);
    for await (const due of store.due(Infinity)) expect(due).toBeUndefined();
  });
});

describe('A day of many hits', () => {
  const start = START - 9 * 60 * MINUTE;
  const many = Array.from({ length: 150 }, (_, i) => eventAt('a', -9 * 60 + i * 9));
  const lengthOf = async (store: Store): Promise<number> => {
    let length = 0;
    for await (const due of store.due(Infinity)) length += due.days.length + due.times.length;
    return length;
  };

  test('of a rule is counted once, when the day is over', async () => {
    const set = rulesetOf(rules);
    const store = new Recorded(undefined, new MemoryStore());
    for (const event of many) await take([event], set, store, event.time!);
    expect(await lengthOf(store)).toBe(1);
    expect(findingsIn(store.heads(), set)[0]).toMatchObject({ count: 100, countExact: false });
    await sweepFor(16 * 60, set, store);
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(many, set));
    expect(await lengthOf(store)).toBe(0);
    // What comes later makes it due again.
    await take([eventAt('a', 1)], set, store, START + 17 * 60 * MINUTE);
    expect(await lengthOf(store)).toBe(1);
  });

  test.each([
    ['nothing else', []],
    ['what must not follow one of the first', [eventAt('b', -8 * 60 + 5)]],
    ['what must not follow one of those that are not listed', [eventAt('b', 12 * 60 + 5)]],
  ])('that nothing must follow: %s, which comes late', async (_what, late) => {
    const alone = correlation('alone', { type: 'temporal', condition: 'a and not b', timespan: '10m' });
    const set = rulesetOf([...rules, { ...alone, privwatch: { quiet: '30m' } }]);
    let reads = 0;
    const store = new Recorded(async (step) => void (reads += Number(step === 'hits')), new MemoryStore());
    let now = start;
    for (const event of many) {
      await take([event], set, store, event.time!);
      for (; now < event.time!; now += 5 * MINUTE) for await (const change of sweep(set, store, now)) void change;
    }
    expect(reads).toBeLessThan(10 * many.length);
    await take(late, set, store, now);
    await sweepFor(24 * 60, set, store);
    await take(late, set, store, START + 25 * 60 * MINUTE);
    await sweepFor(27 * 60, set, store);
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf([...many, ...late], set));
  });

  test('that are more than are read at once says so, and loses nothing that was known', async () => {
    const alone = correlation('alone', { type: 'temporal', condition: 'a and not b', timespan: '10m' });
    const set = rulesetOf([...rules, { ...alone, privwatch: { quiet: '30m' } }]);
    const store = new Recorded(undefined, new MemoryStore());
    const now = START + 20 * 60 * MINUTE;
    const sweepWith = async (limit: number): Promise<void> => {
      for await (const due of store.due(Infinity)) await judgeDue(due, set, store, now, limit);
    };
    await take(many.slice(0, 20), set, store, now);
    await sweepWith(1000);
    expect(findingsIn(store.heads(), set)).toMatchObject([{ count: 20, countExact: true }]);
    await take(many, set, store, now);
    await sweepWith(40);
    const [cut] = findingsIn(store.heads(), set);
    expect(cut).toMatchObject({ incomplete: true, firstSeen: '2026-01-06T01:00:00Z' });
    expect(cut!.count).toBeGreaterThanOrEqual(20);
    await take(many, set, store, now);
    await sweepWith(1000);
    await sweepWith(1000);
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(many, set));
  });

  test.each([
    ['is filed though its hits cannot be read at once', 'a and not b', [], 1],
    ['is not filed where it did follow', 'a and not b', [eventAt('b', 55)], 0],
    ['is not filed where what did follow was not read', 'b and not a', [eventAt('b', 30)], 0],
  ])('within one window, which something must follow: it %s', async (_what, condition, others, findings) => {
    const set = rulesetOf([...rules, correlation('alone', { type: 'temporal', condition, rules: ['a', 'b'] })]);
    const flood = Array.from({ length: 50 }, (_, i) => eventAt('a', i));
    const store = new Recorded(undefined, new MemoryStore());
    const now = START + 20 * 60 * MINUTE;
    await take([...flood, ...others], set, store, now);
    for await (const due of store.due(Infinity)) await judgeDue(due, set, store, now, 20);
    const found = findingsIn(store.heads(), set).filter(({ detectorTitle }) => detectorTitle === 'alone');
    expect(found).toHaveLength(findings);
    for (const finding of found) expect(finding).toMatchObject({ incomplete: true });
  });
});

describe('A worker', () => {
  test('files no sum that events it has not read take back', async () => {
    const sum = correlation('sum', {
      type: 'value_sum',
      rules: ['a'],
      timespan: '2h',
      condition: { gte: 5, field: 'n' },
    });
    const set = rulesetOf([...rules, sum]);
    const store = new Recorded(undefined, new MemoryStore());
    const ones = Array.from({ length: 300 }, (_, i) => eventAt('a', 0, { eventID: `one${i}`, n: 1 }));
    await take([eventAt('a', 60, { n: -1000 }), ...ones.slice(0, 3)], set, store, START);
    expect(store.changes(set)).toEqual([]);
    await take(ones, set, store, START);
    expect(store.changes(set)).toEqual([]);
    expect(await findingsOf([eventAt('a', 60, { n: -1000 }), ...ones], set)).toEqual([]);
  });

  test('counts nothing that is older than what is kept, and files it by its rule', async () => {
    const count = correlation('count', { type: 'event_count', rules: ['a'], condition: { gte: 1 } });
    const set = rulesetOf([...rules, { ...count, generate: true }]);
    const store = new Recorded(undefined, new MemoryStore());
    expect(await take([eventAt('a', 0)], set, store, START + LATENESS_MILLISECONDS + MINUTE)).toBe(1);
    expect(findingsIn(store.heads(), set).map(({ detectorTitle }) => detectorTitle)).toEqual(['a']);
  });

  test('knows the beginning of time', async () => {
    const events = ['1970-01-01T00:00:00Z', '1970-01-01T00:01:00Z'].map((eventTime, i) =>
      eventAt('a', i, { eventTime }),
    );
    const set = rulesetOf(rules);
    const store = new Recorded(undefined, new MemoryStore());
    await take(events, set, store, MINUTE);
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(events, set));
    expect(findingsIn(store.heads(), set)[0]).toMatchObject({ count: 2, lastSeen: '1970-01-01T00:01:00Z' });
  });
});
