import ipaddr from 'ipaddr.js';
import type { EventPattern } from './pattern';

/** The event has no such field. */
const ABSENT = Symbol('absent');

/** Of one value of a field. */
type ValueTest = (value: unknown) => boolean;
/** Of the objects that stand where a pattern's object does: several, where there is a list above. */
type ObjectTest = (places: unknown[]) => boolean;

/**
 * Compiles a pattern to a test of events that decides as EventBridge does: "Amazon EventBridge event patterns" and
 * "Comparison operators for use in event patterns" in its user guide. Fields are joined by `and`, the matchers of a field
 * are alternatives; of a field whose value is a list, one member is enough; letter case counts unless the operator says
 * otherwise.
 *
 * @throws Error if the pattern is none
 */
export function compileEventPattern(pattern: EventPattern): (event: unknown) => boolean {
  const test = objectTest(pattern);
  return (event) => test([event]);
}

function objectTest(pattern: EventPattern): ObjectTest {
  const entries = Object.entries(pattern);
  if (entries.length === 0) throw new Error('an empty object in a pattern');
  const tests = entries.map(([name, wanted]): ObjectTest => {
    if (name === '$or' && isBranches(wanted)) {
      const branches = wanted.map(objectTest);
      return (places) => branches.some((branch) => branch(places));
    }
    if (!Array.isArray(wanted)) {
      const inner = objectTest(wanted);
      return (places) => inner(membersOf(places, name));
    }
    if (wanted.length === 0) throw new Error(`an empty list for ${name}`);
    const test = anyOf(wanted);
    return (places) => {
      // An object is no value: only what is in it has values.
      const leaves = membersOf(places, name).filter((value) => typeof value !== 'object' || value === null);
      return leaves.length > 0 ? leaves.some(test) : test(ABSENT);
    };
  });
  return (places) => tests.every((test) => test(places));
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

/** Values of a member of objects; lists, and lists in lists, give each of theirs. */
function membersOf(places: unknown[], name: string): unknown[] {
  return places.flatMap((place) => {
    if (!isObject(place) || !Object.hasOwn(place, name)) return [];
    const value = place[name];
    return Array.isArray(value) ? (value.flat(Infinity) as unknown[]) : [value];
  });
}

/** Values and texts that ignore case are looked up; each other matcher is asked. */
function anyOf(matchers: unknown[]): ValueTest {
  const values = new Set<unknown>();
  const folded = new Set<string>();
  const tests: ValueTest[] = [];
  for (const matcher of matchers) {
    if (!isObject(matcher)) {
      values.add(matcher);
      continue;
    }
    const [operator, operand] = operatorOf(matcher);
    if (operator === 'equals-ignore-case') folded.add(lower(textOf(operand)));
    else tests.push(operators[operator]!(operand));
  }
  return (value) =>
    values.has(value) ||
    (folded.size > 0 && typeof value === 'string' && folded.has(lower(value))) ||
    tests.some((test) => test(value));
}

function operatorOf(matcher: Record<string, unknown>): [string, unknown] {
  const [entry, ...rest] = Object.entries(matcher);
  if (!entry || rest.length > 0 || !Object.hasOwn(operators, entry[0])) {
    throw new Error(`no operator: ${JSON.stringify(matcher)}`);
  }
  return entry;
}

const lower = (text: string): string => text.toLowerCase();

function textOf(operand: unknown): string {
  if (typeof operand !== 'string') throw new Error(`text is expected, not ${JSON.stringify(operand)}`);
  return operand;
}

/** From what stands right of an operator to the test of values. */
type Operator = (operand: unknown) => ValueTest;

/** An operator on texts that may be told to ignore case: `{prefix: 'a'}`, `{prefix: {'equals-ignore-case': 'a'}}`. */
function onTexts(test: (value: string, operand: string) => boolean): Operator {
  return (operand) => {
    if (!isObject(operand)) {
      const text = textOf(operand);
      return (value) => typeof value === 'string' && test(value, text);
    }
    const text = lower(textOf(operand['equals-ignore-case']));
    return (value) => typeof value === 'string' && test(lower(value), text);
  };
}

const operators: Record<string, Operator> = {
  prefix: onTexts((value, operand) => value.startsWith(operand)),
  suffix: onTexts((value, operand) => value.endsWith(operand)),
  'equals-ignore-case': (operand) => anyOf([{ 'equals-ignore-case': operand }]),
  wildcard: (operand) => {
    const regex = wildcard(textOf(operand));
    return (value) => typeof value === 'string' && regex.test(value);
  },
  exists: (operand) => (value) => (value !== ABSENT) === operand,
  cidr: (operand) => {
    const range = ipaddr.parseCIDR(textOf(operand));
    return (value) => typeof value === 'string' && inRange(value, range);
  },
  numeric: (operand) => {
    const bounds = boundsOf(operand as unknown[]);
    return (value) => typeof value === 'number' && bounds.every((bound) => bound(value));
  },
  'anything-but': (operand) => {
    const refused = refusal(operand);
    return (value) => value !== ABSENT && !refused(value);
  },
};

/** What `anything-but` refuses: one value or several, or what an operator takes, for one text or several. */
function refusal(operand: unknown): ValueTest {
  if (!isObject(operand)) return anyOf([operand].flat());
  const [[operator, texts]] = Object.entries(operand) as [[string, unknown]];
  if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
    throw new Error(`anything-but does not take ${operator}`);
  }
  return anyOf([texts].flat().map((text) => ({ [operator]: textOf(text) })));
}

/** `*` is any run of characters; a backslash takes away the meaning of `*` and of a backslash. */
function wildcard(pattern: string): RegExp {
  const parts = pattern.match(/\\[\\*]|\*|[^\\*]+/g) ?? [];
  const source = parts.map((part) => (part === '*' ? '[^]*' : part.replace(/^\\/, '').replace(/[^\w\s]/g, '\\$&')));
  return new RegExp(`^${source.join('')}$`);
}

const comparisons: Record<string, (value: number, bound: number) => boolean> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

/** `['>', 0, '<=', 5]` */
function boundsOf(operand: unknown[]): ((value: number) => boolean)[] {
  const bounds: ((value: number) => boolean)[] = [];
  for (let i = 0; i < operand.length; i += 2) {
    const compare = comparisons[String(operand[i])];
    if (!compare) throw new Error(`no comparison: ${String(operand[i])}`);
    bounds.push((value) => compare(value, operand[i + 1] as number));
  }
  return bounds;
}

function inRange(address: string, [network, bits]: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  return parsed.kind() === network.kind() && parsed.match([network, bits] as never);
}
