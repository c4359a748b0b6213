import type { Day, Episode, Span } from './episodes';
import type { Hit, Place } from './hit';
import type { Mint } from './mint';

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
  /** When it was written, in milliseconds since the epoch, where the store has a clock: greater than that of any version before. */
  writtenAt?: number;
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
  /** Whether the id ever came with other content: what was computed from it may no longer hold. */
  isReplaced: boolean;
}

/** Hits around a hit. */
export interface Near {
  /** The hit itself, if it still stands as it was put, and its neighbours. */
  hits: Hit[];
  /** There are more within the time that was asked for. */
  isCut: boolean;
}

/** Hits by time. */
export interface Read {
  hits: Hit[];
  /** For each input, before what time (milliseconds since the epoch) all of its hits are there; infinite if no limit was met. */
  until: number[];
}

/** Before what time all hits are there. */
export function wholeUntil({ until }: Read): number {
  return Math.min(...until);
}

/** What is to be judged of a partition. */
export interface Judging {
  /** Of some days, everything. */
  days: Day[];
  /** What hits within {@link DUE_UNIT} from these times on may have changed; milliseconds since the epoch. */
  times: number[];
}

/** Times of hits that are due are kept to so many milliseconds. */
export const DUE_UNIT = 5 * 60_000;

/** That a partition is to be judged, some time later; see `sweep.ts`. */
export interface Due extends Judging {
  place: Place;
  /** Milliseconds since the epoch. */
  at: number;
  /** Another one, never used before, whenever the same is asked for again. */
  version: string;
}

/** That a correlation, in a partition, was once seen to make a hit in another partition on some day; see `chain.ts`. */
export interface Link {
  source: Place;
  target: Place;
  day: Day;
}

/** A head that rests on a mint; see `lineage.ts`. */
export interface MintLink {
  place: Place;
  day: Day;
}

/**
 * What correlation remembers. All hits of a detector and group are in one partition. What an implementation has to keep,
 * whoever else writes at the same time, is tested by `test/state/store.contract.ts`.
 */
export interface Store {
  /** Keeps a hit under its partition and id. Idempotent, also in the days that it answers. */
  put(hit: Hit): Promise<Put>;
  /**
   * The hits of so many inputs of a partition within some spans, which do not overlap, each id once, in no particular order:
   * of each input at most `limit`, the earliest.
   */
  hits(partition: string, inputs: number, spans: Span[], limit: number): Promise<Read>;
  /**
   * The hit itself, if it still stands as it was put; and for each of so many inputs the hits within `reach` milliseconds of
   * it, at most `limit` before and `limit` after it, the nearest.
   */
  near(hit: Hit, inputs: number, reach: number, limit: number): Promise<Near>;
  /** Keeps a link, for good. Idempotent. What `linksFrom` answers, `linksTo` answers, too. */
  link(link: Link): Promise<void>;
  /** All links from a partition. */
  linksFrom(partition: string): Promise<Link[]>;
  /** The links to a partition on some days. */
  linksTo(partition: string, days: Day[] | 'all'): Promise<Link[]>;
  /** Keeps a mint under its name; of several the better one (`isBetterMint`). Idempotent. */
  putMint(mint: Mint): Promise<void>;
  mint(name: string): Promise<Mint | undefined>;
  /** Keeps that a head rests on what is known under a mint's name. Idempotent. */
  linkMint(name: string, place: Place, day: Day): Promise<void>;
  /** All heads that rest on a mint's name. */
  mintLinks(name: string): Promise<MintLink[]>;
  head(partition: string, day: Day): Promise<Head | undefined>;
  /** Writes a head if the stored version is still the one before it, `before`; false if another worker was faster. */
  putHead(head: Head, before: Head | undefined): Promise<boolean>;
  /** Asks for a partition to be judged again, at some time or soon after. Idempotent; what is asked for adds up. */
  putDue(place: Place, what: Judging, at: number): Promise<void>;
  /** What is due until some time (milliseconds since the epoch), in no particular order. */
  due(until: number): AsyncIterable<Due>;
  /** Forgets what was due, unless it was asked for again since it was read. */
  forgetDue(due: Due): Promise<void>;
}
