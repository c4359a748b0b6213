import type { WindowHit } from './windows';

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Sums are kept in millionths, as integers: what they come to must not depend on where the summing began. */
const UNIT = 1e6;

/**
 * The number of each hit's value; undefined where there is none, and in all but the first hit of an event, which counts
 * once whatever the number of rules that it matches. What is no number, or too great to be summed, is none.
 *
 * @param sorted hits by time, those of one event together
 */
export function eventNumbers(sorted: WindowHit[]): (number | undefined)[] {
  let last: WindowHit | undefined;
  return sorted.map((hit) => {
    if (hit.value === undefined || !NUMBER.test(hit.value)) return undefined;
    const number = Number(hit.value);
    if (!Number.isFinite(number * UNIT) || (last?.key === hit.key && last.time === hit.time)) return undefined;
    last = hit;
    return number;
  });
}

/** How many numbers there are in a range of places, and their sum, exact to a millionth. */
export interface Sums {
  count(start: number, end: number): number;
  sum(start: number, end: number): number;
}

export function exactSums(numbers: (number | undefined)[]): Sums {
  const counts = [0];
  const totals = [0n];
  numbers.forEach((number, i) => {
    counts.push(counts[i]! + (number === undefined ? 0 : 1));
    totals.push(number === undefined ? totals[i]! : totals[i]! + BigInt(Math.round(number * UNIT)));
  });
  return {
    count: (start, end) => counts[end]! - counts[start]!,
    sum: (start, end) => Number(totals[end]! - totals[start]!) / UNIT,
  };
}

/** Numbers that come and go, in order: a Fenwick tree, in which every step costs the logarithm of how many there may be. */
export class OrderedNumbers {
  size = 0;
  private readonly distinct: number[];
  private readonly places: Map<number, number>;
  /** How many there are at the places (i - lowest bit of i, i]; places count from 1. */
  private readonly tree: Int32Array;

  /** @param all every number that will be added */
  constructor(all: (number | undefined)[]) {
    this.distinct = [...new Set(all.filter((number) => number !== undefined))].sort((a, b) => a - b);
    this.places = new Map(this.distinct.map((number, i) => [number, i + 1]));
    this.tree = new Int32Array(this.distinct.length + 1);
  }

  add(number: number | undefined): void {
    this.change(number, 1);
  }

  remove(number: number | undefined): void {
    this.change(number, -1);
  }

  /** The number at a rank, the smallest at 0. */
  at(rank: number): number {
    let place = 0;
    let before = rank;
    for (let step = 2 ** Math.floor(Math.log2(this.tree.length)); step >= 1; step /= 2) {
      const count = this.tree[place + step];
      if (count === undefined || count > before) continue;
      before -= count;
      place += step;
    }
    return this.distinct[place]!;
  }

  private change(number: number | undefined, by: 1 | -1): void {
    if (number === undefined) return;
    this.size += by;
    for (let i = this.places.get(number)!; i < this.tree.length; i += i & -i) this.tree[i]! += by;
  }
}
