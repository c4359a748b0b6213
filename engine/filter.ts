import { isObject, text, type Json } from '../events/json';
import { parseTime } from '../events/time';
import { compileDetection, type CompileContext } from './detection';
import type { SourceDocument } from './document';
import type { Node } from './nodes';
import { logsourceOf, type Rule } from './rule';

/** A Sigma filter: its condition is ANDed with that of the rules it names. */
export interface Filter {
  title: string;
  /** Ids or names, or `any`. */
  rules: string[] | 'any';
  logsource: Rule['logsource'];
  condition: Node;
  /** Milliseconds since the epoch from which on it suppresses nothing any more. */
  expiresAt: number | undefined;
  document: SourceDocument;
}

/** Compiles a filter document whose shape the schema has checked; undefined if anything in it is not understood. */
export function compileFilter(context: CompileContext): Filter | undefined {
  const { document } = context;
  const { data } = document;
  const body = data['filter'];
  if (!isObject(body)) return undefined;
  // A filter's own `derived.` fields need no taxonomy: it belongs to the rule that it filters.
  const condition = compileDetection(body, ['filter'], { ...context, derived: true }, ['rules']);
  const extension = isObject(data['privwatch']) ? data['privwatch'] : {};
  const expires = extension['expires'];
  const lastDay = typeof expires === 'string' ? parseDay(expires) : undefined;
  if (typeof expires === 'string' && lastDay === undefined) {
    document.error(['privwatch', 'expires'], `${expires} is not in the calendar`);
    return undefined;
  }
  if (!condition) return undefined;
  if (!hasNot(condition)) {
    document.warn(
      ['filter', 'condition'],
      'no "not": the rules will match these events only; an exception is written "not …"',
    );
  }
  return {
    title: text(data, 'title') ?? '',
    rules: rulesOf(body['rules']),
    logsource: logsourceOf(data['logsource']),
    condition,
    expiresAt: lastDay === undefined ? undefined : lastDay + 86_400_000,
    document,
  };
}

/** Milliseconds since the epoch at which a day of Sigma (`2027-03-31`, `2027/03/31`) begins in UTC. */
export function parseDay(day: string): number | undefined {
  return parseTime(`${day.replace(/\//g, '-')}T00:00:00Z`);
}

/** Also an empty list means any, as pySigma reads it. */
function rulesOf(value: Json | undefined): string[] | 'any' {
  const list = (Array.isArray(value) ? value : [value]).map(String);
  return list.length === 0 || list.includes('any') ? 'any' : list;
}

function hasNot(node: Node): boolean {
  if (node.kind === 'not') return true;
  if ('nodes' in node) return node.nodes.some(hasNot);
  if (node.kind === 'identifier') return hasNot(node.node);
  return /\|neq\b/.test(node.name);
}

/** A filter is for a rule if it names it and each logsource key that the filter states is stated equally by the rule. */
export function isFilterFor(filter: Filter, rule: Rule): boolean {
  const named =
    filter.rules === 'any' ||
    filter.rules.some((reference) => reference.toLowerCase() === rule.id || reference === rule.name);
  return named && Object.entries(filter.logsource).every(([key, value]) => rule.logsource[key as 'product'] === value);
}
