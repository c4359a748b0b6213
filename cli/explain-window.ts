import type { Event } from '../events/event';
import { formatTime } from '../events/time';
import type { Correlation } from '../engine/correlation';
import { byTime, makeHits, type Hit } from '../engine/hit';
import { match } from '../engine/match';
import type { Ruleset } from '../engine/ruleset';
import { firing, type WindowHit } from '../engine/windows';

/** One hit near the event, as `explain` shows it. */
export interface NearbyHit {
  time: string;
  /** Name of the rule. */
  rule: string;
  eventId: string;
  value: string | null;
  /** Whether a window that satisfies the correlation contains it. */
  fires: boolean;
  isThis: boolean;
}

/** The windows around an event in one correlation. */
export interface WindowExplanation {
  fires: boolean;
  reason: string;
  group: Record<string, string>;
  /** No further from the event than the timespan, by time. */
  hits: NearbyHit[];
}

/**
 * Shows the hits that were counted together with an event's, in its group, and which of them fire.
 *
 * @param events all that may be in the window, the event itself included
 */
export function explainWindow(
  event: Event,
  correlation: Correlation,
  events: Event[],
  ruleset: Ruleset,
): WindowExplanation {
  const hitsOf = (of: Event): Hit[] =>
    match(of, ruleset)
      .flatMap((found) => makeHits(found, ruleset).placed)
      .filter(({ detector }) => detector === correlation)
      .map(({ hit }) => hit);
  const nothing = { fires: false, group: {}, hits: [] };
  const [own] = hitsOf(event);
  if (!own) {
    const names = correlation.rules.join(', ');
    const isMatched = match(event, ruleset).some(({ rule }) => correlation.inputs.includes(rule));
    return {
      ...nothing,
      reason: isMatched
        ? `the event matches, but lacks a value for the group (${correlation.groupNames.join(', ')}) or a usable time`
        : `the event is no hit of ${names}: explain those to see why`,
    };
  }
  const once = new Map<string, Hit>();
  for (const hit of events.flatMap(hitsOf)) if (hit.partition === own.partition) once.set(hit.id, hit);
  const sorted = [...once.values()].sort(byTime);
  const fires = firing(sorted as WindowHit[], correlation.window, Infinity);
  const { timespanMilliseconds } = correlation.window;
  const near = sorted
    .map((hit, i) => ({ hit, fires: fires[i]! }))
    .filter(({ hit }) => Math.abs(hit.time! - own.time!) <= timespanMilliseconds);
  const isFiring = near.some(({ hit, fires: does }) => hit.key === own.key && does);
  return {
    fires: isFiring,
    reason: isFiring
      ? `a window of ${timespanMilliseconds / 1000} s with this event in it satisfies the correlation`
      : `no window of ${timespanMilliseconds / 1000} s with this event in it satisfies the correlation`,
    group: own.group,
    hits: near.map(({ hit, fires: does }) => ({
      time: formatTime(hit.time!),
      rule: correlation.rules[hit.input!]!,
      eventId: hit.eventId,
      value: hit.value ?? null,
      fires: does,
      isThis: hit.key === own.key,
    })),
  };
}
