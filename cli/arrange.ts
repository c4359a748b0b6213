import { createHash } from 'node:crypto';

export interface Arrangement {
  /** Shuffle the events; the same seed gives the same order. */
  shuffle?: number | undefined;
  /** Share of the events that come twice, 0 to 1. */
  duplicate?: number | undefined;
}

/**
 * Events in another order, some of them twice: what findings must not depend on. Which, and where, follows from the seed.
 *
 * @example arrange([a, b, c], { shuffle: 7, duplicate: 1 }) // e.g. [c, a, b, b, c, a]
 */
export function arrange<T>(events: T[], { shuffle, duplicate = 0 }: Arrangement): T[] {
  const seed = shuffle ?? 1;
  const again = events.filter((_, i) => fraction(seed, 'again', i) < duplicate);
  const all = [...events, ...again];
  if (shuffle === undefined) return all;
  const keyed = all.map((event, i) => ({ event, key: fraction(seed, 'place', i) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ event }) => event);
}

/** A number from 0 to 1 that looks like chance and follows from its arguments. */
function fraction(...of: (string | number)[]): number {
  return createHash('sha256').update(of.join(' ')).digest().readUIntBE(0, 6) / 2 ** 48;
}
