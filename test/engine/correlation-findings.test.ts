import type { FindingChange } from '../../engine/changes';
import type { Ruleset } from '../../engine/ruleset';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { MemoryStore } from '../../state/memory';
import { file, findingsOf, inBatches, standing } from './filing';
import { Recorded } from './recorded-store';
import { ruleOf, rulesetOf } from './support';

const HOUR = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 0, 6);

/** An event of some rules, so many hours after midnight of 2026-01-06. */
function hit(id: string | number, rules: string, hours: number, more: JsonObject = {}): Event {
  const eventTime = new Date(MIDNIGHT + hours * HOUR).toISOString();
  return makeEvent(sources.cloudtrail, {
    ...{ eventID: String(id), recipientAccountId: '1', rules, g: 'u', eventTime },
    ...more,
  });
}

function correlated(correlation: JsonObject, privwatch: JsonObject = {}, ...before: JsonObject[]): Ruleset {
  const bases = ['a', 'b', 'c'].map((name) =>
    ruleOf(
      { 'rules|contains': name },
      { name, title: name, privwatch: { entities: { resources: [{ type: 'Other', name: `$.of${name}` }] } } },
    ),
  );
  const outer = {
    title: 'outer',
    level: 'high',
    correlation: { 'group-by': ['g'], timespan: '1h', ...correlation },
    privwatch,
  };
  return rulesetOf([...bases, ...before, outer]);
}

const COUNT = { type: 'event_count', rules: ['a', 'b'], condition: { gte: 3 } };
const kinds = (list: FindingChange[]): string[] => list.map(({ kind }) => kind).sort();

describe('A finding of a correlation', () => {
  test('counts an event once, whatever the number of rules that it matches', async () => {
    const events = [hit(1, 'ab', 0), hit(2, 'ab', 0.1)];
    expect(await findingsOf(events, correlated(COUNT))).toEqual([]);
    const [finding] = await findingsOf([...events, ...events, hit(3, 'b', 0.2)], correlated(COUNT));
    expect(finding).toMatchObject({ count: 3, eventIds: ['1', '2', '3'] });
  });

  test('shows the resources of all rules that an event matches, and of events that fire only', async () => {
    const events = [
      hit(1, 'ab', 0, { ofa: 'y', ofb: 'x' }),
      hit(2, 'b', 0.1, { ofb: 'z' }),
      hit(3, 'a', 0.2),
      hit(4, 'a', 5, { ofa: 'not in a window' }),
    ];
    const [finding, ...others] = await findingsOf(events, correlated(COUNT));
    expect(others).toEqual([]);
    expect(finding!.resources.map(({ name }) => name)).toEqual(['x', 'y', 'z']);
  });

  test('has the first hundred events for evidence, and counts all', async () => {
    const events = Array.from({ length: 130 }, (_, i) => hit(1000 + i, 'ab', i / 200));
    const [finding] = await findingsOf([...events].reverse(), correlated(COUNT));
    expect(finding!.count).toBe(130);
    expect(finding!.eventIds).toEqual(Array.from({ length: 100 }, (_, i) => String(1000 + i)));
  });

  test.each([
    ['a timespan of days', { timespan: '3d' }, {}, [-60, -58, 10], true],
    ['a silence of days', {}, { quiet: '2d' }, [-30, -29.9, -29.8, 10, 10.1, 10.2], true],
    ['no silence of more', {}, { quiet: '1d' }, [-30, -29.9, -29.8, 10, 10.1, 10.2], false],
    ['an hour over midnight', {}, {}, [-0.5, -0.4, 0.1], true],
  ])('continues over %s', async (_what, correlation, privwatch, hours, isContinued) => {
    const set = correlated({ ...COUNT, ...correlation }, privwatch);
    const events = hours.map((hour, i) => hit(i, 'a', hour));
    const findings = await findingsOf(events, set);
    expect(findings.map(({ continues }) => continues)).toEqual([null, isContinued ? findings[0]!.id : null]);
    for (const order of [events, [...events].reverse()]) {
      const store = new Recorded();
      for (const event of order) await file([event], set, store);
      expect(standing(store.changes(set))).toEqual(findings);
    }
  });

  test('groups that differ only far behind are apart, and what is kept of them is short', async () => {
    const long = (end: string): JsonObject => ({ g: 'x'.repeat(100_000) + end });
    const events = [1, 2, 3]
      .map((id) => hit(id, 'a', 0, long('1')))
      .concat([4, 5].map((id) => hit(id, 'a', 0, long('2'))));
    const findings = await findingsOf(events, correlated(COUNT));
    expect(findings.map(({ count }) => count)).toEqual([3]);
    expect(JSON.stringify(findings).length).toBeLessThan(5000);
  });
});

