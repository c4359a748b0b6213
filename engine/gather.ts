import type { Correlation } from './correlation';
import { dayOf, episodesOf, unite, type Day, type Episode } from './episodes';
import { makeHits, type Hit, type Place } from './hit';
import type { Match } from './match';
import type { Mint } from './mint';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import type { Store } from './store';

/** `matches = hits + repeated + conflicting + withoutGroup + untimed + tooLate`. Of a plain rule no match is ever left out. */
export interface Gathered {
  /** Of events with the detectors that remember them: a rule, and each correlation that counts it. */
  matches: number;
  hits: number;
  /** The same hit again. */
  repeated: number;
  /** The same key with other content. */
  conflicting: number;
  /** Left out of a correlation for want of a group value. */
  withoutGroup: number;
  /** Left out of a correlation for want of a usable time. */
  untimed: number;
  /** Left out of a correlation because what its windows take is forgotten already. */
  tooLate: number;
}

/** A partition that got hits. */
export interface Touched {
  place: Place;
  /** The days on which they stand or stood. */
  days: Set<Day>;
  /** Of a first-seen detector, which stores no hits: what they come to, by the head that it belongs to. */
  sights: Map<Day, Episode[]>;
  /** What was computed from earlier content of some hit may no longer hold. */
  isReplaced: boolean;
  /** The hits themselves, if they are asked for. */
  hits: Hit[];
}

/** The partitions that got hits, by detector. */
export class Touches {
  private readonly byDetector = new Map<Rule | Correlation, Map<string, Touched>>();

  of(detector: Rule | Correlation): Iterable<Touched> {
    return this.byDetector.get(detector)?.values() ?? [];
  }

  /** The touches of some detectors, on days from one on; for those that are to be judged again. */
  from(detectors: Iterable<Rule | Correlation>, day: number): Touches {
    const later = new Touches();
    for (const detector of detectors) {
      for (const { place, days } of this.of(detector)) {
        const left = [...days].filter((one) => typeof one === 'number' && one >= day);
        if (left.length > 0) later.touch(detector, place, left);
      }
    }
    return later;
  }

  touch(detector: Rule | Correlation, { partition, detectorId, group }: Place, days: Iterable<Day>): Touched {
    let partitions = this.byDetector.get(detector);
    if (!partitions) this.byDetector.set(detector, (partitions = new Map<string, Touched>()));
    let touched = partitions.get(partition);
    if (!touched) {
      const place: Place = { partition, detectorId, group };
      touched = { place, days: new Set(), sights: new Map(), isReplaced: false, hits: [] };
      partitions.set(partition, touched);
    }
    for (const day of days) touched.days.add(day);
    return touched;
  }
}

export interface GatherOptions {
  /** Whether hits of a detector are wanted at all. */
  takes?: (detector: Rule | Correlation) => boolean;
  /** Whether a hit of a correlation comes too late to be counted. */
  isTooLate?: (hit: Hit) => boolean;
  /** Whether to hand on the hits, besides storing them. */
  keepsHits?: boolean;
  /** Added to every group. */
  apart?: Record<string, string> | undefined;
}

/** Stores the hits of matches, and knows which partitions they touch. */
export class Gathering {
  readonly counts: Gathered = {
    ...{ matches: 0, hits: 0, repeated: 0, conflicting: 0, withoutGroup: 0, untimed: 0, tooLate: 0 },
  };
  touches = new Touches();

  constructor(
    private readonly ruleset: Ruleset,
    private readonly store: Store,
    private readonly options: GatherOptions = {},
  ) {}

  /** Takes a match, or a mint of credentials. */
  async take(one: Match | Mint): Promise<void> {
    await ('name' in one ? this.takeMint(one) : this.takeMatch(one));
  }

  /** What rests on the mint is to be judged anew, also if it is known: a worker may have died behind its put. */
  private async takeMint(mint: Mint): Promise<void> {
    await this.store.putMint(mint);
    for (const { place, day } of await this.store.mintLinks(mint.name)) {
      const detector = [...this.ruleset.rules, ...this.ruleset.correlations].find(({ id }) => id === place.detectorId);
      if (detector && place.partition.endsWith(`@${detector.meaning}`))
        this.touches.touch(detector, place, [day]).isReplaced = true;
    }
  }

  private async takeMatch(match: Match): Promise<void> {
    const { counts } = this;
    const { takes = () => true, isTooLate = () => false, apart } = this.options;
    const { placed, withoutGroup, untimed } = makeHits(match, this.ruleset, apart);
    counts.withoutGroup += withoutGroup;
    counts.untimed += untimed;
    counts.matches += withoutGroup + untimed;
    for (const { detector, hit } of placed) {
      if (!takes(detector)) continue;
      counts.matches++;
      if (detector.kind === 'correlation' && isTooLate(hit)) counts.tooLate++;
      else if (detector.kind === 'rule' && detector.firstSeen) {
        counts.hits++;
        addSight(this.touches.touch(detector, hit, []), hit, detector);
      } else await this.put(detector, hit);
    }
  }

  private async put(detector: Rule | Correlation, hit: Hit): Promise<void> {
    const { outcome, days, isReplaced } = await this.store.put(hit);
    if (outcome === 'new') this.counts.hits++;
    else if (outcome === 'known') this.counts.repeated++;
    else this.counts.conflicting++;
    // A known hit is not "already done": a worker may have died between its put and the head.
    const touched = this.touches.touch(detector, hit, days);
    touched.isReplaced ||= isReplaced;
    if (this.options.keepsHits) touched.hits.push(hit);
  }
}

/** All that is ever asked of a sight is when it was, so that intervals take the place of hits. */
function addSight({ sights, place }: Touched, hit: Hit, { quietMilliseconds }: Rule): void {
  const day = hit.time === undefined ? dayOf(hit) : 'ever';
  const run = { partition: place.partition, day, quietMilliseconds } as const;
  sights.set(day, unite([...(sights.get(day) ?? []), ...episodesOf([hit], run)], run));
}
