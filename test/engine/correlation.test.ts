import type { JsonObject } from '../../events/json';
import { check, messages, ruleOf } from './support';

const BASES = ['a', 'b', 'c'].map((name) => ruleOf({ x: name }, { name, title: `Rule ${name}` }));
const RULE_ID = '6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11';

function correlation(body: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    title: 'A correlation',
    correlation: { type: 'event_count', rules: ['a'], timespan: '10m', condition: { gte: 3 }, ...body },
    ...more,
  };
}

/** Errors of a correlation over rules a, b and c. */
function errorsOf(body: JsonObject, more: JsonObject = {}): string[] {
  return messages(check([...BASES, correlation(body, more)]).errors);
}

describe('Correlations', () => {
  test.each<[string, JsonObject]>([
    ['a count', {}],
    ['a count of several rules', { rules: ['a', 'b'], 'group-by': 'x' }],
    ['one rule as text', { rules: 'a' }],
    ['a range', { condition: { gt: 3, lte: 9 } }],
    ['few but not none', { condition: { lt: 5 } }],
    ['at most some', { condition: { lte: 1 } }],
    ['any number but one', { condition: { neq: 3 } }],
    ['distinct values', { type: 'value_count', condition: { gte: 3, field: 'x' } }],
    ['distinct tuples', { type: 'value_count', condition: { gte: 3, field: ['x', 'y'] } }],
    ['a sum below something', { type: 'value_sum', condition: { lt: 0, field: 'n' } }],
    ['an average', { type: 'value_avg', condition: { gt: 5, field: 'n' } }],
    ['a median', { type: 'value_median', condition: { gt: 5, field: 'n' } }],
    ['a percentile', { type: 'value_percentile', condition: { gt: 5, field: 'n', percentile: 95 } }],
    ['all of its rules', { type: 'temporal', rules: ['a', 'b'], condition: undefined as never }],
    ['all in order', { type: 'temporal_ordered', rules: ['a', 'b'], condition: undefined as never }],
    ['some of its rules', { type: 'temporal', rules: ['a', 'b', 'c'], condition: { gte: 2 } }],
    ['an extended condition', { type: 'temporal', rules: undefined as never, condition: 'a and (b or not c)' }],
    ['an extended condition and its rules', { type: 'temporal', rules: ['b', 'a'], condition: 'a and not b' }],
    ['not not', { type: 'temporal', rules: ['a'], condition: 'not not a' }],
    ['aliases', { rules: ['a', 'b'], 'group-by': ['ip'], aliases: { ip: { a: 'src', b: 'dst' } } }],
    ['a month', { timespan: '1M' }],
  ])('%s loads', (_what, body) => {
    expect(errorsOf(body)).toEqual([]);
  });

  test.each<[string, JsonObject, string[]]>([
    [
      'eq 0',
      { condition: { eq: 0 } },
      [expect.stringContaining('correlation.condition: no count from 1 on') as string],
    ],
    ['lt 1', { condition: { lt: 1 } }, [expect.stringContaining('no count') as string]],
    ['lte 0.5', { condition: { lte: 0.5 } }, [expect.stringContaining('no count') as string]],
    ['an empty range', { condition: { gt: 5, lt: 6 } }, [expect.stringContaining('no count') as string]],
    [
      'more rules than there are',
      { type: 'temporal', rules: ['a', 'b'], condition: { gte: 3 } },
      [expect.stringContaining('no count') as string],
    ],
    ['an unknown rule', { rules: ['a', 'nobody'] }, ['correlation.rules: there is no rule with the id or name nobody']],
    [
      'an order and a condition',
      { type: 'temporal_ordered', rules: ['a', 'b'], condition: { gte: 2 } },
      ['correlation.condition: temporal_ordered asks for all of its rules, in order: no condition'],
    ],
    ['itself', { rules: ['a', 'me'] }, ['correlation.rules: the references go round in a circle']],
    ['no condition', { condition: undefined as never }, ['correlation: event_count needs a condition']],
    [
      'no operator',
      { type: 'value_count', condition: { field: 'x' } },
      ['correlation.condition: no operator; one of gt, gte, lt, lte, eq, neq'],
    ],
    ['no field', { type: 'value_count' }, ['correlation.condition: value_count needs a field']],
    [
      'a field too many',
      { condition: { gte: 3, field: 'x' } },
      ['correlation.condition.field: event_count counts events: it takes no field'],
    ],
    [
      'two fields',
      { type: 'value_sum', condition: { gte: 3, field: ['x', 'y'] } },
      ['correlation.condition.field: value_sum takes one field'],
    ],
    [
      'no percentile',
      { type: 'value_percentile', condition: { gte: 3, field: 'x' } },
      ['correlation.condition: value_percentile needs a percentile'],
    ],
    [
      'a percentile too many',
      { type: 'value_avg', condition: { gte: 3, field: 'x', percentile: 5 } },
      ['correlation.condition.percentile: value_avg takes no percentile'],
    ],
    [
      'text for a count',
      { condition: 'a and b', rules: ['a', 'b'] },
      ['correlation.condition: event_count takes a condition of operators, e.g. gte: 3'],
    ],
    [
      'rules that differ from the condition',
      { type: 'temporal', rules: ['a', 'b'], condition: 'a and c' },
      ['correlation.rules: rules and condition name different rules'],
    ],
    [
      'a repeated rule that hides another',
      { type: 'temporal', rules: ['a', 'a'], condition: 'a and b' },
      ['correlation.rules: rules and condition name different rules'],
    ],
    [
      'only not',
      { type: 'temporal', condition: 'not a' },
      ['correlation.condition: without a rule that is not negated no event says when to look'],
    ],
    [
      'not both',
      { type: 'temporal', rules: ['a', 'b'], condition: 'not (a and b)' },
      ['correlation.condition: without a rule that is not negated no event says when to look'],
    ],
    [
      'neither',
      { type: 'temporal', rules: ['a', 'b'], condition: 'not a and not (b or not not a)' },
      ['correlation.condition: without a rule that is not negated no event says when to look'],
    ],
    [
      'a quantifier',
      { type: 'temporal', condition: '1 of them' },
      ['correlation.condition: a condition of a correlation joins names of rules with and, or and not'],
    ],
    [
      'a name with a dash',
      { type: 'temporal', condition: 'a-b and c' },
      ['correlation.condition: a-b is not the name of a rule: letters, digits and _'],
    ],
    [
      'an expression that is none',
      { type: 'temporal', condition: 'a and (b or' },
      ['correlation.condition: the condition ends where an identifier is expected'],
    ],
    [
      'an alias that lacks a rule',
      { rules: ['a', 'b'], aliases: { ip: { a: 'src' } } },
      ['correlation.aliases.ip: it says nothing of b'],
    ],
    [
      'an unknown type',
      { type: 'near' },
      [expect.stringMatching(/^correlation.type: "near" is none of event_count, /) as string],
    ],
    [
      'an unknown key',
      { groupby: 'x' },
      [expect.stringMatching(/^correlation.groupby: unknown key; known here: type, /) as string],
    ],
    [
      'an unknown operator',
      { condition: { gte: 3, approx: 1 } },
      [expect.stringMatching(/^correlation.condition.approx: unknown key/) as string],
    ],
    ['no timespan', { timespan: undefined as never }, ['correlation: timespan is missing']],
    ['a timespan of none', { timespan: '0m' }, ['correlation.timespan: "0m" is not right: e.g. 10m, 1h, 7d']],
    [
      'an undeclared derived field',
      { 'group-by': ['derived.actor.id'] },
      ['correlation.group-by: derived.actor.id is a derived field: say taxonomy: privwatch'],
    ],
  ])('%s is refused', (_what, body, expected) => {
    expect(errorsOf(body, { name: 'me' })).toEqual(expected);
  });

  test('derived fields are for those who declare them', () => {
    const body = {
      type: 'value_count',
      'group-by': ['derived.actor.id'],
      condition: { gte: 3, field: 'derived.mood' },
    };
    expect(errorsOf(body, { taxonomy: 'privwatch' })).toEqual([
      'correlation.condition.field: there is no derived field derived.mood',
    ]);
  });

  test('a circle of two is refused, also for those who lead into it', () => {
    const files = [
      ...BASES,
      correlation({ rules: ['q'] }, { name: 'p', title: 'P' }),
      correlation({ rules: ['p'] }, { name: 'q', title: 'Q' }),
      correlation({ rules: ['q'] }, { name: 'r', title: 'R' }),
    ];
    expect(messages(check(files).errors)).toEqual(
      Array(3).fill('correlation.rules: the references go round in a circle'),
    );
  });

  test.each([
    [10, []],
    [11, ['correlation.rules: a chain of over 10 correlations']],
  ])('a chain of %d', (length, expected) => {
    const chain = Array.from({ length }, (_, i) =>
      correlation({ rules: [i === 0 ? 'a' : `c${i - 1}`] }, { name: `c${i}`, title: `C${i}` }),
    );
    for (const documents of [chain, [...chain].reverse()])
      expect(messages(check([...BASES, ...documents]).errors)).toEqual(expected);
  });

  test.each([
    ['warns where it silences a rule of level high', {}, {}, true],
    ['does not warn where generate stands within', { generate: true }, {}, false],
    ['does not warn where generate stands beside', {}, { generate: true }, false],
  ])('%s', (_what, body, more, isWarned) => {
    const base = ruleOf({ a: 1 }, { name: undefined as never, id: RULE_ID, level: 'high' });
    const { errors, warnings } = check([base, correlation({ rules: [RULE_ID.toUpperCase()], ...body }, more)]);
    expect(errors).toEqual([]);
    const wanted = `correlation.rules: silences ${RULE_ID.toUpperCase()} (level high): say generate: true to keep its findings`;
    expect(messages(warnings).includes(wanted)).toBe(isWarned);
  });

  test('two operators get a warning: other tools take one', () => {
    const { warnings } = check([...BASES, correlation({ condition: { gte: 2, lt: 9 } })]);
    expect(messages(warnings)).toContain('correlation.condition: pySigma accepts one operator only');
  });
});
