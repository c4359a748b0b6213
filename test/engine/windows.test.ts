import fc from 'fast-check';
import { OPERATORS, type CorrelationType, type NameExpression, type WindowRule } from '../../engine/window-rule';
import { completing, firing, type WindowHit } from '../../engine/windows';

/*
 * What windows.ts computes in one pass is computed here by its definition: every window is taken as a list of hits of its
 * own and judged from scratch.
 */

const AVERAGES: CorrelationType[] = ['value_avg', 'value_median', 'value_percentile'];

function isJudgedAtOnce({ type, condition }: WindowRule): boolean {
  if (condition.kind === 'all') return true;
  if (condition.kind === 'tests') return !condition.tests.some(({ operator }) => !['gt', 'gte'].includes(operator));
  return type === 'temporal' && !JSON.stringify(condition.expression).includes('"not"');
}

function isSatisfied(window: WindowHit[], rule: WindowRule): boolean {
  const { condition, type } = rule;
  const inputs = new Set(window.map(({ input }) => input));
  switch (condition.kind) {
    case 'all':
      return condition.ordered ? hasSequence(window, rule.rules) : inputs.size === rule.rules;
    case 'expression':
      return isTrue(condition.expression, inputs);
    case 'tests': {
      const measured = measure(window, type, rule.percentile);
      return measured !== undefined && condition.tests.every(({ operator, bound }) => holds(measured, operator, bound));
    }
  }
}

/** Every choice of hits is tried. */
function hasSequence(window: WindowHit[], rules: number, chosen: WindowHit[] = []): boolean {
  if (chosen.length === rules) return true;
  return window.some(
    (hit) =>
      hit.input === chosen.length &&
      hit.time >= (chosen.at(-1)?.time ?? -Infinity) &&
      chosen.every(({ key }) => key !== hit.key) &&
      hasSequence(window, rules, [...chosen, hit]),
  );
}

function isTrue(expression: NameExpression, inputs: Set<number>): boolean {
  if (expression.kind === 'rule') return inputs.has(expression.rule);
  const truths = expression.operands.map((operand) => isTrue(operand, inputs));
  if (expression.kind === 'not') return !truths[0];
  return expression.kind === 'and' ? !truths.includes(false) : truths.includes(true);
}

function measure(window: WindowHit[], type: CorrelationType, percentile: number): number | undefined {
  if (type === 'event_count') return new Set(window.map(({ key }) => key)).size;
  if (type === 'value_count') return new Set(window.flatMap(({ value }) => value ?? [])).size;
  if (type === 'temporal') return new Set(window.map(({ input }) => input)).size;
  const numbers = numbersOf(window);
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((total, number) => total + number, 0);
  if (type === 'value_sum') return sum;
  if (type === 'value_avg') return sum / numbers.length;
  numbers.sort((a, b) => a - b);
  const rank = ((type === 'value_median' ? 50 : percentile) / 100) * (numbers.length - 1);
  const [low, high] = [numbers[Math.floor(rank)]!, numbers[Math.ceil(rank)]!];
  return low + (high - low) * (rank % 1);
}

/** Of each event the first number. */
function numbersOf(window: WindowHit[]): number[] {
  const ofEvent = new Map<string, number>();
  for (const { key, value } of window) {
    if (value !== undefined && value !== 'x' && !ofEvent.has(key)) ofEvent.set(key, Number(value));
  }
  return [...ofEvent.values()];
}

function holds(value: number, operator: string, bound: number): boolean {
  if (operator.startsWith('n')) return value !== bound;
  if (operator === 'eq') return value === bound;
  return (operator.startsWith('g') ? value > bound : value < bound) || (operator.endsWith('e') && value === bound);
}

function positives(expression: NameExpression, isNegated = false): number[] {
  if (expression.kind === 'rule') return isNegated ? [] : [expression.rule];
  return expression.operands.flatMap((operand) => positives(operand, isNegated !== (expression.kind === 'not')));
}

const isLastOnly = (condition: WindowRule['condition']): boolean => condition.kind === 'all' && !!condition.lastOnly;

const between = (hits: WindowHit[], from: number, to: number): WindowHit[] =>
  hits.filter(({ time }) => time >= from && time <= to);

