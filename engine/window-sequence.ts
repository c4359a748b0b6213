import type { WindowHit } from './windows';

/**
 * For each hit, how late a sequence may begin that ends no later than at it: hits of rule 1, 2, … n, at times that do not
 * decrease and of distinct events; -Infinity if there is none. A window holds a sequence if that of its last hit begins in
 * it. Repeats and other hits in between do not break a sequence, and the earliest hit of the first rule is not always the
 * one to begin with:
 *
 * ```
 * hits           1  .  .  1  .  2  .  1
 * latest start   -  .  .  -  .  4  .  4     counted from 1
 * ```
 *
 * CloudTrail's times are whole seconds: equal times count as ordered, or scripted sequences would be lost.
 *
 * @param sorted hits by time
 */
export function latestStarts(sorted: WindowHit[], rules: number): number[] {
  const result = new Array<number>(sorted.length).fill(-Infinity);
  // By the number of rules that are hit in order so far: the latest start of these.
  const starts = new Array<number>(rules + 1).fill(-Infinity);
  for (let from = 0, to: number; from < sorted.length; from = to) {
    const { time } = sorted[from]!;
    to = from + 1;
    while (sorted[to]?.time === time) to++;
    starts[0] = time;
    const eventsOf = eventsByRule(sorted.slice(from, to), rules);
    // Those that go furthest first: what this time adds to them must not be added to twice.
    for (let done = rules - 1; done >= 0; done--) {
      if (starts[done] === -Infinity || eventsOf[done]!.length === 0) continue;
      const reached = longestRow(eventsOf, done);
      for (let more = done + 1; more <= reached; more++) starts[more] = Math.max(starts[more]!, starts[done]!);
    }
    result.fill(starts[rules]!, from, to);
  }
  return result;
}

/** Of each rule, as many events as could matter: one more than the other rules can use up. */
function eventsByRule(hits: WindowHit[], rules: number): string[][] {
  const events: string[][] = Array.from({ length: rules }, () => []);
  for (const { input, key } of hits) if (events[input]!.length < rules) events[input]!.push(key);
  return events;
}

/** Where a row of rules ends that begins at `first` and in which each has an event of its own (augmenting paths). */
function longestRow(eventsOf: string[][], first: number): number {
  const ruleOf = new Map<string, number>();
  const give = (rule: number, asked: Set<string>): boolean =>
    eventsOf[rule]!.some((event) => {
      if (asked.has(event)) return false;
      asked.add(event);
      const owner = ruleOf.get(event);
      if (owner !== undefined && !give(owner, asked)) return false;
      ruleOf.set(event, rule);
      return true;
    });
  let rule = first;
  while (rule < eventsOf.length && give(rule, new Set())) rule++;
  return rule;
}
