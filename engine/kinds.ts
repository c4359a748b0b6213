import { isObject, type Json, type JsonObject } from '../events/json';

/** The text of a field, or that it is not there. */
type Key = string | typeof ABSENT;
const ABSENT = Symbol('absent');

/** Longer texts are no names that recur. */
const MAX_TEXT = 128;
const MAX_KINDS = 10_000;

/** Maps in maps, a field each, down to what is known. */
type Branch<T> = Map<Key, Branch<T> | T>;

/**
 * What is known of events of a kind: of those that have the same text, or nothing, in each of some fields. It holds a bounded
 * number of kinds, since event content is attacker-chosen: once it is full it forgets all of them, and those that recur come
 * back at once.
 */
export class Kinds<T> {
  private root: Branch<T> = new Map();
  private count = 0;
  private readonly paths: string[][];

  /** @param names of fields, as rules have them; at least one */
  constructor(private readonly names: readonly string[]) {
    this.paths = names.map((name) => name.split('.'));
  }

  /** What `make` gave for the first event of this one's kind; asked anew for an event that is of none. */
  get(record: JsonObject, make: () => T): T {
    // All of them first: an event that is of no kind leaves nothing behind.
    const keys: Key[] = [];
    for (let i = 0; i < this.names.length; i++) {
      const key = keyOf(record, this.names[i]!, this.paths[i]!);
      if (key === undefined) return make();
      keys.push(key);
    }
    const last = keys.pop()!;
    let branch = this.root;
    for (const key of keys) {
      let next = branch.get(key) as Branch<T> | undefined;
      if (!next) branch.set(key, (next = new Map()));
      branch = next;
    }
    return (branch.get(last) as T | undefined) ?? this.learn(branch, last, make());
  }

  private learn(branch: Branch<T>, key: Key, known: T): T {
    if (this.count++ < MAX_KINDS) branch.set(key, known);
    else {
      this.root = new Map();
      this.count = 0;
    }
    return known;
  }
}

/** Undefined if it is neither a short text nor absent. A literal key equal to the whole name wins, as in `resolveField`. */
function keyOf(record: JsonObject, name: string, path: string[]): Key | undefined {
  let value: Json | undefined;
  if (Object.hasOwn(record, name)) value = record[name];
  else if (path.length === 1) return ABSENT;
  else {
    value = record;
    for (const step of path) {
      if (!isObject(value)) return Array.isArray(value) ? undefined : ABSENT;
      if (!Object.hasOwn(value, step)) return ABSENT;
      value = value[step]!;
    }
  }
  return typeof value === 'string' && value.length <= MAX_TEXT ? value : undefined;
}
