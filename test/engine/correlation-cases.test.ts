import { changes, applyChanges } from '../../engine/changes';
import { correlate } from '../../engine/correlate';
import type { Finding } from '../../engine/finding';
import { match } from '../../engine/match';
import { DetectorError } from '../../engine/problems';
import { loadRuleset, type Ruleset } from '../../engine/ruleset';
import { makeEvent, sources, type Event } from '../../events/event';
import { formatTime } from '../../events/time';
import { MemoryStore } from '../../state/memory';

/** One event: the rules it matches, its second, and what else it says. The same `id` twice is the same event. */
interface Arrival {
  rules: string;
  at: number;
  id?: string;
  fields?: Record<string, string | number | null>;
}

const START = Date.UTC(2026, 0, 5, 10);
const GROUPED = { g: 'u' };

const BASES = ['a', 'b', 'c']
  .map(
    (name) =>
      `title: ${name}\nname: ${name}\nlogsource: {product: aws}\ndetection: {s: {rules|contains: ${name}}, condition: s}\nlevel: low\n`,
  )
  .join('---\n');

/** A correlation called `outer`, and what stands before it. */
function ruleset(correlation: string, before = ''): Ruleset {
  const text = `${BASES}---\n${before}title: outer\nname: outer\nlevel: high\ncorrelation: {${correlation}}\n`;
  return loadRuleset([{ file: 'case.yml', text }]);
}

function eventOf({ rules, at, id, fields = GROUPED }: Arrival, i: number): Event {
  const eventID = `${id ?? `arrival ${i}`}`;
  return makeEvent(sources.cloudtrail, { eventID, eventTime: formatTime(START + at * 1000), rules, ...fields });
}

async function findingsOf(set: Ruleset, batches: Event[][], over = Infinity): Promise<Finding[]> {
  const store = new MemoryStore();
  const findings = new Map<string, Finding>();
  for (const events of batches) {
    const matches = events.flatMap((event) => match(event, set));
    const { changes: heads } = await correlate(matches, set, store, { over: () => over });
    for (const head of heads) applyChanges(findings, changes(head, set));
  }
  return [...findings.values()];
}

