import type { Correlation } from '../../engine/correlation';
import { makeHits } from '../../engine/hit';
import { match } from '../../engine/match';
import type { Rule } from '../../engine/rule';
import type { Ruleset } from '../../engine/ruleset';
import { isMonotone } from '../../engine/window-rule';
import { readEvents } from '../../events/read';
import { compilePatterns } from '../../infra/patterns/compile';
import { makePassing } from '../../infra/patterns/envelope';
import type { DetectorType } from '../cost/detectors';

/** What was counted in some events, under one set of detectors. */
export interface Traffic {
  events: number;
  /** Those that the compiled patterns let through to the hub. */
  forwarded: number;
  /** Hits that correlations, first sights and episodes remember, by what they cost. */
  hits: Map<DetectorType, number>;
  /** Of those, the hits of forwarded events. */
  forwardedHits: Map<DetectorType, number>;
  /** Seconds of this machine's processor to read, parse and match all events. */
  seconds: number;
}

/** Counts files of events twice over: for time, only what a function would do; then what patterns would forward. */
export async function measureTraffic(files: string[], ruleset: Ruleset): Promise<Traffic> {
  const start = process.cpuUsage();
  for await (const { events } of readEvents(files)) for (const event of events) match(event, ruleset);
  const { user, system } = process.cpuUsage(start);
  const traffic: Traffic = {
    ...{ events: 0, forwarded: 0, seconds: (user + system) / 1e6 },
    ...{ hits: new Map(), forwardedHits: new Map() },
  };
  const { member, hub } = compilePatterns(ruleset);
  const [ofMember, ofHub] = [makePassing(member), makePassing(hub)];
  for await (const { events } of readEvents(files)) {
    for (const event of events) {
      traffic.events++;
      const isForwarded = ofMember(event).length > 0;
      if (isForwarded) traffic.forwarded++;
      const arrives = isForwarded || ofHub(event).length > 0;
      for (const found of match(event, ruleset)) {
        for (const { detector } of makeHits(found, ruleset).placed) {
          const type = typeOf(detector);
          increment(traffic.hits, type);
          if (arrives) increment(traffic.forwardedHits, type);
        }
      }
    }
  }
  return traffic;
}

function increment(counts: Map<DetectorType, number>, type: DetectorType): void {
  counts.set(type, (counts.get(type) ?? 0) + 1);
}

/** The kind of detector that `npm run cost` prices, and that costs as much. */
function typeOf(detector: Rule | Correlation): DetectorType {
  if (detector.kind === 'rule') return detector.firstSeen ? 'first_seen' : 'plain';
  const { type } = detector.window;
  switch (type) {
    case 'event_count':
    case 'value_count':
    case 'temporal_ordered':
      return type;
    case 'temporal':
      return isMonotone(detector.window) ? type : 'a_and_not_b';
    default:
      return 'value_sum';
  }
}
