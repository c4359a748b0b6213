import type { Rule } from '../../engine/rule';
import { fold } from '../../engine/strings';
import { hull, isNarrower, meet, minus, only, without, withoutNarrower, type Clause } from './clause';
import type { EventRule, RuleState } from './compile';
import { maybeHeldBack } from './names';
import { trailPattern } from './pattern';
import { ANY, isListed, isWithin, type Shape, type Values } from './values';

/** A clause that the events of a Sigma rule satisfy, or some of them. */
export interface Need {
  rule: Rule;
  clause: Clause;
}

/** Clauses of which an event has to satisfy one, and the ids of the Sigma rules that need it. */
interface Part {
  clauses: Clause[];
  detectors: Set<string>;
}

const ALL: RuleState = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

/**
 * The rules for CloudTrail records:
 *
 * ```
 * any-name      what some Sigma rule wants whatever the name of the call, e.g. all that root does
 * names         calls by name, each name in one of the rules, without what the above take
 * read-names    the same for names that EventBridge may hold back
 * ```
 */
export function trailRules(needs: Need[], maxLength: number): EventRule[] {
  const { broad, named } = sorted(needs);
  const anyName = packBroad(broad, maxLength);
  const taken = anyName.flat();
  const names = named.flatMap((calls) => narrowed(calls, taken, maxLength) ?? []);
  const held = names.filter(({ name }) => maybeHeldBack(name.text));
  const others = names.filter(({ name }) => !maybeHeldBack(name.text));
  const anyParts = anyName.map((clauses) => ({ clauses, detectors: served(clauses, needs) }));
  const rules = [
    ...rulesOf('any-name', 'Whatever the call', ALL, anyParts),
    ...rulesOf('names', 'Calls by name', 'ENABLED', packNames(others, maxLength)),
    ...rulesOf('read-names', 'Calls by name, reading among them', ALL, packNames(held, maxLength)),
  ];
  return rules.map(({ clauses, ...rule }, i) => ({
    ...rule,
    repeats: rules.slice(0, i).some((earlier) => mayMeet(earlier.clauses, clauses)),
  }));
}

function mayMeet(some: Clause[], others: Clause[]): boolean {
  return some.some((one) => others.some((other) => meet(one, other) !== undefined));
}

/** Whose events clauses may let through: also of detectors whose calls have names. */
function served(clauses: Clause[], needs: Need[]): Set<string> {
  const served = needs.filter((need) => clauses.some((clause) => meet(clause, need.clause) !== undefined));
  return new Set(served.map(({ rule }) => rule.id));
}

type TrailRule = Omit<EventRule, 'repeats'> & { clauses: Clause[] };

function rulesOf(name: string, description: string, state: RuleState, parts: Part[]): TrailRule[] {
  return parts.map(({ clauses, detectors }, i) => ({
    name: `${name}-${i + 1}`,
    description: `${description} (${i + 1} of ${parts.length})`,
    state,
    pattern: trailPattern(clauses),
    detectors: [...detectors].sort(),
    clauses,
  }));
}

/** What the Sigma rules need of the calls of one name. */
interface Calls extends Part {
  name: Shape;
}

/** Needs by the name of the call, and those that name none. */
function sorted(needs: Need[]): { broad: Clause[]; named: Calls[] } {
  const broad: Clause[] = [];
  const named = new Map<string, Calls>();
  for (const { rule, clause } of needs) {
    const names = clause.get('eventName');
    if (!isListed(names)) {
      broad.push(widened(clause));
      continue;
    }
    for (const name of names.shapes) {
      const calls = named.get(fold(name.text)) ?? { name, clauses: [], detectors: new Set() };
      named.set(fold(name.text), calls);
      calls.clauses.push(without(clause, 'eventName'));
      calls.detectors.add(rule.id);
    }
  }
  return { broad: withoutNarrower(broad), named: [...named.values()] };
}

/** Without what a clause leaves out, save names: each would make an alternative of every other rule. */
function widened(clause: Clause): Clause {
  return new Map(
    [...clause].filter(([field, { except, shapes }]) => field === 'eventName' || (!except && shapes.length > 0)),
  );
}

