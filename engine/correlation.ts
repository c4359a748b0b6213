import { at, isObject, text, type Json, type JsonObject } from '../events/json';
import { parseCondition } from './condition';
import { checkField, type CompileContext } from './detection';
import type { Path, SourceDocument } from './documents';
import type { Item, Node } from './nodes';
import { KeyError } from './problems';

/** A correlation document that was checked. This version does not evaluate it; see `Ruleset.correlations`. */
export interface Correlation {
  id: string;
  name: string | undefined;
  title: string;
  /** Ids or names of rules and correlations. */
  rules: string[];
  document: SourceDocument;
}

const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;
const MAX_CHAIN = 10;

/** Checks what of a correlation the schema cannot: Sigma Correlation Rules Specification. */
export function checkCorrelation(
  document: SourceDocument,
  context: Pick<CompileContext, 'derived'>,
): Correlation | undefined {
  const { data } = document;
  const correlation = data['correlation'];
  if (!isObject(correlation)) return undefined;
  const type = text(correlation, 'type') ?? '';
  const condition = correlation['condition'];
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  const listed = textsOf(correlation['rules']);
  let named: string[] = [];
  if (typeof condition === 'string') {
    if (!isTemporal)
      document.error(['correlation', 'condition'], `${type} takes a condition of operators, e.g. gte: 3`);
    named = document.attempt(['correlation', 'condition'], () => namesIn(condition)) ?? [];
    if (listed.length > 0 && named.length > 0 && !isSameSet(listed, named)) {
      document.error(['correlation', 'rules'], 'rules and condition name different rules');
    }
  } else if (!isObject(condition) && !isTemporal) document.error(['correlation'], `${type} needs a condition`);
  const rules = listed.length > 0 ? listed : named;
  if (rules.length === 0 && typeof condition !== 'string') document.error(['correlation'], 'no rules');
  if (isObject(condition)) checkCondition(document, type, condition, isTemporal ? new Set(rules).size : Infinity);
  checkAliases(document, rules);
  checkFields(document, correlation, context);
  const name = typeof data['name'] === 'string' ? data['name'] : undefined;
  const title = text(data, 'title') ?? '';
  return {
    id: typeof data['id'] === 'string' ? data['id'].toLowerCase() : (name ?? title),
    name,
    title,
    rules,
    document,
  };
}

/** @param most how much there can be to count at most */
function checkCondition(document: SourceDocument, type: string, condition: JsonObject, most: number): void {
  const path = ['correlation', 'condition'];
  const used = OPERATORS.filter((operator) => operator in condition);
  if (used.length === 0) document.error(path, `no operator; one of ${OPERATORS.join(', ')}`);
  if (used.length > 1) document.warn(path, 'pySigma accepts one operator only');
  const isValue = type.startsWith('value_');
  if (isValue && !('field' in condition)) document.error(path, `${type} needs a field`);
  if (!isValue && 'field' in condition) document.error([...path, 'field'], `${type} counts events: it takes no field`);
  if (Array.isArray(condition['field']) && type !== 'value_count') {
    document.error([...path, 'field'], `${type} takes one field`);
  }
  if (type === 'value_percentile' && !('percentile' in condition))
    document.error(path, 'value_percentile needs a percentile');
  if (type !== 'value_percentile' && 'percentile' in condition)
    document.error([...path, 'percentile'], `${type} takes no percentile`);
  const isCount = !isValue || type === 'value_count';
  if (isCount && used.length > 0 && !canHold(condition, most)) {
    document.error(path, 'no count from 1 on satisfies this, and where nothing is counted no event says when to look');
  }
}

/** Whether some count from 1 to `most` satisfies every operator: if any does, one next to a bound does. */
function canHold(condition: JsonObject, most: number): boolean {
  const bounds = OPERATORS.map((operator) => condition[operator]).filter((bound) => typeof bound === 'number');
  const counts = [1, ...bounds.flatMap((bound) => [Math.ceil(bound) - 1, Math.floor(bound), Math.floor(bound) + 1])];
  return counts.some(
    (count) =>
      count >= 1 && count <= most && OPERATORS.every((operator) => compare(count, operator, condition[operator])),
  );
}

