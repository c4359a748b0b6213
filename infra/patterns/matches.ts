import ipaddr from 'ipaddr.js';
import type { EventPattern } from './pattern';

/** The event has no such field. */
const ABSENT = Symbol('absent');

/**
 * Whether an event passes a pattern, as EventBridge decides: "Amazon EventBridge event patterns" and "Comparison operators
 * for use in event patterns" in its user guide. Fields are alternatives of matchers, joined by `and`; of a field whose value
 * is a list, one member is enough; letter case counts unless the operator says otherwise.
 *
 * @throws Error if the pattern is none
 */
export function matchesPattern(event: unknown, pattern: EventPattern): boolean {
  return matchesObject([event], pattern);
}

/** @param places the objects that stand where the pattern's object does: several, where a list is above */
function matchesObject(places: unknown[], pattern: EventPattern): boolean {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw new Error('an empty object in a pattern');
  return entries.every(([name, wanted]) => {
    if (name === '$or' && isBranches(wanted)) return wanted.some((branch) => matchesObject(places, branch));
    const values = places.flatMap((place) => member(place, name));
    if (!Array.isArray(wanted)) return matchesObject(values, wanted);
    if (wanted.length === 0) throw new Error(`an empty list for ${name}`);
    // An object is no value: only what is in it has values.
    const leaves = values.filter((value) => typeof value !== 'object' || value === null);
    const subjects = leaves.length > 0 ? leaves : [ABSENT];
    return wanted.some((matcher) => subjects.some((value) => passes(value, matcher)));
  });
}

function isBranches(wanted: EventPattern[string]): wanted is EventPattern[] {
  return (
    Array.isArray(wanted) && wanted.length > 1 && wanted.every((branch) => isObject(branch) && !isOperator(branch))
  );
}

function isOperator(branch: object): boolean {
  return Object.keys(branch).every((key) => Object.hasOwn(operators, key));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Values of a member of an object; lists, and lists in lists, give each of theirs. */
function member(place: unknown, name: string): unknown[] {
  if (!isObject(place) || !Object.hasOwn(place, name)) return [];
  const value = place[name];
  return Array.isArray(value) ? (value.flat(Infinity) as unknown[]) : [value];
}

function passes(value: unknown, matcher: unknown): boolean {
  if (!isObject(matcher)) return value === matcher;
  const [[operator, operand], ...rest] = Object.entries(matcher) as [[string, unknown], ...unknown[]];
  if (rest.length > 0 || !Object.hasOwn(operators, operator)) {
    throw new Error(`no operator: ${JSON.stringify(matcher)}`);
  }
  return operators[operator]!(value, operand);
}

type Operator = (value: unknown, operand: unknown) => boolean;

const lower = (text: string): string => text.toLowerCase();

/** A test of texts that may be told to ignore case: `{prefix: 'a'}`, `{prefix: {'equals-ignore-case': 'a'}}`. */
function textOperator(test: (value: string, operand: string) => boolean): Operator {
  return (value, operand) => {
    if (typeof value !== 'string') return false;
    if (isObject(operand)) return test(lower(value), lower(textOf(operand['equals-ignore-case'])));
    return test(value, textOf(operand));
  };
}

function textOf(operand: unknown): string {
  if (typeof operand !== 'string') throw new Error(`text is expected, not ${JSON.stringify(operand)}`);
  return operand;
}

const operators: Record<string, Operator> = {
  prefix: textOperator((value, operand) => value.startsWith(operand)),
  suffix: textOperator((value, operand) => value.endsWith(operand)),
  'equals-ignore-case': (value, operand) => typeof value === 'string' && lower(value) === lower(textOf(operand)),
  wildcard: (value, operand) => typeof value === 'string' && wildcard(textOf(operand)).test(value),
  exists: (value, operand) => (value !== ABSENT) === operand,
  cidr: (value, operand) => typeof value === 'string' && inRange(value, textOf(operand)),
  numeric: (value, operand) => typeof value === 'number' && inBounds(value, operand as (string | number)[]),
  'anything-but': (value, operand) => value !== ABSENT && !isRefused(value, operand),
};

/** Whether `anything-but` refuses a value: one, several, or what an operator takes of one or several. */
function isRefused(value: unknown, operand: unknown): boolean {
  if (Array.isArray(operand)) return operand.some((one) => isRefused(value, one));
  if (!isObject(operand)) return value === operand;
  const [[operator, texts]] = Object.entries(operand) as [[string, unknown]];
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
    throw new Error(`anything-but does not take ${operator}`);
  }
  return [texts].flat().some((text) => operators[operator]!(value, textOf(text)));
}

/** `*` is any run of characters; a backslash takes away the meaning of `*` and of a backslash. */
function wildcard(pattern: string): RegExp {
  const parts = pattern.match(/\\[\\*]|\*|[^\\*]+/g) ?? [];
  const source = parts.map((part) => (part === '*' ? '[^]*' : part.replace(/^\\/, '').replace(/[^\w\s]/g, '\\$&')));
  return new RegExp(`^${source.join('')}$`);
}

function inBounds(value: number, bounds: (string | number)[]): boolean {
  for (let i = 0; i < bounds.length; i += 2) {
    const bound = bounds[i + 1] as number;
    const compare = {
      '=': value === bound,
      '<': value < bound,
      '<=': value <= bound,
      '>': value > bound,
      '>=': value >= bound,
    };
    if (!Object.hasOwn(compare, bounds[i]!)) throw new Error(`no comparison: ${bounds[i]}`);
    if (!compare[bounds[i] as keyof typeof compare]) return false;
  }
  return true;
}

function inRange(address: string, range: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  const [network, bits] = ipaddr.parseCIDR(range);
  return parsed.kind() === network.kind() && parsed.match([network, bits] as never);
}
