import { match } from '../../engine/match';
import { check, eventOf, LOGSOURCE, matching, messages, ruleOf, rulesetOf } from './support';
import type { JsonObject } from '../../events/json';

function filter(more: JsonObject, condition = 'not s', extension?: JsonObject): JsonObject {
  return {
    title: 'An exception',
    logsource: LOGSOURCE,
    filter: { rules: 'any', s: { user: 'bot' }, condition, ...more },
    ...(extension && { privwatch: { owner: 'platform', reason: 'a pipeline', ...extension } }),
  };
}

describe('Filters', () => {
  test.each([
    ['2027-03-31T23:59:59Z', 0, []],
    ['2027-03-31T23:59:59.999Z', 0, []],
    ['2027-04-01T00:00:00Z', 1, ['An exception']],
    ['2027-04-01T01:00:00+02:00', 0, []],
    ['no time at all', 1, ['An exception']],
  ])('an exception that expires on 2027-03-31, for an event of %s: %d matches', (eventTime, count, expired) => {
    for (const expires of ['2027-03-31', '2027/03/31']) {
      const ruleset = rulesetOf([ruleOf({ a: 1 }), filter({}, 'not s', { expires })]);
      const found = match(eventOf({ a: 1, user: 'bot', eventTime }), ruleset);
      expect(found).toHaveLength(count);
      expect(found.flatMap((each) => each.expired.map(({ title }) => title))).toEqual(expired);
      const others = match(eventOf({ a: 1, user: 'alice', eventTime }), ruleset);
      expect(others.map((each) => each.expired)).toEqual([[]]);
    }
  });

  test('an exception in force suppresses also where another has expired', () => {
    const ruleset = rulesetOf([ruleOf({ a: 1 }), filter({}, 'not s', { expires: '2020-01-01' }), filter({}, 'not s')]);
    expect(matching(ruleset, { a: 1, user: 'bot', eventTime: '2026-01-01T00:00:00Z' })).toEqual([]);
  });

  test.each([
    ['2027-02-30', 'privwatch.expires: 2027-02-30 is not in the calendar'],
    ['soon', 'privwatch.expires: "soon" is not right: A date, YYYY-MM-DD'],
  ])('an exception that expires on %s is refused', (expires, message) => {
    expect(messages(check([ruleOf({ a: 1 }), filter({}, 'not s', { expires })]).errors)).toContain(message);
  });

  test('an exception has an owner and a reason', () => {
    const { errors } = check([{ ...filter({}), privwatch: { ticket: 'SEC-1' } }]);
    expect(messages(errors)).toEqual(['privwatch: owner is missing', 'privwatch: reason is missing']);
  });

  test('the names of a filter and of a rule are apart', () => {
    const rule = ruleOf({ a: 1 });
    const same = filter({ s: undefined as never, selection: { user: 'bot' } }, 'not all of them');
    expect(matching(rulesetOf([rule, same]), { a: 1 })).toEqual(['A rule']);
    expect(matching(rulesetOf([rule, same]), { a: 1, user: 'bot' })).toEqual([]);
    expect(messages(check([rule, filter({}, 'not selection')]).errors)).toEqual([
      'filter.condition: unknown search identifier selection',
    ]);
  });

  test('each condition of a rule is filtered', () => {
    const rule = { ...ruleOf({}), detection: { x: { a: 1 }, y: { b: 1 }, condition: ['x', 'y'] } };
    const ruleset = rulesetOf([rule, filter({})]);
    expect(matching(ruleset, { b: 1 })).toEqual(['A rule']);
    expect(matching(ruleset, { b: 1, user: 'bot' })).toEqual([]);
  });

  test.each([
    [{ product: 'aws' }, []],
    [{ product: 'AWS', service: 'CloudTrail' }, []],
    [{ product: 'aws', service: 'guardduty' }, ['A rule']],
    [{ product: 'aws', category: 'audit' }, ['A rule']],
  ])('with the logsource %j it leaves of a CloudTrail rule %j', (logsource, expected) => {
    const ruleset = rulesetOf([ruleOf({ a: 1 }), { ...filter({}), logsource }]);
    expect(matching(ruleset, { a: 1, user: 'bot' })).toEqual(expected);
  });

  test('a filter of a service is not for a rule that states none', () => {
    const rule = ruleOf({ a: 1 }, { logsource: { product: 'aws' } });
    expect(matching(rulesetOf([rule, filter({})]), { a: 1, user: 'bot' })).toEqual(['A rule']);
  });

  test.each([
    ['a name', 'a_rule'],
    ['a list', ['other', 'a_rule']],
    ['an empty list', []],
    ['any in a list', ['any']],
  ])('names its rules by %s', (_how, rules) => {
    const other = ruleOf({ a: 2 }, { name: 'other' });
    expect(matching(rulesetOf([ruleOf({ a: 1 }), other, filter({ rules })]), { a: 1, user: 'bot' })).toEqual([]);
  });

  test.each([
    [
      'no rule at all',
      filter({ rules: ['nobody'] }),
      'filter.rules: no loaded rule is meant: the filter has no effect',
    ],
    [
      'one unknown rule',
      filter({ rules: ['a_rule', 'nobody'] }),
      'filter.rules: there is no rule nobody with this logsource',
    ],
    [
      'a condition without not',
      filter({}, 's'),
      'filter.condition: no "not": the rules will match these events only; an exception is written "not …"',
    ],
  ])('warns of %s', (_what, document, message) => {
    const { errors, warnings } = check([ruleOf({ a: 1 }), document]);
    expect(errors).toEqual([]);
    expect(messages(warnings)).toEqual([message]);
  });

  test('neq in a filter is a not', () => {
    expect(check([ruleOf({ a: 1 }), filter({ s: { 'user|neq': 'bot' } }, 's')]).warnings).toEqual([]);
  });
});
