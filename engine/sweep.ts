import { Touches } from './gather';
import type { Ruleset } from './ruleset';
import { settleAll } from './settle';
import type { HeadChange, Store } from './store';

/** How long after its end a window is judged: as long as events are on their way, mostly. */
export const GRACE_MILLISECONDS = 15 * 60_000;

/**
 * Judges, from all of their hits, the partitions that `work` left for later and whose time has come. What is due is forgotten
 * only after that, and not if a worker has meanwhile asked for it again: its hit may not have been read.
 *
 * @param now milliseconds since the epoch
 */
export async function* sweep(ruleset: Ruleset, store: Store, now: number): AsyncIterable<HeadChange> {
  const detectors = new Map([...ruleset.rules, ...ruleset.correlations].map((detector) => [detector.id, detector]));
  for await (const due of store.due(now)) {
    const detector = detectors.get(due.place.detectorId);
    if (detector) {
      const touches = new Touches();
      // Numbers below zero may have untold what a worker is about to write.
      const isSum = detector.kind === 'correlation' && detector.window.type === 'value_sum';
      touches.touch(detector, due.place, due.days).isReplaced = isSum;
      yield* await settleAll(touches, ruleset, { store, context: ruleset.context, over: now - GRACE_MILLISECONDS });
    }
    await store.forgetDue(due);
  }
}