const on = (list: string, fields: Arrival['fields'] = GROUPED): Arrival[] =>
  list.split(' ').map((item) => {
    const [, rules, at, , id, , group] = /^([a-z]+)@([\d.]+)(#(\w+))?(\[(\w+)\])?$/.exec(item)!;
    return {
      rules: rules!,
      at: Number(at),
      ...(id !== undefined && { id }),
      fields: group ? { ...fields, g: group } : fields,
    };
  });

const COUNT = 'type: event_count, rules: [a], group-by: [g], timespan: 60s, condition: {gte: 3}';
const DISTINCT = (n: number): string =>
  `type: value_count, rules: [a], group-by: [g], timespan: 60s, condition: {field: f, gte: ${n}}`;
const f = (value: string | null, at: number): Arrival => ({ rules: 'a', at, fields: { g: 'u', f: value } });
const TEMPORAL = 'type: temporal, rules: [a, b], group-by: [g], timespan: 60s';
const ORDERED = 'type: temporal_ordered, rules: [a, b], group-by: [g], timespan: 60s';
const ORDERED_3 = 'type: temporal_ordered, rules: [a, b, c], group-by: [g], timespan: 60s';
const EXTENDED = (condition: string): string => `type: temporal, group-by: [g], timespan: 60s, condition: ${condition}`;
const ALIASED = 'type: temporal, rules: [a, b], aliases: {ip: {a: src, b: dst}}, group-by: [ip], timespan: 60s';
const INNER =
  'title: inner\nname: inner\nlevel: low\ncorrelation: {type: event_count, rules: [a], group-by: [g], timespan: 60s, condition: {gte: 3}}\n---\n';
const CHAIN = 'type: temporal_ordered, rules: [inner, b], group-by: [g], timespan: 60s';

const cases: [name: string, set: () => Ruleset, arrivals: Arrival[], alerts: number][] = [
  ['q01 sixty seconds apart is inside', () => ruleset(COUNT), on('a@0 a@30 a@60'), 1],
  ['q02 sixty-one is not', () => ruleset(COUNT), on('a@0 a@30 a@61'), 0],
  ['q03 groups are apart', () => ruleset(COUNT), on('a@0[u] a@1[v] a@2[u]'), 0],
  ['q04 a duplicate counts once', () => ruleset(COUNT), on('a@0#x1 a@1#x2 a@1#x2'), 0],
  ['q05 out of order', () => ruleset(COUNT), on('a@50 a@0 a@25'), 1],
  ['q06 no window of sixty seconds holds three', () => ruleset(COUNT), on('a@0 a@100 a@50'), 0],
  ['q07 a late hit joins later ones', () => ruleset(COUNT), on('a@100 a@110 a@0 a@90'), 1],
  ['q08 six in one window are one episode', () => ruleset(COUNT), on('a@0 a@1 a@2 a@3 a@4 a@5'), 1],
  ['q09 re-armed after a pause', () => ruleset(COUNT), on('a@0 a@5 a@10 a@500 a@505 a@510'), 2],
  ['q10 no group value', () => ruleset(COUNT), on('a@0 a@1 a@2', {}), 0],
  [
    'q11 an event that matches two rules is one event',
    () => ruleset('type: event_count, rules: [a, b], group-by: [g], timespan: 60s, condition: {gte: 3}'),
    on('ab@0#x1 ab@1#x2'),
    0,
  ],
  ['q12 the third distinct value', () => ruleset(DISTINCT(3)), [f('x', 0), f('x', 1), f('y', 2), f('z', 3)], 1],
  ['q13 missing and null are no values', () => ruleset(DISTINCT(2)), [f('x', 0), { rules: 'a', at: 1 }, f(null, 2)], 0],
  ['q14 distinct values too far apart', () => ruleset(DISTINCT(2)), [f('x', 0), f('y', 61)], 0],
  ['q15 temporal in any order', () => ruleset(TEMPORAL), on('b@0 a@10'), 1],
  ['q16 temporal in two groups', () => ruleset(TEMPORAL), on('a@0[u] b@10[v]'), 0],
  ['q17 ordered the wrong way round', () => ruleset(ORDERED), on('b@0 a@10'), 0],
  ['q18 event time decides the order', () => ruleset(ORDERED), on('b@10 a@0'), 1],
  ['q19 equal seconds count as ordered', () => ruleset(ORDERED), on('a@5 b@5'), 1],
  ['q20 one event is no sequence of two', () => ruleset(ORDERED), on('ab@0#x1'), 0],
  ['q21 three in the wrong order', () => ruleset(ORDERED_3), on('a@0 c@1 b@2'), 0],
  ['q22 and then the right one', () => ruleset(ORDERED_3), on('a@0 c@1 b@2 c@3'), 1],
  ['q23 the earliest first hit may have left the window', () => ruleset(ORDERED), on('a@0 a@50 b@100'), 1],
  [
    'q24 two of three rules',
    () => ruleset('type: temporal, rules: [a, b, c], group-by: [g], timespan: 60s, condition: {gte: 2}'),
    on('a@0 c@9'),
    1,
  ],
  ['q25 a and not b, when the window is over', () => ruleset(EXTENDED('a and not b')), on('a@0'), 1],
  ['q26 b came in time', () => ruleset(EXTENDED('a and not b')), on('a@0 b@59'), 0],
  ['q27 a and (b or c), at once', () => ruleset(EXTENDED('a and (b or c)')), on('a@0 c@5'), 1],
  [
    'q28 an alias joins two fields',
    () => ruleset(ALIASED),
    [
      { rules: 'a', at: 0, fields: { src: 1 } },
      { rules: 'b', at: 5, fields: { dst: 1 } },
    ],
    1,
  ],
  [
    'q29 and does not join the others',
    () => ruleset(ALIASED),
    [
      { rules: 'a', at: 0, fields: { src: 1 } },
      { rules: 'b', at: 5, fields: { src: 1, dst: 2 } },
    ],
    0,
  ],
  ['q30 a chain', () => ruleset(CHAIN, INNER), on('a@0 a@1 a@2 b@9'), 1],
  ['q31 the inner one is complete at its third hit', () => ruleset(CHAIN, INNER), on('b@1 a@0 a@2 a@3'), 0],
  [
    'q32 a sum, of numbers and numeric text',
    () => ruleset('type: value_sum, rules: [a], group-by: [g], timespan: 60s, condition: {field: n, gt: 10}'),
    [5, '6', 'x'].map((n, at) => ({ rules: 'a', at, fields: { g: 'u', n } })),
    1,
  ],
  [
    'q33 an average of nothing',
    () => ruleset('type: value_avg, rules: [a], group-by: [g], timespan: 60s, condition: {field: n, gt: 5}'),
    [{ rules: 'a', at: 0, fields: { g: 'u', n: 'x' } }],
    0,
  ],
  ['q34 three, whatever happens between them', () => ruleset(COUNT), on('a@0 a@1 a@2'), 1],
  ['q35 one of them retried', () => ruleset(COUNT), on('a@0#x1 a@1#x2 a@1#x2 a@2#x3'), 1],
];

describe.each(cases)('%s', (_name, set, arrivals, alerts) => {
  const events = arrivals.map(eventOf);
  test.each([
    ['in one batch', [events]],
    ['reversed', [[...events].reverse()]],
    ['with every event twice', [[...events, ...events]]],
    ['event by event', events.map((event) => [event])],
    ['event by event, reversed and retried', [...events].reverse().map((event) => [event, event])],
  ])('%s', async (_how, batches) => {
    const findings = await findingsOf(set(), batches);
    expect(findings.map(({ detectorTitle }) => detectorTitle)).toEqual(Array<string>(alerts).fill('outer'));
    expect(findings.sort(byId)).toEqual((await findingsOf(set(), [events])).sort(byId));
  });
});

const byId = (a: Finding, b: Finding): number => (a.id < b.id ? -1 : 1);

test('a window that is not over is not judged, and one that is no longer true is withdrawn', async () => {
  const set = ruleset(EXTENDED('a and not b'));
  const [a, b] = on('a@0 b@59').map(eventOf);
  expect(await findingsOf(set, [[a!]], START + 60_000)).toHaveLength(0);
  expect(await findingsOf(set, [[a!]], START + 60_001)).toHaveLength(1);
  expect(await findingsOf(set, [[a!], [b!]])).toHaveLength(0);
});

test('a chain shows the inner correlation only if it says generate', async () => {
  const events = on('a@0 a@1 a@2 b@9').map(eventOf);
  const generating = CHAIN.replace('rules:', 'generate: true, rules:');
  const titles = (await findingsOf(ruleset(generating, INNER), [events])).map(({ detectorTitle }) => detectorTitle);
  expect(titles.sort()).toEqual(['b', 'inner', 'outer']);
});

test.each([
  ['q36 a count of nothing', 'type: event_count, rules: [a], timespan: 60s, condition: {eq: 0}', ''],
  ['q37 an unknown rule', 'type: temporal, rules: [a, nobody], timespan: 60s', ''],
  [
    'q38 a circle',
    'type: temporal, rules: [a, other], timespan: 60s',
    'title: other\nname: other\nlevel: low\ncorrelation: {type: temporal, rules: [a, outer], timespan: 60s}\n---\n',
  ],
  [
    'an input that can become untrue',
    'type: temporal, rules: [b, other], timespan: 60s',
    'title: other\nname: other\nlevel: low\ncorrelation: {type: event_count, rules: [a], timespan: 60s, condition: {lt: 3}}\n---\n',
  ],
])('%s is refused', (_name, correlation, before) => {
  expect(() => ruleset(correlation, before)).toThrow(DetectorError);
});
