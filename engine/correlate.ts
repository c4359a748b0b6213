import { isDeepStrictEqual } from 'node:util';
import { episodesOf, type Day } from './episodes';
import { makeHit, type Hit } from './hit';
import type { Match } from './match';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import type { Head, HeadChange, Store } from './store';

export interface Correlated {
  changes: HeadChange[];
  /** Matches taken: `matches = hits + repeated + conflicting`; a plain rule drops none for its group or its time. */
  matches: number;
  hits: number;
  /** The same event again. */
  repeated: number;
  /** The same key with other content. */
  conflicting: number;
}

/** Another worker may write the same head; each attempt starts from what is then there. */
const MAX_ATTEMPTS = 20;

/**
 * Remembers matches as hits, then brings the heads of all groups that were touched up to date, each once however many
 * hits it got. What the heads hold in the end depends only on which matches there were.
 */
export async function correlate(
  matches: AsyncIterable<Match> | Iterable<Match>,
  ruleset: Ruleset,
  store: Store,
): Promise<Correlated> {
  const result: Correlated = { changes: [], matches: 0, hits: 0, repeated: 0, conflicting: 0 };
  const touched = new Map<string, { rule: Rule; hit: Hit; days: Set<Day> }>();
  for await (const match of matches) {
    const hit = makeHit(match, ruleset);
    const put = await store.put(hit);
    result.matches++;
    if (put.outcome === 'new') result.hits++;
    else if (put.outcome === 'known') result.repeated++;
    else result.conflicting++;
    // A known hit is not "already done": a worker may have died between its put and the head.
    const entry = touched.get(hit.partition) ?? { rule: match.rule, hit, days: new Set<Day>() };
    touched.set(hit.partition, entry);
    for (const day of put.days) {
      entry.days.add(day);
      // The next day's first episode may continue this day's last.
      if (day !== 'undated') entry.days.add(day + 1);
    }
  }
  for (const { rule, hit, days } of touched.values()) {
    for (const day of days) {
      const change = await bringUpToDate(rule, hit, day, store);
      if (change) result.changes.push(change);
    }
  }
  return result;
}

async function bringUpToDate(rule: Rule, hit: Hit, day: Day, store: Store): Promise<HeadChange | undefined> {
  const { partition, detectorId, group } = hit;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const before = await store.head(partition, day);
    const hits = await store.hits(partition, day === 'undated' ? [day] : [day - 1, day]);
    const episodes = episodesOf(hits, day, rule.quietMilliseconds);
    if (isDeepStrictEqual(episodes, before?.episodes ?? [])) return undefined;
    const after: Head = { partition, detectorId, group, day, version: (before?.version ?? 0) + 1, episodes };
    if (await store.putHead(after)) return { before, after };
  }
  throw new Error(`the head of ${partition} changed ${MAX_ATTEMPTS} times while it was being written`);
}
