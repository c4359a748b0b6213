import type { Event } from '../events/event';
import { inTimeOrder, sortByTime } from '../events/order';
import { readEvents } from '../events/read';
import { redactText } from '../events/redact';
import { DAY_MILLISECONDS } from '../events/time';
import type { Rejected } from '../events/unwrap';
import { applyChanges, byWeight, changes } from '../engine/changes';
import { correlate } from '../engine/correlate';
import type { Finding } from '../engine/finding';
import { makeHits, threadOf } from '../engine/hit';
import { match, type Match } from '../engine/match';
import { isRemembered, mintsOf, type Mint } from '../engine/mint';
import type { Rule } from '../engine/rule';
import type { Ruleset } from '../engine/ruleset';
import { GRACE_MILLISECONDS } from '../engine/due';
import { MemoryStore } from '../state/memory';
import { arrange, type Arrangement } from './arrange';

/** What became of every record: `in = matched + unmatched + rejected + duplicate + outside`. */
export interface Counters {
  in: number;
  /** Events, each counted once, that some detector matched. */
  matched: number;
  unmatched: number;
  rejected: number;
  /** Matched events that had been seen before, under the same key. */
  duplicate: number;
  /** Before `--since` or after `--until`. */
  outside: number;
  /** Of the duplicates, those whose content differed. */
  conflicting: number;
  /** Events without a usable time. */
  undated: number;
  /** Events that made credentials. */
  minted: number;
  /** Of these, those that are remembered where events come one by one. */
  remembered: number;
  files: number;
}

export interface ReplayResult {
  /** Worst first. */
  findings: Finding[];
  counters: Counters;
  /** Matches that no correlation counted: a field of the group or the time was missing, or they came too late. */
  correlated: { withoutGroup: number; untimed: number; tooLate: number };
  /** First sights that are not among the findings, since what was learned shows them to be usual. */
  learned: number;
  /** Milliseconds since the epoch of the earliest and the latest event. */
  span: { first: number; last: number } | undefined;
  accounts: string[];
  /** How often each reason was given. */
  reasons: Map<string, number>;
}

export interface ReplayOptions {
  /** Milliseconds since the epoch; events without a usable time are always taken. */
  since?: number | undefined;
  until?: number | undefined;
  /** First-seen detectors file nothing for what is seen this long after the first event, in milliseconds. */
  learnMilliseconds?: number | undefined;
  /** Files of what is known already: only first-seen detectors look at them, and file nothing for what is in them. */
  learnFiles?: string[] | undefined;
  /** Take the events in another order, or some of them twice; holds all of them in memory. */
  arrangement?: Arrangement | undefined;
  /**
   * Correlations do not count events that are older than the newest by more than this, and forget what these would need.
   * Files are then read in the order of time, and each is put in it.
   */
  latenessMilliseconds?: number | undefined;
  onReject?: (file: string, rejected: Rejected) => void;
  onProgress?: (file: string, bytesRead: number) => void;
}

/** Walks files down the one road: read, match, correlate, changes. */
export async function replay(files: string[], ruleset: Ruleset, options: ReplayOptions = {}): Promise<ReplayResult> {
  const pass = new Pass(ruleset, options);
  // The clock of a replay is its last event.
  const over = (): number => pass.last - GRACE_MILLISECONDS;
  const store = new MemoryStore();
  const lateness = options.latenessMilliseconds && {
    milliseconds: options.latenessMilliseconds,
    forget: store.forget.bind(store),
  };
  const inOrder = lateness ? await inTimeOrder(files) : files;
  const correlated = await correlate(pass.matches(inOrder), ruleset, store, { over, lateness: lateness || undefined });
  const findings = new Map<string, Finding>();
  for (const change of correlated.changes) applyChanges(findings, changes(change, ruleset));
  const shown = [...findings.values()].filter(pass.isNews());
  return {
    findings: shown.sort(byWeight),
    learned: findings.size - shown.length,
    counters: { ...pass.counters, conflicting: correlated.conflicting },
    correlated: { withoutGroup: correlated.withoutGroup, untimed: correlated.untimed, tooLate: correlated.tooLate },
    span: pass.first === Infinity ? undefined : { first: pass.first, last: pass.last },
    accounts: [...pass.accounts].map(redactText).sort(),
    reasons: pass.reasons,
  };
}

/** Reasons quote what they are about: a file of rubbish must not fill the memory with them. */
const MAX_REASONS = 1000;

