import { dueTime, GRACE_MILLISECONDS } from './due';
import { Touches } from './gather';
import type { Ruleset } from './ruleset';
import { settleAll } from './settle';
import type { Due, HeadChange, Store } from './store';
import { isMonotone } from './window-rule';

/**
 * Judges, from all of their hits, the partitions that `work` left for later and whose time has come.
 *
 * @param now milliseconds since the epoch
 * @throws at the first that fails; who wants the others judged calls {@link judgeDue} for each
 */
export async function* sweep(ruleset: Ruleset, store: Store, now: number): AsyncIterable<HeadChange> {
  for await (const due of store.due(now)) yield* await judgeDue(due, ruleset, store, now);
}

/**
 * Judges one partition, and those that it makes hits in. It is forgotten only after that, and not if a worker has meanwhile
 * asked for it again: its hit may not have been read.
 */
export async function judgeDue(due: Due, ruleset: Ruleset, store: Store, now: number): Promise<HeadChange[]> {
  const detector = [...ruleset.rules, ...ruleset.correlations].find(({ id }) => id === due.place.detectorId);
  let changes: HeadChange[] = [];
  // What was stored under another meaning of the detector is not judged by this one.
  if (detector && due.place.partition.endsWith(`@${detector.meaning}`)) {
    const touches = new Touches();
    // Numbers below zero may have untold what a worker is about to write.
    const isSum = detector.kind === 'correlation' && detector.window.type === 'value_sum';
    touches.touch(detector, due.place, due.days).isReplaced = isSum;
    changes = await settleAll(touches, ruleset, { store, context: ruleset.context, over: now - GRACE_MILLISECONDS });
    // What was only found now to be an input of another has opened windows there.
    for (const fed of ruleset.correlations) {
      if (fed === detector || isMonotone(fed.window)) continue;
      for (const touched of touches.of(fed))
        await store.putDue(touched.place, [...touched.days], dueTime(fed, touched, now));
    }
  }
  await store.forgetDue(due);
  return changes;
}