/** Puts clauses into as few rules as they fit into, each without what earlier rules take. */
function packBroad(broad: Clause[], maxLength: number): Clause[][] {
  const packed: Clause[][] = [];
  let taken: Clause[] = [];
  // Those of every service first: what others leave out of them is short, what they would leave out of others is not.
  const [ofServices, ofAll] = [true, false].map((has) => broad.filter((clause) => clause.has('eventSource') === has));
  // And short prefixes before long ones, of which nothing is left then: a prefix without a longer one cannot be said.
  const waiting = [...ofAll!, ...ofServices!.flatMap(byName).sort((a, b) => nameLength(a) - nameLength(b))];
  for (let piece = waiting.shift(); piece; piece = waiting.shift()) {
    const last = packed.at(-1) ?? [];
    const more = beside(piece, taken);
    const room = more && joined([...last, ...more]);
    if (last.length > 0 && room && fits(room, maxLength)) {
      packed[packed.length - 1] = room;
      continue;
    }
    let own = beside(piece, [...taken, ...last]);
    if (own?.length === 0) continue;
    if (!own || !fits(own, maxLength)) {
      const parts = halves(piece);
      if (parts) {
        waiting.unshift(...parts);
        continue;
      }
      // That an event comes twice does less harm than that it does not come.
      own = [piece];
    }
    taken = [...taken, ...last];
    packed.push(own);
  }
  return packed;
}

/** A clause for each of the names that a clause lists. */
function byName(clause: Clause): Clause[] {
  const names = clause.get('eventName');
  // None: it may be absent.
  if (!names || names.except || names.shapes.length === 0) return [clause];
  return names.shapes.map((shape) => new Map(clause).set('eventName', { ...names, shapes: [shape] }));
}

function nameLength(clause: Clause): number {
  const names = clause.get('eventName');
  if (names === undefined || names.except) return 0;
  return Math.min(...names.shapes.map(({ text }) => text.length));
}

/** One clause for those that differ in the names that they list, and in nothing else. */
function joined(clauses: Clause[]): Clause[] {
  const groups = new Map<string, Clause[]>();
  for (const clause of withoutNarrower(clauses)) {
    const names = clause.get('eventName');
    const isList = names !== undefined && !names.except && !names.absent;
    const key = JSON.stringify(isList ? [trailPattern([without(clause, 'eventName')])] : trailPattern([clause]));
    groups.set(key, [...(groups.get(key) ?? []), clause]);
  }
  return [...groups.values()].map(hull);
}

/** Each clause taken out of another leaves one for each of its fields: so many of them that no pattern would be long enough. */
const MAX_REMAINDERS = 64;

/** What satisfies a clause and none of others; undefined if that takes too many clauses to say. */
function beside(clause: Clause, others: Clause[]): Clause[] | undefined {
  let rest = [clause];
  for (const other of others) {
    rest = withoutNarrower(rest.flatMap((one) => minus(one, other)));
    if (rest.length > MAX_REMAINDERS) return undefined;
  }
  return rest;
}

/** A clause in two, by its longest list; undefined if it has none. */
function halves(clause: Clause): Clause[] | undefined {
  const lists = [...clause].filter(([, { except, shapes }]) => !except && shapes.length > 1);
  const [longest] = lists.sort(([, a], [, b]) => b.shapes.length - a.shapes.length);
  if (!longest) return undefined;
  const [field, values] = longest;
  const middle = Math.ceil(values.shapes.length / 2);
  return [values.shapes.slice(0, middle), values.shapes.slice(middle)].map((shapes) =>
    new Map(clause).set(field, { ...values, shapes }),
  );
}

/**
 * A clause of which a pattern can be made, however its lists are divided: itself, or without what it leaves out. Undefined if
 * there is none.
 */
