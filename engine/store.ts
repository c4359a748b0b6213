import type { Day, Episode } from './episodes';
import type { Hit } from './hit';

/** The episodes of one detector, group and day: the outbox from which findings are made. */
export interface Head {
  partition: string;
  detectorId: string;
  group: Record<string, string>;
  day: Day;
  /** Grows by one with each write; what a write is conditional on. */
  version: number;
  episodes: Episode[];
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

/**
 * What correlation remembers. All hits of a detector and group are in one partition. What an implementation has to keep,
 * whoever else writes at the same time, is tested by `test/state/store.contract.ts`.
 */
export interface Store {
  /** Keeps a hit under its partition and id. Idempotent, also in the days that it answers. */
  put(hit: Hit): Promise<Put>;
  /** The hits of a partition on some days, each id once, in no particular order. */
  hits(partition: string, days: Day[] | 'all'): Promise<Hit[]>;
  /**
   * Keeps the hits that a correlation's partition makes in others, instead of those it made before.
   *
   * @returns those that were dropped, and their days: the heads that held them have to be judged again
   */
  replace(source: string, hits: Hit[]): Promise<{ hit: Hit; day: Day }[]>;
  head(partition: string, day: Day): Promise<Head | undefined>;
  /** Writes a head if the stored version is still the one before it; false if another worker was faster. */
  putHead(head: Head): Promise<boolean>;
}
