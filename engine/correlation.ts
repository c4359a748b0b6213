import { at, isObject, type Json } from '../events/json';
import type { SourceDocument } from './documents';

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
export function checkCorrelation(document: SourceDocument): Correlation | undefined {
  const { data } = document;
  const correlation = data['correlation'];
  if (!isObject(correlation)) return undefined;
  const type = String(correlation['type']);
  const condition = correlation['condition'];
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  const listed = textsOf(correlation['rules']);
  const named = typeof condition === 'string' ? namesIn(document, condition) : [];
  if (typeof condition === 'string') {
    if (!isTemporal) document.error(['correlation', 'condition'], `${type} takes a condition of operators, e.g. gte: 3`);
    if (listed.length > 0 && !sameSet(listed, named)) {
      document.error(['correlation', 'rules'], 'rules and condition name different rules');
    }
  } else if (isObject(condition)) checkCondition(document, type, condition);
  else if (!isTemporal) document.error(['correlation'], `${type} needs a condition`);
  const rules = listed.length > 0 ? listed : named;
  if (rules.length === 0) document.error(['correlation'], 'no rules');
  checkAliases(document, rules);
  const name = typeof data['name'] === 'string' ? data['name'] : undefined;
  const title = String(data['title']);
  return { id: typeof data['id'] === 'string' ? data['id'].toLowerCase() : (name ?? title), name, title, rules, document };
}

function checkCondition(document: SourceDocument, type: string, condition: { [key: string]: Json }): void {
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
  if (type === 'value_percentile' && !('percentile' in condition)) document.error(path, 'value_percentile needs a percentile');
  if (type !== 'value_percentile' && 'percentile' in condition) document.error([...path, 'percentile'], `${type} takes no percentile`);
  const counts = type === 'event_count' || type === 'value_count' || type.startsWith('temporal');
  const ofNothing = counts && OPERATORS.every((operator) => compares(operator, 0, condition[operator]));
  if (ofNothing) document.error(path, 'the condition holds for no event at all, and no event says when to look');
}

function compares(operator: (typeof OPERATORS)[number], value: number, bound: Json | undefined): boolean {
  if (typeof bound !== 'number') return true;
  const results = { gt: value > bound, gte: value >= bound, lt: value < bound, lte: value <= bound };
  if (operator === 'eq') return value === bound;
  return operator === 'neq' ? value !== bound : results[operator];
}

/** The rule names of an extended condition: names, and, or, not, parentheses. */
function namesIn(document: SourceDocument, condition: string): string[] {
  const path = ['correlation', 'condition'];
  const words = condition.match(/[A-Za-z_][A-Za-z0-9_-]*|\S/g) ?? [];
  const names = words.filter((word) => /^[A-Za-z_]/.test(word) && !['and', 'or', 'not'].includes(word));
  const wrong = words.find((word) => !/^[A-Za-z_]/.test(word) && word !== '(' && word !== ')');
  if (wrong !== undefined) document.error(path, `unexpected ${wrong}: a condition joins names of rules with and, or and not`);
  const shape = words
    .map((word) => (word === 'and' || word === 'or' ? '&' : word === 'not' ? '!' : /^[A-Za-z_]/.test(word) ? 'x' : word))
    .join('');
  if (wrong === undefined && !isExpression(shape)) document.error(path, 'this is not an expression of names, and, or and not');
  const positive = /(^|[&(])x/.test(shape.replace(/!!/g, '')) || names.length === 0;
  if (!positive) document.error(path, 'without a rule that is not negated no event says when to look');
  return [...new Set(names)];
}

function isExpression(shape: string): boolean {
  let rest = shape;
  for (let previous = ''; previous !== rest; ) {
    previous = rest;
    rest = rest.replace(/!x/g, 'x').replace(/\(x\)/g, 'x').replace(/x&x/g, 'x');
  }
  return rest === 'x';
}

function checkAliases(document: SourceDocument, rules: string[]): void {
  const aliases = at(document.data, 'correlation', 'aliases');
  if (!isObject(aliases)) return;
  for (const [alias, fields] of Object.entries(aliases)) {
    const missing = rules.find((rule) => !isObject(fields) || !Object.hasOwn(fields, rule));
    if (missing !== undefined) document.error(['correlation', 'aliases', alias], `it says nothing of ${missing}`);
  }
}

/** References, cycles and depth, which need the whole ruleset. */
export function checkReferences(correlations: Correlation[], resolve: (reference: string) => object | undefined): void {
  const depth = new Map<object, number>();
  const visit = (correlation: Correlation, trail: Correlation[]): number => {
    if (trail.includes(correlation)) return Infinity;
    const known = depth.get(correlation);
    if (known !== undefined) return known;
    let deepest = 0;
    for (const reference of correlation.rules) {
      const target = resolve(reference);
      const inner = correlations.find((candidate) => candidate === target);
      if (inner) deepest = Math.max(deepest, visit(inner, [...trail, correlation]));
    }
    depth.set(correlation, deepest + 1);
    return deepest + 1;
  };
  for (const correlation of correlations) {
    const path = ['correlation', 'rules'];
    for (const reference of correlation.rules) {
      if (!resolve(reference)) correlation.document.error(path, `there is no rule with the id or name ${reference}`);
    }
    const chain = visit(correlation, []);
    if (chain === Infinity) correlation.document.error(path, 'the correlation refers to itself in the end');
    else if (chain > MAX_CHAIN) correlation.document.error(path, `a chain of over ${MAX_CHAIN} correlations`);
  }
}

function textsOf(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((member): member is string => typeof member === 'string');
}

function sameSet(a: string[], b: string[]): boolean {
  return a.length === new Set(b).size && a.every((member) => b.includes(member));
}