export function fitting(clause: Clause, maxLength: number): Clause | undefined {
  const names = clause.get('eventName');
  const least = (some: Clause): Clause => (isListed(names) ? only(some, ['eventName']) : some);
  const wide = new Map([...clause].filter(([, { except }]) => !except));
  return [clause, wide].find((some) => fits([withLongest(least(some))], maxLength));
}

/** Of each list the longest text only: lists can be divided, texts cannot. */
function withLongest(clause: Clause): Clause {
  return new Map(
    [...clause].map(([field, values]) => {
      const [longest] = [...values.shapes].sort((a, b) => b.text.length - a.text.length);
      return [field, values.except || !longest ? values : { ...values, shapes: [longest] }];
    }),
  );
}

function fits(clauses: Clause[], maxLength: number): boolean {
  return JSON.stringify(trailPattern(clauses)).length <= maxLength;
}

const MAX_ALTERNATIVES = 3;
const EVERYTHING: Clause = new Map();

/**
 * Of the calls of one name, what no rule without names takes. Reading is frequent, and narrowed by all that is known;
 * changes are few, and share more of a pattern if only service and success count.
 *
 * @returns undefined if nothing is left
 */
function narrowed(calls: Calls, taken: Clause[], maxLength: number): Calls | undefined {
  const { name } = calls;
  const itself: Values = { absent: false, except: false, shapes: [name] };
  const others = taken
    .filter((clause) => isWithin(itself, clause.get('eventName') ?? ANY))
    .map((clause) => without(clause, 'eventName'));
  const left = calls.clauses.filter((clause) => !others.some((other) => isNarrower(clause, other)));
  if (left.length === 0) return undefined;
  const precise = withoutNarrower(left);
  const ofService = hull(left.map((clause) => only(clause, ['eventSource', 'errorCode'])));
  const choices: Clause[][] = maybeHeldBack(name.text)
    ? [precise.length <= MAX_ALTERNATIVES ? precise : [hull(precise)], [hull(precise)], [ofService], [EVERYTHING]]
    : [[ofService], [EVERYTHING]];
  for (const choice of choices) {
    const remainders = choice.map((clause) => beside(clause, others));
    if (remainders.includes(undefined)) continue;
    const clauses = withoutNarrower(remainders.flatMap((remainder) => remainder!));
    // Each of the others takes a part, and together they take all.
    if (clauses.length === 0) return undefined;
    if (fits(withNames(clauses, [name]), maxLength)) return { ...calls, clauses };
  }
  // That an event comes twice does less harm than that it does not come.
  const whole = [[ofService], [EVERYTHING]].find((clauses) => fits(withNames(clauses, [name]), maxLength));
  if (!whole) throw new Error(`no pattern is long enough for the name ${name.text}`);
  return { ...calls, clauses: whole };
}

function withNames(clauses: Clause[], shapes: Shape[]): Clause[] {
  return clauses.map((clause) => new Map(clause).set('eventName', { absent: false, except: false, shapes }));
}

/** Names of which the same is asked stand together; a pattern is filled before the next is begun. */
function packNames(names: Calls[], maxLength: number): Part[] {
  const packed: Part[] = [];
  for (const group of groups(names)) {
    let room = packed.at(-1);
    let inRoom: Shape[] = [];
    const before = (): Clause[] => room?.clauses ?? [];
    let closed = before();
    for (const { name, clauses, detectors } of group) {
      const more = [...inRoom, name];
      const tried = [...closed, ...withNames(clauses, more)];
      if (room && fits(tried, maxLength)) {
        room.clauses = tried;
        inRoom = more;
      } else {
        room = { clauses: withNames(clauses, [name]), detectors: new Set() };
        packed.push(room);
        closed = [];
        inRoom = [name];
      }
      for (const id of detectors) room.detectors.add(id);
    }
  }
  return packed;
}

function groups(names: Calls[]): Calls[][] {
  const groups = new Map<string, Calls[]>();
  const byName = [...names].sort((a, b) => (a.name.text < b.name.text ? -1 : 1));
  for (const calls of byName) {
    const key = JSON.stringify(trailPattern(calls.clauses));
    groups.set(key, [...(groups.get(key) ?? []), calls]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
