import type { Day, Episode } from './episodes';
import type { Hit, Place } from './hit';

/** The episodes of one detector, group and day: the outbox from which findings are made. */
export interface Head {
  partition: string;
  detectorId: string;
  group: Record<string, string>;
  day: Day;
  /** Grows by one with each write; what a write is conditional on. */
  version: number;
  episodes: Episode[];
  /** Of a correlation: windows that ended before this time (milliseconds since the epoch) have been judged as over. */
  judgedUntil?: number;
}

/** A head before and after a write. */
export interface HeadChange {
  before: Head | undefined;
  after: Head;
}

export interface Put {
  /**
   * `new`, or what was there under the key: `known` the same content, that is the same event once more; `conflicting`
   * other content, of which the better one (`isBetter`) is kept.
   */
  outcome: 'new' | 'known' | 'conflicting';
  /** Every day on which a hit of this id has stood, this one's included: their heads may not know yet. */
  days: Day[];
}

/** That a correlation, in a partition, was once seen to make a hit in another partition on some day; see `chain.ts`. */
export interface Link {
  source: Place;
  target: Place;
  day: Day;
}

/**
 * What correlation remembers. All hits of a detector and group are in one partition. What an implementation has to keep,
 * whoever else writes at the same time, is tested by `test/state/store.contract.ts`.
 */
export interface Store {
  /** Keeps a hit under its partition and id. Idempotent, also in the days that it answers. */
  put(hit: Hit): Promise<Put>;
  /** The hits of a partition on some days, each id once, in no particular order. */
  hits(partition: string, days: Day[] | 'all'): Promise<Hit[]>;
  /** Keeps a link, for good. Idempotent. What `linksFrom` answers, `linksTo` answers, too. */
  link(link: Link): Promise<void>;
  /** All links from a partition. */
  linksFrom(partition: string): Promise<Link[]>;
  /** The links to a partition on some days. */
  linksTo(partition: string, days: Day[] | 'all'): Promise<Link[]>;
  head(partition: string, day: Day): Promise<Head | undefined>;
  /** Writes a head if the stored version is still the one before it; false if another worker was faster. */
  putHead(head: Head): Promise<boolean>;
}
