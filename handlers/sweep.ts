import { judgeDue } from '../engine/sweep';
import { isLate, type Deadline } from './messages';
import { count } from './metrics';
import { here, openRoad, withUnits, type Road } from './road';

/**
 * The function of the timer: judges what workers left for later and whose time has come. What fails stays due, and keeps
 * nothing else from being judged; what there is no time left for is due at the next call.
 *
 * @param open called once, with the first call
 */
export function sweepFunction(
  open: () => Road,
  { log, writeMetrics, now } = here,
): (event: unknown, deadline?: Deadline) => Promise<void> {
  let road: ReturnType<typeof withUnits<Road>> | undefined;
  return async (_event, deadline) => {
    const { ruleset, store, consumed } = (road ??= withUnits(open()));
    let [judged, failed, left, changes, incomplete] = [0, 0, 0, 0, 0];
    for await (const due of store.due(now())) {
      if (isLate(deadline)) {
        left++;
        continue;
      }
      try {
        for (const { after } of await judgeDue(due, ruleset, store, now())) {
          changes++;
          if (after.episodes.some(({ isCut }) => isCut)) incomplete++;
          log.debug({ partition: after.partition, day: after.day }, 'judged');
        }
        judged++;
      } catch (error) {
        failed++;
        const { detectorId, partition } = due.place;
        log.warn({ detectorId, partition, dueAt: new Date(due.at).toISOString(), error }, 'not judged yet');
      }
    }
    if (left > 0) log.warn({ left }, 'no time left');
    const counts = { judged, failed, left, changes, incomplete };
    writeMetrics([...Object.entries(counts).map(([name, value]) => count(name, value)), ...consumed()], {
      function: 'sweep',
    });
  };
}

export const handler = sweepFunction(openRoad);
