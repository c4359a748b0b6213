import type { Event } from '../events/event';
import type { Unwrapped } from '../events/unwrap';
import type { Drill } from '../engine/drill';
import type { Gathered } from '../engine/gather';
import { match } from '../engine/match';
import { isRemembered, mintsOf } from '../engine/mint';
import { work } from '../engine/work';
import { Unreadable } from './messages';
import { count, type Metric } from './metrics';
import type { Road } from './road';

/** What became of events: `in = matched + unmatched + rejected + duplicate`; and of their matches, as `work` counts them. */
export interface Tally extends Gathered {
  in: number;
  matched: number;
  unmatched: number;
  /** Records that cannot be read; with each try again. */
  rejected: number;
  /** Matched events all of whose hits were there already. */
  duplicate: number;
  /** Writes of heads: what the outbox looks at. */
  changes: number;
}

/** What one message or file holds. */
export interface Content extends Unwrapped {
  /** What its events are a drill of. */
  drill?: Drill | undefined;
}

export function newTally(): Tally {
  return {
    ...{ in: 0, matched: 0, unmatched: 0, rejected: 0, duplicate: 0, changes: 0 },
    ...{ matches: 0, hits: 0, repeated: 0, conflicting: 0, withoutGroup: 0, untimed: 0, tooLate: 0 },
  };
}

export function metricsOf(tally: Tally): Metric[] {
  return Object.entries(tally).map(([name, value]) => count(name, value as number));
}

/**
 * Takes all that is in one message or file down the road, one event after the other. An event counts when it is done. One
 * that fails keeps no other from being taken, but the whole has to come again, which changes nothing for those that
 * are done.
 *
 * @param now milliseconds since the epoch
 * @throws Unreadable if some record cannot be read, else the first error
 */
export async function takeAll(content: Content, road: Road, tally: Tally, now: number): Promise<void> {
  const { events, rejected, drill } = content;
  const errors: unknown[] = [];
  for (const event of events) {
    try {
      await takeOne(event, road, tally, now, drill);
    } catch (error) {
      errors.push(error);
    }
  }
  tally.in += rejected.length;
  tally.rejected += rejected.length;
  if (errors.length > 0) throw errors[0];
  const [first] = rejected;
  if (first) throw new Unreadable(`${rejected.length} of ${rejected.length + events.length}: ${first.reason}`);
}

async function takeOne(
  event: Event,
  { ruleset, store }: Road,
  tally: Tally,
  now: number,
  drill?: Drill,
): Promise<void> {
  const matches = match(event, ruleset);
  const mints = mintsOf(event, ruleset.context).filter(isRemembered);
  if (matches.length + mints.length > 0) {
    const { changes, ...counts } = await work([...mints, ...matches], ruleset, store, now, drill);
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) tally[name] += counts[name];
    tally.changes += changes.length;
    const isKnown = counts.repeated > 0 && counts.hits + counts.conflicting === 0;
    tally[matches.length === 0 ? 'unmatched' : isKnown ? 'duplicate' : 'matched']++;
  } else tally.unmatched++;
  tally.in++;
}
