/** The types of the Sigma Correlation Rules Specification, and `value_median`, which pySigma adds. */
export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'temporal'
  | 'temporal_ordered'
  | 'value_sum'
  | 'value_avg'
  | 'value_median'
  | 'value_percentile';

export const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

export interface Comparison {
  operator: (typeof OPERATORS)[number];
  bound: number;
}

/** Names of rules joined by `and`, `or` and `not`; a rule by its place in the correlation's list. */
export type NameExpression =
  { kind: 'rule'; rule: number } | { kind: 'and' | 'or' | 'not'; operands: NameExpression[] };

export type WindowCondition =
  /** All of them hold of a count, a sum, an average or a percentile. */
  | { kind: 'tests'; tests: Comparison[] }
  | { kind: 'expression'; expression: NameExpression }
  /** Every rule was hit, in the order of the list if so asked; then, maybe, only the last of them fires. */
  | { kind: 'all'; ordered: boolean; lastOnly?: boolean };

/** What makes a window of hits satisfy a correlation. */
export interface WindowRule {
  type: CorrelationType;
  timespanMilliseconds: number;
  /** How many rules the correlation refers to. */
  rules: number;
  condition: WindowCondition;
  /** 0 to 100, for `value_percentile`. */
  percentile: number;
}

export function compare(value: number, { operator, bound }: Comparison): boolean {
  switch (operator) {
    case 'gt':
      return value > bound;
    case 'gte':
      return value >= bound;
    case 'lt':
      return value < bound;
    case 'lte':
      return value <= bound;
    case 'eq':
      return value === bound;
    case 'neq':
      return value !== bound;
  }
}

/** Whether more hits can only make a window truer: no timer is needed, and it may be an input of other correlations. */
export function isMonotone({ type, condition }: Pick<WindowRule, 'type' | 'condition'>): boolean {
  if (isAverage(type)) return false;
  if (condition.kind === 'all') return true;
  if (condition.kind === 'expression') return !hasNot(condition.expression);
  return condition.tests.every(({ operator }) => operator === 'gt' || operator === 'gte');
}

export function isAverage(type: CorrelationType): boolean {
  return type === 'value_avg' || type === 'value_median' || type === 'value_percentile';
}

function hasNot(expression: NameExpression): boolean {
  if (expression.kind === 'rule') return false;
  return expression.kind === 'not' || expression.operands.some(hasNot);
}

export function evaluate(expression: NameExpression, isHit: (rule: number) => boolean): boolean {
  switch (expression.kind) {
    case 'rule':
      return isHit(expression.rule);
    case 'not':
      return !evaluate(expression.operands[0]!, isHit);
    case 'and':
      return expression.operands.every((operand) => evaluate(operand, isHit));
    case 'or':
      return expression.operands.some((operand) => evaluate(operand, isHit));
  }
}

/** Rules of which more hits can make a window untrue. */
export function untellingRules({ type, condition, rules }: Pick<WindowRule, 'type' | 'condition' | 'rules'>): number[] {
  if (isMonotone({ type, condition })) return [];
  if (condition.kind === 'expression') return positiveRules(condition.expression, true);
  return Array.from({ length: rules }, (_, rule) => rule);
}

/** Rules that an expression names outside any `not`: their hits open a window. */
export function positiveRules(expression: NameExpression, negated = false): number[] {
  if (expression.kind === 'rule') return negated ? [] : [expression.rule];
  const isNegated = expression.kind === 'not' ? !negated : negated;
  return expression.operands.flatMap((operand) => positiveRules(operand, isNegated));
}
