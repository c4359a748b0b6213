import type { Clause } from './clause';
import { isAny, type Shape, type Values } from './values';

/** One test of a value; see "Comparison operators" in the EventBridge user guide. */
export type Matcher = string | boolean | null | { [operator: string]: unknown };

/** An EventBridge event pattern: fields down to lists of matchers, `$or` to lists of patterns. */
export interface EventPattern {
  [field: string]: EventPattern | EventPattern[] | Matcher[];
}

/** Only AWS can send events with such a source. */
const FROM_AWS: Matcher[] = [{ prefix: 'aws.' }];

/** The pattern of CloudTrail records that satisfy at least one of the clauses. */
export function trailPattern(clauses: readonly Clause[]): EventPattern {
  // Sign-ins, service events and API calls; documents and deployed rules disagree on how the first is spelled.
  return { source: FROM_AWS, 'detail-type': [{ suffix: ' via CloudTrail' }], detail: anyOf(clauses) };
}

/** What all clauses ask of a field stands once, before `$or`; a field must not stand both there and in a branch. */
function anyOf(clauses: readonly Clause[]): EventPattern {
  if (clauses.length === 1) return objectOf(clauses[0]!);
  const shared = new Map(
    [...clauses[0]!].filter(([field, values]) => clauses.every((clause) => isSame(clause.get(field), values))),
  );
  const branches = clauses.map((clause) => new Map([...clause].filter(([field]) => !shared.has(field))));
  // A branch that asks for nothing more lets everything through that has the shared part.
  if (branches.some((branch) => branch.size === 0)) return objectOf(shared);
  return { ...objectOf(shared), $or: branches.map(objectOf) };
}

function isSame(a: Values | undefined, b: Values): boolean {
  return a !== undefined && JSON.stringify(matchersOf(a)) === JSON.stringify(matchersOf(b));
}

/** `a.b: [..]` as `{a: {b: [..]}}`. */
function objectOf(clause: Clause): EventPattern {
  const pattern: EventPattern = {};
  for (const [field, values] of clause) {
    if (isAny(values)) continue;
    const steps = field.split('.');
    const name = steps.pop()!;
    let place = pattern;
    for (const step of steps) place = (place[step] ??= {}) as EventPattern;
    place[name] = matchersOf(values);
  }
  return pattern;
}

/** The matchers of a field: an event passes if its value passes any of them. */
export function matchersOf({ absent, except, shapes }: Values): Matcher[] {
  const matchers: Matcher[] = except ? anythingBut(shapes) : shapes.flatMap(matchersOfShape);
  return absent ? [...matchers, { exists: false }] : matchers;
}

function matchersOfShape({ kind, text }: Shape): Matcher[] {
  if (kind !== 'whole') return [{ [kind]: { 'equals-ignore-case': text } }];
  // CloudTrail writes some flags as text.
  const flag = { true: true, false: false }[text.toLowerCase()];
  return flag === undefined ? [{ 'equals-ignore-case': text }] : [flag, { 'equals-ignore-case': text }];
}

/**
 * Several `anything-but` of one field would be alternatives, so that one has to say it all. Of prefixes and suffixes it
 * knows the letter case only that the rule has: in another case too much passes, never too little.
 */
function anythingBut(shapes: Shape[]): Matcher[] {
  if (shapes.length === 0) return [{ exists: true }];
  const [{ kind }] = shapes as [Shape];
  const texts = shapes.map(({ text }) => text);
  if (shapes.some((shape) => shape.kind !== kind)) {
    return [{ 'anything-but': { wildcard: shapes.map(wildcardOf) } }, null];
  }
  return [{ 'anything-but': { [kind === 'whole' ? 'equals-ignore-case' : kind]: texts } }, null];
}

function wildcardOf({ kind, text }: Shape): string {
  const literal = text.replace(/[\\*]/g, '\\$&');
  return `${kind === 'suffix' ? '*' : ''}${literal}${kind === 'prefix' ? '*' : ''}`;
}