function firingByDefinition(sorted: WindowHit[], rule: WindowRule, over: number): boolean[] {
  const { condition, type, timespanMilliseconds: timespan } = rule;
  const fired = new Set<WindowHit>();
  const fire = (hits: WindowHit[]): void => hits.forEach((hit) => fired.add(hit));
  if (AVERAGES.includes(type)) {
    for (const { key, time } of sorted) {
      const event = sorted.filter((hit) => hit.key === key);
      const window = sorted.filter((hit) => hit.time > time - timespan && hit.time <= time);
      if (numbersOf(event).length > 0 && isSatisfied(window, rule)) fire(event);
    }
  } else if (isJudgedAtOnce(rule)) {
    for (const first of sorted) {
      for (const last of sorted) {
        if (last.time < first.time || last.time - first.time > timespan) continue;
        // More hits may lower a sum: it is that of the whole window.
        const window = between(sorted, first.time, type === 'value_sum' ? first.time + timespan : last.time);
        if (!isSatisfied(window, rule)) continue;
        if (!isLastOnly(condition)) fire(window);
        else if (last.input === rule.rules - 1) fire([last]);
      }
    }
  } else {
    const named = condition.kind === 'expression' ? positives(condition.expression) : undefined;
    for (const opener of sorted) {
      const { time, input } = opener;
      const opens = named
        ? named.includes(input)
        : !sorted.some((hit) => hit.time < time && hit.time >= time - timespan);
      const window = between(sorted, time, time + timespan);
      if (!opens || time + timespan >= over || !isSatisfied(window, rule)) continue;
      fire(named ? window.filter((hit) => named.includes(hit.input)) : window);
    }
  }
  return sorted.map((hit) => fired.has(hit));
}

function completingByDefinition(sorted: WindowHit[], rule: WindowRule): boolean[] {
  return sorted.map(({ time }, i) => {
    const isLast = sorted[i + 1]?.time !== time;
    return isLast && isSatisfied(between(sorted, time - rule.timespanMilliseconds, time), rule);
  });
}

// ---- what is tried: few times, keys, values and rules, so that ties are frequent ------------------------------------

const RULES = 4;
const rules = fc.integer({ min: 1, max: RULES });
const bound = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(0, 2.5));
const tests = (operators: readonly (typeof OPERATORS)[number][]): fc.Arbitrary<WindowRule['condition']> =>
  fc
    .array(fc.record({ operator: fc.constantFrom(...operators), bound }), { minLength: 1, maxLength: 2 })
    .map((list) => ({ kind: 'tests', tests: list }));

function expressionOver(count: number): fc.Arbitrary<NameExpression> {
  const { node } = fc.letrec<{ node: NameExpression }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.nat(count - 1).map((rule): NameExpression => ({ kind: 'rule', rule })),
      fc
        .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('node'), { minLength: 2, maxLength: 3 }))
        .map(([kind, operands]): NameExpression => ({ kind, operands })),
      tie('node').map((operand): NameExpression => ({
        kind: 'not',
        operands: [operand],
      })),
    ),
  }));
  return node;
}

const anyTests = fc.oneof(tests(['gt', 'gte']), tests(OPERATORS));
const CONDITIONS: Record<string, [CorrelationType, (count: number) => fc.Arbitrary<WindowRule['condition']>]> = {
  'a count of events': ['event_count', () => anyTests],
  'a count of values': ['value_count', () => anyTests],
  'all rules': ['temporal', () => fc.constant({ kind: 'all', ordered: false })],
  'some of the rules': ['temporal', () => anyTests],
  'an extended condition': [
    'temporal',
    (count) => expressionOver(count).map((expression) => ({ kind: 'expression', expression })),
  ],
  'all rules in order': ['temporal_ordered', () => fc.constant({ kind: 'all', ordered: true })],
  'the last of all rules in order': [
    'temporal_ordered',
    () => fc.constant({ kind: 'all', ordered: true, lastOnly: true }),
  ],
  'a sum': ['value_sum', () => anyTests],
  'an average': ['value_avg', () => tests(OPERATORS)],
  'a median': ['value_median', () => tests(OPERATORS)],
  'a percentile': ['value_percentile', () => tests(OPERATORS)],
};

const ruleOf = ([type, condition]: (typeof CONDITIONS)[string]): fc.Arbitrary<WindowRule> =>
  rules.chain((count) =>
    fc.record({
      type: fc.constant(type),
      timespanMilliseconds: fc.constantFrom(1, 3, 4),
      rules: fc.constant(count),
      condition: condition(count),
      percentile: fc.constantFrom(0, 50, 75, 90, 100),
    }),
  );

/** Events at few times, each of which matches some of the rules. */
const hits = fc
  .array(
    fc.record({
      time: fc.integer({ min: -2, max: 12 }),
      inputs: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
      values: fc.tuple(
        ...Array.from({ length: RULES }, () => fc.constantFrom(undefined, '0', '1', '2', '-3', '2.5', 'x')),
      ),
    }),
    { maxLength: 12 },
  )
  .map((events) =>
    events
      .flatMap(({ time, inputs, values }, i) =>
        inputs.map((input): WindowHit => ({ input, key: `k${i}`, time, value: values[input] })),
      )
      .sort((a, b) => a.time - b.time || (a.key < b.key ? -1 : 1)),
  );

const ofRules = (list: WindowHit[], { rules: count }: WindowRule): WindowHit[] =>
  list.filter(({ input }) => input < count);