function compare(count: number, operator: (typeof OPERATORS)[number], bound: Json | undefined): boolean {
  if (typeof bound !== 'number') return true;
  switch (operator) {
    case 'gt':
      return count > bound;
    case 'gte':
      return count >= bound;
    case 'lt':
      return count < bound;
    case 'lte':
      return count <= bound;
    case 'eq':
      return count === bound;
    case 'neq':
      return count !== bound;
  }
}

/**
 * The rule names of an extended condition, which joins them with `and`, `or`, `not` and parentheses: the grammar of a
 * detection's condition without "of".
 *
 * @throws KeyError if it is none, or if every name in it is negated
 */
function namesIn(condition: string): string[] {
  const words: string[] = condition.match(/[^\s()]+/g) ?? [];
  const names = new Map<string, Item>();
  if (words.includes('of'))
    throw new KeyError('a condition of a correlation joins names of rules with and, or and not');
  for (const word of words) {
    if (['and', 'or', 'not'].includes(word)) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(word))
      throw new KeyError(`${word} is not the name of a rule: letters, digits and _`);
    names.set(word, NO_ITEM);
  }
  const tree = parseCondition(condition, names);
  if (!hasPositive(tree)) throw new KeyError('without a rule that is not negated no event says when to look');
  return [...names.keys()];
}

/** What stands for a rule in the tree of an extended condition. */
const NO_ITEM: Item = {
  kind: 'item',
  name: '',
  slot: undefined,
  shown: '',
  path: [],
  test: () => false,
  literals: undefined,
};

function hasPositive(node: Node, negated = false): boolean {
  if (node.kind === 'not') return hasPositive(node.node, !negated);
  if (node.kind === 'and' || node.kind === 'or') return node.nodes.some((child) => hasPositive(child, negated));
  return !negated;
}

function checkAliases(document: SourceDocument, rules: string[]): void {
  const aliases = at(document.data, 'correlation', 'aliases');
  if (!isObject(aliases)) return;
  for (const [alias, fields] of Object.entries(aliases)) {
    const missing = rules.find((rule) => !isObject(fields) || !Object.hasOwn(fields, rule));
    if (missing !== undefined) document.error(['correlation', 'aliases', alias], `it says nothing of ${missing}`);
  }
}

/** Derived fields are declared, and exist, here as in a detection. */
function checkFields(
  document: SourceDocument,
  correlation: JsonObject,
  context: Pick<CompileContext, 'derived'>,
): void {
  const aliases = isObject(correlation['aliases']) ? correlation['aliases'] : {};
  const check = (path: Path, names: Json | undefined): void => {
    for (const name of textsOf(names)) {
      if (!Object.hasOwn(aliases, name)) document.attempt(['correlation', ...path], () => checkField(name, context));
    }
  };
  check(['group-by'], correlation['group-by']);
  check(['condition', 'field'], at(correlation, 'condition', 'field'));
  for (const [alias, names] of Object.entries(aliases)) {
    for (const rule of Object.keys(isObject(names) ? names : {})) check(['aliases', alias, rule], at(names, rule));
  }
}

/** References, circles and depth, which need the whole ruleset. */
export function checkReferences(correlations: Correlation[], resolve: (reference: string) => object | undefined): void {
  const known = new Set<object>(correlations);
  const depths = new Map<Correlation, number>();
  /** How many correlations follow one another from this one on; infinite in a circle. */
  const depthOf = (correlation: Correlation, trail: Correlation[]): number => {
    if (trail.includes(correlation)) return Infinity;
    let depth = depths.get(correlation);
    if (depth === undefined) {
      const inner = correlation.rules
        .map(resolve)
        .filter((target): target is Correlation => target !== undefined && known.has(target));
      depth = 1 + Math.max(0, ...inner.map((target) => depthOf(target, [...trail, correlation])));
      depths.set(correlation, depth);
    }
    return depth;
  };
  for (const correlation of correlations) {
    const path = ['correlation', 'rules'];
    for (const reference of correlation.rules) {
      if (!resolve(reference)) correlation.document.error(path, `there is no rule with the id or name ${reference}`);
    }
    const depth = depthOf(correlation, []);
    if (depth === Infinity) correlation.document.error(path, 'the references go round in a circle');
    else if (depth > MAX_CHAIN) correlation.document.error(path, `a chain of over ${MAX_CHAIN} correlations`);
  }
}

function textsOf(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((member): member is string => typeof member === 'string');
}

function isSameSet(a: string[], b: string[]): boolean {
  return a.every((member) => b.includes(member)) && b.every((member) => a.includes(member));
}
