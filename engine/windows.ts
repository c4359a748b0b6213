import { compare, evaluate, isAverage, isMonotone, positiveRules, type WindowRule } from './window-rule';
import { eventNumbers, exactSums, OrderedNumbers } from './window-numbers';
import { latestStarts } from './window-sequence';

/** A hit as a window sees it. An event that matches several rules gives one hit for each, under one key and time. */
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

/** Whether the hits at the places [start, end) satisfy a correlation. */
type WindowTest = (start: number, end: number) => boolean;

/**
 * Which of the hits *fire*: those that some satisfying window contains. A window is as wide as the timespan, both ends
 * inclusive, and not aligned to the clock:
 *
 * - Of what can only become truer with more hits (`gt`, `gte`, all of several rules, sequences), a window begins at every
 *   hit and is judged at once. Any set of hits that are no further apart than the timespan is a part of such a window.
 *   (A sum is taken over the whole window: where there are numbers below zero, more hits may lower it after all.)
 * - Of a sequence of which only the last rule is filed, the hits of that rule fire which a sequence ends with.
 * - What more hits can make untrue (`lt`, `lte`, `eq`, `neq`, `not`) is judged once its window is over:
 *
 *   ```
 *   count, lt 3     x......x.............  opened by a hit with none in the timespan before it; all in it fire
 *   a and not b     a....................  opened by each hit of a rule that is named without "not"; only such fire
 *   ```
 *
 * - An average, median or percentile is judged at every event that has a number, over the timespan before it: after
 *   t - timespan, and up to all hits at t. That event alone fires.
 *
 * The result is a function of the set of hits, and of those no further than two timespans away. It costs little more than
 * reading them once, however many share a window.
 *
 * @param sorted hits of one group by time, those of one event together; each input and key once
 * @param over windows that end before this time (milliseconds since the epoch) are over
 */
export function firing(sorted: WindowHit[], rule: WindowRule, over: number): boolean[] {
  if (isAverage(rule.type)) return firingAverages(sorted, rule);
  const { condition } = rule;
  return condition.kind === 'all' && condition.lastOnly ? firingLast(sorted, rule) : firingWindows(sorted, rule, over);
}

function firingLast(sorted: WindowHit[], { rules, timespanMilliseconds: timespan }: WindowRule): boolean[] {
  const latest = latestStarts(sorted, rules);
  return sorted.map(({ input, time }, i) => input === rules - 1 && latest[i]! >= time - timespan);
}

/**
 * Which of the hits complete a window: the last at each time such that the window that ends then is satisfied. The first
 * in a run of firing hits is when a correlation became true. For what can only become truer.
 */
export function completing(sorted: WindowHit[], rule: WindowRule): boolean[] {
  const satisfied = windowTest(sorted, rule);
  let start = 0;
  return sorted.map(({ time }, i) => {
    // All hits at one time are in the window that ends then.
    if (sorted[i + 1]?.time === time) return false;
    while (sorted[start]!.time < time - rule.timespanMilliseconds) start++;
    return satisfied(start, i + 1);
  });
}

function firingWindows(sorted: WindowHit[], rule: WindowRule, over: number): boolean[] {
  const { condition, timespanMilliseconds: timespan } = rule;
  const fires = new Array<boolean>(sorted.length).fill(false);
  const satisfied = windowTest(sorted, rule);
  const isJudgedWhenOver = !isMonotone(rule);
  const positive =
    isJudgedWhenOver && condition.kind === 'expression' ? new Set(positiveRules(condition.expression)) : undefined;
  const isPositive = ({ input }: WindowHit): boolean => positive?.has(input) ?? true;
  const opens = (start: number, next: number): boolean => {
    if (positive) return sorted.slice(start, next).some(isPositive);
    return start === 0 || sorted[start - 1]!.time < sorted[start]!.time - timespan;
  };
  let end = 0;
  let marked = 0;
  for (let start = 0, next: number; start < sorted.length; start = next) {
    const { time } = sorted[start]!;
    next = start + 1;
    while (sorted[next]?.time === time) next++;
    while (end < sorted.length && sorted[end]!.time <= time + timespan) end++;
    if (!satisfied(start, end)) continue;
    if (isJudgedWhenOver && !(time + timespan < over && opens(start, next))) continue;
    for (marked = Math.max(marked, start); marked < end; marked++) fires[marked] = isPositive(sorted[marked]!);
  }
  return fires;
}

/** To be asked of windows whose both ends only move forward: each hit is added and removed once. */
function windowTest(sorted: WindowHit[], rule: WindowRule): WindowTest {
  const { condition, type } = rule;
  if (type === 'value_sum') {
    const sums = exactSums(eventNumbers(sorted));
    return (start, end) => sums.count(start, end) > 0 && holdsOf(sums.sum(start, end), rule);
  }
  if (condition.kind === 'all' && condition.ordered) {
    const latest = latestStarts(sorted, rule.rules);
    return (start, end) => latest[end - 1]! >= sorted[start]!.time;
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

function firingAverages(sorted: WindowHit[], rule: WindowRule): boolean[] {
  const numbers = eventNumbers(sorted);
  const hasNumber = new Set(sorted.filter((_, i) => numbers[i] !== undefined).map(eventOf));
  const statistic = statisticOf(numbers, rule);
  let start = 0;
  let end = 0;
  return sorted.map((hit) => {
    while (sorted[start]!.time <= hit.time - rule.timespanMilliseconds) start++;
    while (end < sorted.length && sorted[end]!.time <= hit.time) end++;
    const value = statistic(start, end);
    return value !== undefined && hasNumber.has(eventOf(hit)) && holdsOf(value, rule);
  });
}

function eventOf({ key, time }: WindowHit): string {
  return `${time} ${key}`;
}

/** For windows whose both ends only move forward; undefined where there is no number. */
function statisticOf(
  numbers: (number | undefined)[],
  { type, percentile }: WindowRule,
): (start: number, end: number) => number | undefined {
  if (type === 'value_avg') {
    const sums = exactSums(numbers);
    return (start, end) => {
      const count = sums.count(start, end);
      return count === 0 ? undefined : sums.sum(start, end) / count;
    };
  }
  const inWindow = new OrderedNumbers(numbers);
  const share = (type === 'value_median' ? 50 : percentile) / 100;
  let from = 0;
  let to = 0;
  return (start, end) => {
    while (to < end) inWindow.add(numbers[to++]);
    while (from < start) inWindow.remove(numbers[from++]);
    if (inWindow.size === 0) return undefined;
    // Linear interpolation at rank p(n-1).
    const rank = share * (inWindow.size - 1);
    const low = inWindow.at(Math.floor(rank));
    return low + (inWindow.at(Math.ceil(rank)) - low) * (rank - Math.floor(rank));
  };
}
