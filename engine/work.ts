import type { Correlation } from './correlation';
import { apartFor, drillOf, type Drill } from './drill';
import { dueTime, dueTimeOf, LATENESS_MILLISECONDS, MAX_READ } from './due';
import { dayAt } from './episodes';
import { extend, isExtendable } from './extend';
import { dueTimes, isLocal } from './judge-around';
import { Gathering, type Touched, type Touches } from './gather';
import type { Hit } from './hit';
import type { Match } from './match';
import type { Mint } from './mint';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import type { Correlated } from './correlate';
import { remember, settle, touchFed, type Work } from './settle';
import type { HeadChange, Judging, Store } from './store';
import { isAverage, isMonotone } from './window-rule';

/**
 * The worker's way to bring heads up to date, where events come one by one, over days, to many workers at once: from a
 * bounded number of hits around each new one. What this cannot decide is left to `sweep`, in the store's list of what is
 * due:
 *
 * ```
 * windows that more events can make untrue    judged when they are over, after a grace
 * more neighbours than are read               judged after the window
 * more events of an episode than are listed   counted when the day is over
 * chains                                      judged at once where an inner finding began, and again later
 * ```
 *
 * After both, the heads hold what `correlate` gives for all matches at once. After an error the same call again makes up
 * for what was left undone.
 *
 * @param now milliseconds since the epoch: when to come back, and what is too late to be correlated
 * @param drill that the matches are of: it is over before anything that is left to `sweep` would be due, so nothing is
 */
export async function work(
  matches: AsyncIterable<Match | Mint> | Iterable<Match | Mint>,
  ruleset: Ruleset,
  store: Store,
  now: number,
  drill?: Drill,
): Promise<Correlated> {
  // What their windows take may have expired.
  const isTooLate = ({ time }: Hit): boolean => time! < now - LATENESS_MILLISECONDS;
  const gathering = new Gathering(ruleset, store, {
    ...{ takes: isLive, isTooLate, keepsHits: true },
    apart: drill && apartFor(drill),
  });
  for await (const match of matches) await gathering.take(match);
  const { counts, touches } = gathering;
  const doing: Work = { store, context: ruleset.context, over: -Infinity, limit: MAX_READ };
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
  const { place, days, hits } = touched;
  const { store } = doing;
  if (detector.kind === 'rule' && detector.firstSeen) return remember(detector, touched, doing);
  const askFor = async (what: Partial<Judging>, at: number): Promise<void> => {
    if (!drillOf(place.group)) await store.putDue(place, { days: [], times: [], ...what }, at);
  };
  const inFull = (): Promise<void> => {
    const at = hits.length > 0 ? dueTime(detector, hits, now) : dueTimeOf(detector, days, now);
    return askFor({ days: [...days] }, at);
  };
  const aroundHits = (): Promise<void> => askFor({ times: dueTimes(hits) }, dueTime(detector, hits, now));
  const isChain = !isExtendable(detector) && detector.kind === 'correlation' && isMonotone(detector.window);
  // Of hits that have expired nothing can be judged again: what heads say of them stays.
  const isOld = [...days].some((day) => typeof day === 'number' && day < dayAt(now - LATENESS_MILLISECONDS));
  if ((touched.isReplaced || hits.length === 0 || isChain) && !isOld) {
    await inFull();
    const changes = await settle(detector, touched, doing);
    if (detector.kind === 'correlation') await touchFed(detector, place, touches, doing);
    return changes;
  }
  if (!isExtendable(detector)) {
    await (isLocal(detector) ? aroundHits() : inFull());
    return [];
  }
  const { changes, isCut, uncounted } = await extend(detector, touched, store);
  if (!isOld && !isLocal(detector)) await inFull();
  else if (!isOld && isCut) await aroundHits();
  if (!isOld && uncounted.length > 0) await askFor({ days: uncounted }, dueTimeOf(detector, uncounted, now));
  const isFed = detector.kind === 'correlation' && detector.feeds.length > 0;
  if (isFed && changes.some(isBeginning)) await touchFed(detector, place, touches, doing);
  return changes;
}

/** Whether some episode began, or began at another time. */
function isBeginning({ before, after }: HeadChange): boolean {
  const known = new Set(before?.episodes.map(({ firstSeen }) => firstSeen));
  return after.episodes.some(({ firstSeen }) => !known.has(firstSeen));
}
