import type { Item, Node } from '../../engine/nodes';
import { isDerived } from '../../events/derived';
import { ANY, complement, intersect, isAny, isEmpty, isListed, isWithin, union, valuesOf } from './values';
import type { Shape, Values } from './values';

/** What several fields of a record must be, all at once; of a field that is not named, anything. */
export type Clause = ReadonlyMap<string, Values>;

/**
 * Fields whose values AWS chooses from a fixed vocabulary and writes as one text, or not at all. By no other field is an
 * event left out: what a caller wrote may be spelled, nested or cut off as no pattern foresees.
 */
const FIELDS = [
  'eventSource',
  'eventName',
  'eventType',
  'eventCategory',
  'errorCode',
  'userIdentity.type',
  'userIdentity.invokedBy',
  'userIdentity.accessKeyId',
  'sessionCredentialFromConsole',
];

/** What a record must say of itself for a derived field to have a value, in lower case. */
const DERIVED_FROM: Record<string, Record<string, { field: string; text: string }>> = {
  'derived.actor.kind': {
    root: { field: 'userIdentity.type', text: 'Root' },
    'assumed-root': { field: 'userIdentity.type', text: 'Root' },
  },
  'derived.session.consoleElsewhere': { true: { field: 'sessionCredentialFromConsole', text: 'true' } },
};

/** Above that, alternatives are widened into one. */
const MAX_CLAUSES = 64;

/**
 * Clauses of which an event satisfies at least one if the condition holds for it (disjunctive normal form of what can be
 * said of {@link FIELDS}). None: the condition cannot hold.
 */
export function clausesOf(node: Node, negated = false): Clause[] {
  switch (node.kind) {
    case 'item':
      return [itemClause(node, negated)];
    case 'identifier':
      return clausesOf(node.node, negated);
    case 'not':
      return clausesOf(node.node, !negated);
    case 'and':
    case 'or': {
      const parts = node.nodes.map((child) => clausesOf(child, negated));
      return (node.kind === 'and') === negated ? withoutNarrower(parts.flat()) : parts.reduce(conjunction);
    }
  }
}

function itemClause({ name, demand }: Item, negated: boolean): Clause {
  const field = name.split('|')[0]!;
  if (!demand) return EVERYTHING;
  if (isDerived(field)) return derivedClause(field, valuesOf(demand, negated));
  if (!FIELDS.includes(field)) return EVERYTHING;
  const values = valuesOf(demand, negated);
  return isAny(values) ? EVERYTHING : new Map([[field, values]]);
}

const EVERYTHING: Clause = new Map();

/** If each value that a derived field may have follows from the same field of the record, what that must be. */
function derivedClause(derived: string, values: Values): Clause {
  if (!isListed(values)) return EVERYTHING;
  const sources = values.shapes.map(({ text }) => DERIVED_FROM[derived]?.[text.toLowerCase()]);
  const field = sources[0]?.field;
  if (field === undefined || sources.some((source) => source?.field !== field)) return EVERYTHING;
  const texts = [...new Set(sources.map((source) => source!.text))];
  const shapes = texts.map((text): Shape => ({ kind: 'whole', text }));
  return new Map([[field, { absent: false, except: false, shapes }]]);
}

/** What satisfies one clause of each list. */
export function conjunction(a: Clause[], b: Clause[]): Clause[] {
  const [few, many] = a.length < b.length ? [a, b] : [b, a];
  const others = few.length * many.length > MAX_CLAUSES ? [hull(many)] : many;
  const both = few.flatMap((one) => others.map((other) => meet(one, other)));
  return withoutNarrower(both.filter((clause) => clause !== undefined));
}

/** Undefined if no event satisfies both. */
export function meet(a: Clause, b: Clause): Clause | undefined {
  const both = new Map(a);
  for (const [field, values] of b) {
    const met = intersect(both.get(field) ?? ANY, values);
    if (isEmpty(met)) return undefined;
    both.set(field, met);
  }
  return both;
}

/** One clause for all that satisfies any of several, field by field. */
export function hull(clauses: readonly Clause[]): Clause {
  const [first, ...rest] = clauses;
  return rest.reduce((wide: Clause, clause) => {
    const merged = new Map<string, Values>();
    for (const [field, values] of wide) {
      const either = union(values, clause.get(field) ?? ANY);
      if (!isAny(either)) merged.set(field, either);
    }
    return merged;
  }, first!);
}

/** Whether all that satisfies one clause satisfies another. */
export function isNarrower(inner: Clause, outer: Clause): boolean {
  for (const [field, values] of outer) if (!isWithin(inner.get(field) ?? ANY, values)) return false;
  return true;
}

export function withoutNarrower(clauses: Clause[]): Clause[] {
  let kept: Clause[] = [];
  for (const clause of clauses) {
    if (kept.some((other) => isNarrower(clause, other))) continue;
    kept = [...kept.filter((other) => !isNarrower(other, clause)), clause];
  }
  return kept;
}

/** What satisfies a clause and not another one. */
export function minus(clause: Clause, other: Clause): Clause[] {
  if (meet(clause, other) === undefined) return [clause];
  return [...other].flatMap(([field, values]) => meet(clause, new Map([[field, complement(values)]])) ?? []);
}

/** The clause with some of its fields only: never narrower. */
export function only(clause: Clause, fields: readonly string[]): Clause {
  return new Map([...clause].filter(([field]) => fields.includes(field)));
}

export function without(clause: Clause, ...fields: string[]): Clause {
  return new Map([...clause].filter(([field]) => !fields.includes(field)));
}
