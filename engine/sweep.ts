import { dueTimeOf, GRACE_MILLISECONDS, MAX_READ } from './due';
import { Touches } from './gather';
import { isLocal, judgeAround } from './judge-around';
import type { Ruleset } from './ruleset';
import { settleAll, type Work } from './settle';
import type { Due, HeadChange, Store } from './store';
import { isMonotone } from './window-rule';

/**
 * Judges the partitions that `work` left for later and whose time has come.
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
 *
 * @param limit see {@link MAX_READ}
 */
export async function judgeDue(
  due: Due,
  ruleset: Ruleset,
  store: Store,
  now: number,
  limit = MAX_READ,
): Promise<HeadChange[]> {
  const { place, days, times } = due;
  const detector = [...ruleset.rules, ...ruleset.correlations].find(({ id }) => id === place.detectorId);
  const changes: HeadChange[] = [];
  // What was stored under another meaning of the detector is not judged by this one.
  if (detector && place.partition.endsWith(`@${detector.meaning}`)) {
    const work: Work = { store, context: ruleset.context, over: now - GRACE_MILLISECONDS, limit };
    if (times.length > 0 && detector.kind === 'correlation' && isLocal(detector)) {
      const { changes: around, uncounted } = await judgeAround(detector, place, times, work);
      changes.push(...around);
      if (uncounted.length > 0)
        await store.putDue(place, { days: uncounted, times: [] }, dueTimeOf(detector, uncounted, now));
    }
    if (days.length > 0) {
      const touches = new Touches();
      // Numbers below zero may have untold what a worker is about to write.
      const isSum = detector.kind === 'correlation' && detector.window.type === 'value_sum';
      touches.touch(detector, place, days).isReplaced = isSum;
      changes.push(...(await settleAll(touches, ruleset, work)));
      // What was only found now to be an input of another has opened windows there.
      for (const fed of ruleset.correlations) {
        if (fed === detector || isMonotone(fed.window)) continue;
        for (const touched of touches.of(fed))
          await store.putDue(touched.place, { days: [...touched.days], times: [] }, dueTimeOf(fed, touched.days, now));
      }
    }
  }
  await store.forgetDue(due);
  return changes;
}
