/** Longer keys are not worth their room: texts that recur from event to event are short. */
const MAX_KEY = 1024;

/**
 * What was made of a text, so that it need not be made again. It holds no more than a bounded number of short keys, since
 * event content is attacker-chosen: once it is full it forgets all of them, and those that recur come back at once.
 *
 * @example lengths.get(text) ?? lengths.set(text, lengthOf(text))
 */
export class Memo<T> {
  private readonly known = new Map<string, T>();

  /** @param limit how many keys it may hold */
  constructor(private readonly limit = 10_000) {}

  get(key: string): T | undefined {
    return this.known.get(key);
  }

  /** Remembers a value, and gives it back. */
  set(key: string, value: T): T {
    if (key.length > MAX_KEY) return value;
    if (this.known.size >= this.limit) this.known.clear();
    this.known.set(key, value);
    return value;
  }
}