const over = fc.constantFrom(Infinity, 3, 6, 9);

describe.each(Object.entries(CONDITIONS))('Windows of %s', (_name, kind) => {
  test('fire, and are complete, as defined', () => {
    fc.assert(
      fc.property(ruleOf(kind), hits, over, (rule, list, end) => {
        const sorted = ofRules(list, rule);
        expect(firing(sorted, rule, end)).toEqual(firingByDefinition(sorted, rule, end));
        if (!AVERAGES.includes(rule.type) && isJudgedAtOnce(rule)) {
          expect(completing(sorted, rule)).toEqual(completingByDefinition(sorted, rule));
        }
      }),
      { numRuns: 600 },
    );
  });

  test('do not depend on what is over two timespans away', () => {
    fc.assert(
      fc.property(ruleOf(kind), hits, over, fc.integer({ min: -2, max: 12 }), (rule, list, end, time) => {
        const sorted = ofRules(list, rule);
        const reach = 2 * rule.timespanMilliseconds;
        const near = between(sorted, time - reach, time + reach);
        const at = (of: WindowHit[]): boolean[] => firing(of, rule, end).filter((_, i) => of[i]!.time === time);
        expect(at(near)).toEqual(at(sorted));
      }),
      { numRuns: 300 },
    );
  });
});

describe('Numbers', () => {
  const sumOf = (values: string[], bound: number): boolean => {
    const tests = [{ operator: 'eq' as const, bound }];
    const rule: WindowRule = {
      ...{ type: 'value_sum', timespanMilliseconds: 10, rules: 1, percentile: 50 },
      condition: { kind: 'tests', tests },
    };
    const sorted = values.map((value, i): WindowHit => ({ input: 0, key: `k${i}`, time: 0, value }));
    return firing(sorted, rule, Infinity).includes(true);
  };

  test.each([
    ['of decimals are exact', ['0.1', '0.2'], 0.3],
    ['do not lose the small among the great', ['1e15', '0.5', '-1e15'], 0.5],
    ['may have an exponent', ['1.5e3', '-5E-1'], 1499.5],
    ['are not read from other texts', ['1', '', ' 1', '1,5', '0x10', 'NaN', 'Infinity', '+1', '.5'], 1],
    ['leave out what is too great', ['7', '1e308', '1e999', '-1e400'], 7],
  ])('%s', (_what, values, sum) => {
    expect(sumOf(values, sum)).toBe(true);
    expect(sumOf(values, sum + 1)).toBe(false);
  });
});

describe('A hundred thousand hits of one group in an hour', () => {
  const BURST = 100_000;
  const burst = Array.from({ length: BURST }, (_, i): WindowHit => {
    return {
      input: i % 3,
      key: `k${i}`,
      time: Math.floor((i * 3600) / BURST) * 1000,
      value: String((i * 7919) % 5003),
    };
  });
  const expression: NameExpression = {
    kind: 'and',
    operands: [
      { kind: 'rule', rule: 0 },
      { kind: 'not', operands: [{ kind: 'rule', rule: 3 }] },
    ],
  };
  const many = (operator: 'gte' | 'lt', at: number): WindowRule['condition'] => {
    return { kind: 'tests', tests: [{ operator, bound: at }] };
  };
  test.each<[string, CorrelationType, WindowRule['condition'], number]>([
    ['a count of events', 'event_count', many('gte', 90_000), 3],
    ['few events', 'event_count', many('lt', 1e6), 3],
    ['a count of values', 'value_count', many('gte', 5003), 3],
    ['all rules', 'temporal', { kind: 'all', ordered: false }, 3],
    ['all rules in order', 'temporal_ordered', { kind: 'all', ordered: true }, 3],
    ['a sequence that never ends', 'temporal_ordered', { kind: 'all', ordered: true }, 4],
    ['one and not another', 'temporal', { kind: 'expression', expression }, 4],
    ['a sum', 'value_sum', many('gte', 1e6), 3],
    ['an average', 'value_avg', many('gte', 2000), 3],
    ['a median', 'value_median', many('gte', 2000), 3],
    ['a percentile', 'value_percentile', many('gte', 2000), 3],
  ])('%s', (_what, type, condition, count) => {
    const rule: WindowRule = { type, condition, rules: count, timespanMilliseconds: 3_600_000, percentile: 95 };
    const begin = performance.now();
    const fires = firing(burst, rule, Infinity);
    if (!AVERAGES.includes(type)) completing(burst, rule);
    const took = performance.now() - begin;
    if (process.env['SHOW_TIMES']) process.stdout.write(`${_what}: ${took.toFixed(0)} ms\n`);
    expect(fires.includes(true)).toBe(count === 3 || condition.kind === 'expression');
    expect(took).toBeLessThan(5000);
  });
});