describe('Windows judged when over', () => {
  const FEW = { type: 'event_count', rules: ['a'], condition: { lt: 3 } };
  const MISSING = { type: 'temporal', condition: 'a and not b' };

  test.each([
    ['a and not b', MISSING, [hit(1, 'a', 0)], hit(2, 'b', 1)],
    ['less than three', FEW, [hit(1, 'a', 0), hit(2, 'a', 0.5)], hit(3, 'a', 1)],
    ['less than three, and then no longer the opener', FEW, [hit(1, 'a', 0)], hit(2, 'a', -1)],
  ])('%s: what comes late withdraws, or moves', async (_what, correlation, early, late) => {
    const set = correlated(correlation);
    const over = MIDNIGHT + 2 * HOUR;
    const lists = await inBatches([early, [late]], set, over);
    expect(lists[0]!.map(({ kind }) => kind)).toEqual(['created']);
    expect(standing(lists.flat())).toEqual(await findingsOf([...early, late], set, over));
    const reversed = await inBatches([[late], [...early].reverse()], set, over);
    expect(standing(reversed.flat())).toEqual(standing(lists.flat()));
  });

  test('the one that was missing withdraws the finding', async () => {
    const lists = await inBatches([[hit(1, 'a', 0)], [hit(2, 'b', 1)]], correlated(MISSING));
    expect(lists.map(kinds)).toEqual([['created'], ['withdrawn']]);
  });

  test('what one worker has judged, another whose clock is behind does not take back', async () => {
    const set = correlated(MISSING);
    const store = new MemoryStore();
    const [a, later] = [hit(1, 'a', 0), hit(2, 'a', 0.5)];
    expect(kinds(await file([a], set, store, MIDNIGHT + HOUR))).toEqual([]);
    expect(kinds(await file([a], set, store, MIDNIGHT + 2 * HOUR))).toEqual(['created']);
    expect(kinds(await file([a], set, store, MIDNIGHT + HOUR))).toEqual([]);
    expect(kinds(await file([later], set, store, MIDNIGHT + HOUR))).toEqual(['revised']);
  });
});

describe('Chains', () => {
  const inner = (more: JsonObject = {}, quiet = '1h'): JsonObject => ({
    ...{ title: 'inner', name: 'inner', level: 'low', privwatch: { title: 'the inner title', quiet } },
    correlation: {
      type: 'event_count',
      rules: ['a'],
      'group-by': ['g'],
      timespan: '1h',
      condition: { gte: 2 },
      ...more,
    },
  });
  const FOLLOWED = { type: 'temporal_ordered', rules: ['inner', 'b'] };

  test('the title is that of the outer correlation, from what the inner events agree on', async () => {
    const set = correlated(FOLLOWED, { title: '{g} {f} {h} on {resource}' }, inner());
    const said = (h: string): JsonObject => ({ f: 'agreed', h, ofa: 'thing' });
    const [finding] = await findingsOf([hit(1, 'a', 0, said('x')), hit(2, 'a', 0.1, said('y')), hit(3, 'b', 0.2)], set);
    expect(finding).toMatchObject({
      title: 'u agreed something unknown on thing',
      detectorTitle: 'outer',
      group: { g: 'u' },
    });
  });

  test('a group that the inner one lacks is taken from its events, if they agree', async () => {
    const set = correlated({ ...FOLLOWED, 'group-by': ['h'] }, {}, inner());
    const of = (first: string): Event[] => [
      hit(1, 'a', 0, { h: first }),
      hit(2, 'a', 0.1, { h: 'x' }),
      hit(3, 'b', 0.2, { h: 'x' }),
    ];
    expect(await findingsOf(of('x'), set)).toHaveLength(1);
    expect(await findingsOf(of('y'), set)).toHaveLength(0);
  });

  test('a late event that makes the inner events disagree withdraws the outer finding', async () => {
    const set = correlated({ ...FOLLOWED, 'group-by': ['h'] }, {}, inner());
    const events = [hit(1, 'a', 0, { h: 'x' }), hit(2, 'a', 0.1, { h: 'x' }), hit(3, 'b', 0.2, { h: 'x' })];
    const lists = await inBatches([events, [hit(4, 'a', 0, { h: 'y' })]], set);
    expect(lists.map(kinds)).toEqual([['created'], ['withdrawn']]);
  });

  test('a late event that makes the inner one complete a day earlier moves the outer one', async () => {
    const once = { type: 'event_count', rules: ['inner'], condition: { gte: 1 } };
    const set = correlated(once, {}, inner({ timespan: '2d' }, '2d'));
    const late = hit(3, 'a', -1);
    const events = [hit(0, 'a', -2), hit(1, 'a', 1), hit(2, 'a', 2)];
    const lists = await inBatches([events, [late]], set);
    const seen = lists.map((_, i) => standing(lists.slice(0, i + 1).flat()).map(({ firstSeen }) => firstSeen));
    expect(seen).toEqual([['2026-01-06T01:00:00Z'], ['2026-01-05T23:00:00Z']]);
    expect(standing(lists.flat())).toEqual(await findingsOf([late, ...events], set));
  });

  test('of one long run there is one inner hit, though midnight is in it', async () => {
    const set = correlated(
      { type: 'event_count', rules: ['inner'], timespan: '2d', condition: { gte: 2 } },
      {},
      inner(),
    );
    const run = Array.from({ length: 12 }, (_, i) => hit(i, 'a', i / 2 - 3));
    expect(await findingsOf(run, set)).toEqual([]);
    expect(await findingsOf([...run, hit('x', 'a', 8), hit('y', 'a', 8.1)], set)).toHaveLength(2);
  });
});

describe('A burst', () => {
  test.each<[string, JsonObject]>([
    ['a count', { type: 'event_count', rules: ['a', 'b'], condition: { gte: 1000 } }],
    ['a sequence', { type: 'temporal_ordered', rules: ['a', 'b'] }],
    ['a sum', { type: 'value_sum', rules: ['a', 'b'], condition: { gte: 1000, field: 'n' } }],
  ])('of ten thousand hits of one group in an hour is filed in time: %s', async (_what, correlation) => {
    const events = Array.from({ length: 10_000 }, (_, i) => hit(i, 'ab'[i % 2]!, i / 10_000, { n: i % 10 }));
    const begin = performance.now();
    const findings = await findingsOf(events, correlated(correlation));
    const took = performance.now() - begin;
    if (process.env['SHOW_TIMES']) process.stdout.write(`${_what}: ${took.toFixed(0)} ms\n`);
    expect(findings.map(({ count }) => count)).toEqual([10_000]);
    expect(took).toBeLessThan(15_000);
  });
});
