import type { Correlation } from './correlation';
import { dueTime, LATENESS_MILLISECONDS } from './due';
import { dayOf } from './episodes';
import { extend, isExtendable } from './extend';
import { Gathering, type Touched, type Touches } from './gather';
import type { Hit } from './hit';
import type { Match } from './match';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import type { Correlated } from './correlate';
import { remember, settle, touchFed, type Work } from './settle';
import type { HeadChange, Store } from './store';
import { isAverage, isMonotone } from './window-rule';

/**
 * The worker's way to bring heads up to date, where events come one by one, over days, to many workers at once: from a
 * bounded number of hits around each new one. What this cannot decide is left to `sweep`, in the store's list of what is
 * due:
 *
 * ```
 * windows that more events can make untrue            judged when they are over, after a grace
 * more neighbours, or events of an episode, than are read     judged from all hits after the window
 * chains                                              judged at once where an inner finding began, and again later
 * ```
 *
 * After both, the heads hold what `correlate` gives for all matches at once. After an error the same call again makes up
 * for what was left undone.
 *
 * @param now milliseconds since the epoch: when to come back, and what is too late to be correlated
 */
export async function work(
  matches: AsyncIterable<Match> | Iterable<Match>,
  ruleset: Ruleset,
  store: Store,
  now: number,
): Promise<Correlated> {
  // What their windows take may have expired.
  const isTooLate = ({ time }: Hit): boolean => time! < now - LATENESS_MILLISECONDS;
  const gathering = new Gathering(ruleset, store, { takes: isLive, isTooLate, keepsHits: true });
  for await (const match of matches) await gathering.take(match);
  const { counts, touches } = gathering;
  const doing: Work = { store, context: ruleset.context, over: -Infinity };
  const changes: HeadChange[] = [];
  for (const detector of [...ruleset.rules, ...ruleset.correlations]) {
    for (const touched of touches.of(detector)) changes.push(...(await judge(detector, touched, touches, doing, now)));
  }
  return { ...counts, changes };
}

/** Averages, medians and percentiles are judged in a replay only. */
function isLive(detector: Rule | Correlation): boolean {
  return detector.kind === 'rule' || !isAverage(detector.window.type);
}

async function judge(
  detector: Rule | Correlation,
  touched: Touched,
  touches: Touches,
  doing: Work,
  now: number,
): Promise<HeadChange[]> {
  const { place, days } = touched;
  const { store } = doing;
  if (detector.kind === 'rule' && detector.firstSeen) return remember(detector, touched, doing);
  const later = (): Promise<void> => store.putDue(place, [...days], dueTime(detector, touched, now));
  const isChain = !isExtendable(detector) && detector.kind === 'correlation' && isMonotone(detector.window);
  // Of hits that have expired nothing can be judged again: what heads say of them stays.
  const isOld = [...days].some((day) => typeof day === 'number' && day < Number(dayOf(now - LATENESS_MILLISECONDS)));
  if ((touched.isReplaced || touched.hits.length === 0 || isChain) && !isOld) {
    await later();
    const changes = await settle(detector, touched, doing);
    if (detector.kind === 'correlation') await touchFed(detector, place, touches, doing);
    return changes;
  }
  if (!isExtendable(detector)) {
    await later();
    return [];
  }
  const { changes, isPartial } = await extend(detector, touched, store);
  const isFed = detector.kind === 'correlation' && detector.feeds.length > 0;
  if ((isPartial || isFed) && !isOld) await later();
  if (isFed && changes.some(isBeginning)) await touchFed(detector, place, touches, doing);
  return changes;
}

/** Whether some episode began, or began at another time. */
function isBeginning({ before, after }: HeadChange): boolean {
  const known = new Set(before?.episodes.map(({ firstSeen }) => firstSeen));
  return after.episodes.some(({ firstSeen }) => !known.has(firstSeen));
}
