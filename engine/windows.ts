import { compare, evaluate, isAverage, isMonotone, positiveRules, type WindowRule } from './window-rule';

/** A hit as a window sees it. An event that matches several rules gives one hit for each, under one key. */
export interface WindowHit {
  /** Place of the rule in the correlation's list of rules. */
  input: number;
  /** Key of the event. */
  key: string;
  /** Milliseconds since the epoch. */
  time: number;
  /** Text of the counted field (of several fields: of the tuple); undefined if the event lacks it. */
  value?: string | undefined;
}

/**
 * Places, in `sorted`, of the hits that *fire*: those that some satisfying window contains. A window is any set of hits
 * whose latest and earliest are no further apart than the timespan, inclusive; it is not aligned to the clock.
 *
 * What can only become truer with more hits (`gt`, `gte`, all of several rules, sequences) is judged in every window that
 * begins at a hit: any other window is a part of one of these. What more hits can make untrue (`lt`, `lte`, `eq`, `neq`,
 * `not`) is judged once its window is over:
 *
 * ```
 * count, lt 3     x......x.............  opened by a hit with none in the timespan before it
 * a and not b     a....................  opened by each hit of a rule that is named without "not"
 * ```
 *
 * @param sorted hits of one group by time; each input and key once
 * @param over windows that end before this time (milliseconds since the epoch) are over
 */
export function firing(sorted: WindowHit[], rule: WindowRule, over: number): boolean[] {
  if (isAverage(rule.type)) return firingAverages(sorted, rule);
  return isMonotone(rule) ? firingMonotone(sorted, rule) : firingWhenOver(sorted, rule, over);
}

/**
 * Places of the hits that complete a window: those at whose time the window that ends with them is satisfied. The first
 * of a run of firing hits is when a correlation became true. For what can only become truer.
 */
export function completing(sorted: WindowHit[], rule: WindowRule): boolean[] {
  const result = new Array<boolean>(sorted.length).fill(false);
  const satisfied = windowTest(sorted, rule);
  let start = 0;
  for (let i = 0; i < sorted.length; i++) {
    // All hits at one time are in the window that ends then.
    if (sorted[i + 1]?.time === sorted[i]!.time) continue;
    while (sorted[start]!.time < sorted[i]!.time - rule.timespanMilliseconds) start++;
    result[i] = satisfied(start, i + 1);
  }
  return result;
}

// ---- windows that only become truer -------------------------------------------------------------------------------

function firingMonotone(sorted: WindowHit[], rule: WindowRule): boolean[] {
  const fires = new Array<boolean>(sorted.length).fill(false);
  const satisfied = windowTest(sorted, rule);
  let marked = 0;
  forEachWindow(sorted, rule.timespanMilliseconds, (start, end) => {
    if (!satisfied(start, end)) return;
    for (marked = Math.max(marked, start); marked < end; marked++) fires[marked] = true;
  });
  return fires;
}

/** The widest window that begins at each time at which there is a hit: places [start, end). */
function forEachWindow(sorted: WindowHit[], timespan: number, visit: (start: number, end: number) => void): void {
  let end = 0;
  for (let start = 0; start < sorted.length; start++) {
    if (sorted[start]!.time === sorted[start - 1]?.time) continue;
    while (end < sorted.length && sorted[end]!.time <= sorted[start]!.time + timespan) end++;
    visit(start, end);
  }
}

/** Asked for windows whose both ends only move forward, so that each hit is added and removed once. */
function windowTest(sorted: WindowHit[], rule: WindowRule): (start: number, end: number) => boolean {
  const { condition } = rule;
  if (condition.kind === 'all' && condition.ordered)
    return (start, end) => hasSequence(sorted.slice(start, end), rule.rules);
  if (rule.type === 'value_sum') {
    return (start, end) => {
      const numbers = numbersOf(sorted.slice(start, end));
      return numbers.length > 0 && holdsOf(sum(numbers), rule);
    };
  }
  const counts = new Map<string | number, number>();
  const count = (hit: WindowHit, change: number): void => {
    const counted = countedOf(hit, rule);
    if (counted === undefined) return;
    const now = (counts.get(counted) ?? 0) + change;
    if (now === 0) counts.delete(counted);
    else counts.set(counted, now);
  };
  let from = 0;
  let to = 0;
  return (start, end) => {
    while (to < end) count(sorted[to++]!, 1);
    while (from < start) count(sorted[from++]!, -1);
    if (condition.kind === 'all') return counts.size === rule.rules;
    if (condition.kind === 'expression') return evaluate(condition.expression, (input) => counts.has(input));
    return holdsOf(counts.size, rule);
  };
}

