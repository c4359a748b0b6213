import { applyChanges, byWeight, changes, type FindingChange } from '../../engine/changes';
import { correlate } from '../../engine/correlate';
import type { Finding } from '../../engine/finding';
import { match } from '../../engine/match';
import { mintsOf } from '../../engine/mint';
import type { Ruleset } from '../../engine/ruleset';
import type { Head, Store } from '../../engine/store';
import type { Event } from '../../events/event';
import { MemoryStore } from '../../state/memory';

/** Files events in one call; what changed. */
export async function file(
  events: readonly Event[],
  ruleset: Ruleset,
  store: Store,
  over = Infinity,
): Promise<FindingChange[]> {
  const matches = events.flatMap((event) => [...match(event, ruleset), ...mintsOf(event, ruleset.context)]);
  const { changes: heads } = await correlate(matches, ruleset, store, { over: () => over });
  return heads.flatMap((head) => changes(head, ruleset));
}

/** The findings that stand after some changes. */
export function standing(list: FindingChange[]): Finding[] {
  const findings = new Map<string, Finding>();
  applyChanges(findings, list);
  return [...findings.values()].sort(byWeight);
}

/** The findings that heads say there are. */
export function findingsIn(heads: Head[], ruleset: Ruleset): Finding[] {
  return standing(heads.flatMap((after) => changes({ before: undefined, after }, ruleset)));
}

/** The findings of events that are filed at once, from an empty store. */
export async function findingsOf(events: readonly Event[], ruleset: Ruleset, over = Infinity): Promise<Finding[]> {
  return standing(await file(events, ruleset, new MemoryStore(), over));
}

/** The same, batch by batch: what changed in each. */
export async function inBatches(batches: Event[][], ruleset: Ruleset, over = Infinity): Promise<FindingChange[][]> {
  const store = new MemoryStore();
  const lists: FindingChange[][] = [];
  for (const batch of batches) lists.push(await file(batch, ruleset, store, over));
  return lists;
}
