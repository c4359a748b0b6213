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

export type Put =
  | { outcome: 'new' }
  /** The key is there with the same content: the same event once more. */
  | { outcome: 'known' }
  /** The key is there with other content that counts more, or less ({@link isBetter}). */
  | { outcome: 'worse' }
  | { outcome: 'better'; replaced: Hit };

/** What correlation remembers. All hits of a detector and group are in one partition. */
export interface Store {
  /** Keeps a hit under its partition and key. Idempotent. */
  put(hit: Hit): Promise<Put>;
  /** The hits of a partition on some days, each key once, in no particular order. */
  hits(partition: string, days: Day[]): Promise<Hit[]>;
  head(partition: string, day: Day): Promise<Head | undefined>;
  /** Writes a head if the stored version is still the one before it; false if another worker was faster. */
  putHead(head: Head): Promise<boolean>;
}