/** Events, each once; distinct values; or the rules that were hit. */
function countedOf(hit: WindowHit, { type }: WindowRule): string | number | undefined {
  if (type === 'event_count') return hit.key;
  return type === 'value_count' ? hit.value : hit.input;
}

function holdsOf(value: number, { condition }: WindowRule): boolean {
  return condition.kind === 'tests' && condition.tests.every((test) => compare(value, test));
}

/**
 * Whether there are hits of rule 1, 2, … n, at times that do not decrease and of distinct events. CloudTrail's times are
 * whole seconds: equal times count as ordered, or scripted sequences would be lost.
 */
function hasSequence(window: WindowHit[], rules: number): boolean {
  const ofRule: WindowHit[][] = Array.from({ length: rules }, () => []);
  for (const hit of window) ofRule[hit.input]!.push(hit);
  if (ofRule.some((hits) => hits.length === 0)) return false;
  const used: string[] = [];
  const extend = (rule: number, earliest: number): boolean => {
    if (rule === rules) return true;
    const candidates = ofRule[rule]!.filter(({ time, key }) => time >= earliest && !used.includes(key));
    // A later hit is never better than the earliest. Of those that share its time, one more than there are other rules
    // are enough: these can use up no more events than they are.
    for (const { time, key } of candidates.filter(({ time }) => time === candidates[0]!.time).slice(0, rules)) {
      used.push(key);
      if (extend(rule + 1, time)) return true;
      used.pop();
    }
    return false;
  };
  return extend(0, -Infinity);
}

// ---- windows that are judged when over ----------------------------------------------------------------------------

function firingWhenOver(sorted: WindowHit[], rule: WindowRule, over: number): boolean[] {
  const fires = new Array<boolean>(sorted.length).fill(false);
  const { condition, timespanMilliseconds } = rule;
  const positive = condition.kind === 'expression' ? new Set(positiveRules(condition.expression)) : undefined;
  const satisfied = windowTest(sorted, rule);
  forEachWindow(sorted, timespanMilliseconds, (start, end) => {
    const time = sorted[start]!.time;
    // Asked even if nothing opens here: the count moves along with the window.
    const holds = satisfied(start, end);
    if (!holds || time + timespanMilliseconds >= over) return;
    const isOpener = (hit: WindowHit): boolean => hit.time === time && (positive?.has(hit.input) ?? true);
    const opens = positive
      ? sorted.slice(start, end).some(isOpener)
      : start === 0 || sorted[start - 1]!.time < time - timespanMilliseconds;
    if (!opens) return;
    for (let i = start; i < end; i++) if (positive?.has(sorted[i]!.input) ?? true) fires[i] = true;
  });
  return fires;
}

// ---- averages: over (t - timespan, t] at each hit, in replay only -------------------------------------------------

function firingAverages(sorted: WindowHit[], rule: WindowRule): boolean[] {
  let start = 0;
  return sorted.map((hit, i) => {
    while (sorted[start]!.time <= hit.time - rule.timespanMilliseconds) start++;
    let end = i + 1;
    while (sorted[end]?.time === hit.time) end++;
    const numbers = numbersOf(sorted.slice(start, end)).sort((a, b) => a - b);
    return numbers.length > 0 && numberOf(hit) !== undefined && holdsOf(statistic(numbers, rule), rule);
  });
}

function statistic(sorted: number[], { type, percentile }: WindowRule): number {
  if (type === 'value_avg') return sum(sorted) / sorted.length;
  // Linear interpolation at rank p(n-1).
  const rank = ((type === 'value_median' ? 50 : percentile) / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(rank)]!;
  return low + (sorted[Math.ceil(rank)]! - low) * (rank - Math.floor(rank));
}

function numberOf({ value }: WindowHit): number | undefined {
  return value !== undefined && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : undefined;
}

/** Each event's number once, whatever the number of rules that it matches. */
function numbersOf(window: WindowHit[]): number[] {
  const ofEvent = new Map<string, number>();
  for (const hit of window) {
    const number = numberOf(hit);
    if (number !== undefined && !ofEvent.has(hit.key)) ofEvent.set(hit.key, number);
  }
  return [...ofEvent.values()];
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