/** One pass over the files, and what it counts on the way. */
class Pass {
  readonly counters: Counters = {
    ...{ in: 0, matched: 0, unmatched: 0, rejected: 0, duplicate: 0, outside: 0 },
    ...{ conflicting: 0, undated: 0, minted: 0, remembered: 0, files: 0 },
  };
  readonly accounts = new Set<string>();
  readonly reasons = new Map<string, number>();
  first = Infinity;
  last = -Infinity;
  /** Of what was learned, the days on which each detector and group was seen; see {@link threadOf}. */
  private readonly learnedDays = new Map<string, Set<number>>();
  private readonly matchedKeys = new Set<string>();

  constructor(
    private readonly ruleset: Ruleset,
    private readonly options: ReplayOptions,
  ) {}

  async *matches(files: string[]): AsyncIterable<Match | Mint> {
    this.counters.files = files.length;
    const { arrangement, learnFiles = [] } = this.options;
    for await (const { events } of readEvents(learnFiles)) {
      for (const event of events) {
        const firsts = match(event, this.ruleset).filter(({ rule }) => rule.firstSeen);
        for (const first of firsts) this.learn(first);
        yield* firsts;
      }
    }
    const all: Event[] = [];
    for await (const { file, bytesRead, events, rejected } of readEvents(files)) {
      for (const one of rejected) this.reject(file, one);
      if (this.options.latenessMilliseconds !== undefined) sortByTime(events);
      if (arrangement) all.push(...events);
      else {
        yield* this.takeAll(events);
        // A generator that waits keeps what it gave last: without this, two files are in memory at a time.
        events.length = 0;
      }
      this.options.onProgress?.(file, bytesRead);
    }
    if (arrangement) yield* this.takeAll(arrange(all, arrangement));
  }

  private learn(match: Match): void {
    const { time } = match.event;
    if (time === undefined) return;
    for (const { hit } of makeHits(match, this.ruleset).placed) {
      const thread = threadOf(hit.partition);
      const days = this.learnedDays.get(thread) ?? new Set();
      this.learnedDays.set(thread, days.add(Math.floor(time / DAY_MILLISECONDS)));
    }
  }

  /** Tells the findings that say more than what was learned to be usual. */
  isNews(): (finding: Finding) => boolean {
    const until = this.first + (this.options.learnMilliseconds ?? -Infinity);
    const firstSeen = new Map(this.ruleset.rules.filter((rule) => rule.firstSeen).map((rule) => [rule.id, rule]));
    return ({ detectorId, thread, firstSeen: at }) => {
      const rule = firstSeen.get(detectorId);
      if (!rule || at === null) return true;
      const time = Date.parse(at);
      return time > until && !this.wasLearned(thread, time, rule);
    };
  }

  /** Whether what was first seen at some time was learned then, or before it would have been forgotten. */
  private wasLearned(thread: string, time: number, { quietMilliseconds }: Rule): boolean {
    const days = [...(this.learnedDays.get(thread) ?? [])];
    return days.some((day) => {
      const start = day * DAY_MILLISECONDS;
      return start + DAY_MILLISECONDS > time && start <= time + quietMilliseconds;
    });
  }

  /** All matches of a batch at once: a loop that waits for nothing runs faster than one that may. */
  private takeAll(events: Event[]): (Match | Mint)[] {
    const found: (Match | Mint)[] = [];
    for (const event of events) for (const one of this.take(event)) found.push(one);
    return found;
  }

  /** Counts an event, and gives its matches, and the credentials that it made. */
  private take(event: Event): (Match | Mint)[] {
    this.counters.in++;
    if (!this.isInside(event)) {
      this.counters.outside++;
      return [];
    }
    const matches = match(event, this.ruleset);
    if (matches.length === 0) this.counters.unmatched++;
    else if (this.matchedKeys.has(event.key)) this.counters.duplicate++;
    else this.counters.matched++;
    if (matches.length > 0) this.matchedKeys.add(event.key);
    const mints = mintsOf(event, this.ruleset.context);
    if (mints.length === 0) return matches;
    this.counters.minted++;
    if (mints.some(isRemembered)) this.counters.remembered++;
    return [...matches, ...mints];
  }

  private reject(file: string, rejected: Rejected): void {
    this.counters.in++;
    this.counters.rejected++;
    const isKnown = this.reasons.has(rejected.reason) || this.reasons.size < MAX_REASONS;
    const reason = isKnown ? rejected.reason : 'for other reasons';
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    this.options.onReject?.(file, rejected);
  }

  private isInside(event: Event): boolean {
    const { time, account } = event;
    if (time === undefined) this.counters.undated++;
    else {
      if (time < (this.options.since ?? -Infinity) || time > (this.options.until ?? Infinity)) return false;
      if (time < this.first) this.first = time;
      if (time > this.last) this.last = time;
    }
    if (account !== undefined) this.accounts.add(account);
    return true;
  }
}
