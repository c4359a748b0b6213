import { DAY_MILLISECONDS, type Episode } from '../engine/episodes';
import { shortHash } from '../engine/hit';
import { rank, type Level } from '../engine/level';
import type { Ruleset } from '../engine/ruleset';
import { quietDaysOf } from '../engine/settle';
import type { Head, Store } from '../engine/store';
import { cap } from '../engine/text';
import type { Notice } from './notice';

/** Notifications of one detector and severity within one hour of the clock. */
export interface Storm {
  detectorId: string;
  severity: Level;
  /** When the hour begins, in milliseconds since the epoch. */
  hour: number;
  /** So many notifications page. */
  limit: number;
}

/** What becomes of a notification: it pages, or is held back, or is the one held back in whose place a summary pages. */
export type Verdict = 'page' | 'hold' | 'summarize';

/** Counts a notification of a storm. Of the same one always the same verdict, however often it is asked for. */
export type Admit = (storm: Storm, notificationId: string) => Promise<Verdict>;

/** What paging looks at, besides the notices. */
export interface Paging {
  ruleset: Ruleset;
  heads: Pick<Store, 'head'>;
  admit: Admit;
  /** Remembers a notification that would have paged, were its detector not in staging. Idempotent. */
  tryOut(this: void, notice: Notice): Promise<void>;
  /** So many notifications of a detector and severity page within an hour. */
  stormLimit: number;
}

const HOUR_MILLISECONDS = 3_600_000;
/** No head is kept longer than a few months: what ran for so many days runs from there. */
const MAX_RUN_DAYS = 120;

/**
 * Takes the notification id from notices that shall not page: what goes on after midnight and paged less than a day ago,
 * what a detector in staging finds, and what comes in a storm, of which one summary pages instead. Every notice is still given to the sinks.
 *
 * @param head that the notices are of, as it was written
 * @returns the notices in their order, and summaries behind them
 */
export async function page(notices: Notice[], head: Head, paging: Paging): Promise<Notice[]> {
  const result: Notice[] = [];
  const summaries: Notice[] = [];
  for (const notice of notices) {
    const verdict = await verdictOf(notice, head, paging);
    result.push(verdict === 'page' ? notice : { ...notice, notificationId: null });
    if (verdict === 'summarize') summaries.push(summaryOf(notice, paging.stormLimit));
  }
  return [...result, ...summaries];
}

async function verdictOf(notice: Notice, head: Head, paging: Paging): Promise<Verdict> {
  const { kind, finding, notificationId } = notice;
  if (notificationId === null) return 'hold';
  if (kind === 'created' && finding.continues !== null && !(await pagesAgain(notice, head, paging))) return 'hold';
  // Neither counts among what is real.
  if (notice.drill) return 'page';
  if (finding.stage === 'staging') {
    await paging.tryOut(notice);
    return 'hold';
  }
  return paging.admit({ ...placeOf(notice), limit: paging.stormLimit }, notificationId);
}

// ---- continuations ------------------------------------------------------------------------------------------------

/** Whether the first episode of a day pages although it goes on with one of an earlier day. Follows from the heads alone. */
async function pagesAgain({ finding }: Notice, head: Head, { ruleset, heads }: Paging): Promise<boolean> {
  const detector = [...ruleset.rules, ...ruleset.correlations].find(({ id }) => id === head.detectorId);
  const episode = head.episodes.find(({ id }) => id === finding.id);
  if (!detector || !episode) return true;
  const run = await runOf(episode, head, quietDaysOf(detector), heads);
  const [first, ...others] = run as [Episode, ...Episode[]];
  let paged = first;
  let highest = rank(first.severity);
  for (const one of others) {
    // A rise within an episode pages by itself, so that of all before the highest severity has paged.
    const isHigher = rank(one.severity) > highest;
    if (isHigher || one.firstSeen! - paged.firstSeen! > DAY_MILLISECONDS) paged = one;
    highest = Math.max(highest, rank(one.severity));
  }
  return paged === episode;
}

/** The episodes that one goes on with, across midnights, oldest first, itself last. */
async function runOf(
  episode: Episode,
  { partition, day }: Head,
  quietDays: number,
  heads: Pick<Store, 'head'>,
): Promise<Episode[]> {
  const run = [episode];
  let earliest = Number(day) - quietDays;
  for (let one = Number(day) - 1; one >= earliest && one >= Number(day) - MAX_RUN_DAYS; one--) {
    if (run[0]!.continues === undefined) break;
    const before = (await heads.head(partition, one))?.episodes.at(-1);
    if (!before) continue;
    run.unshift(before);
    earliest = one - quietDays;
  }
  return run;
}

// ---- storms -------------------------------------------------------------------------------------------------------

/** By when it was written, so that a repeat is counted in the same hour. */
function placeOf({ finding, updatedAt }: Notice): Omit<Storm, 'limit'> {
  const hour = Math.floor(Date.parse(updatedAt) / HOUR_MILLISECONDS) * HOUR_MILLISECONDS;
  return { detectorId: finding.detectorId, severity: finding.severity, hour };
}

/** A finding about the findings that page no more, for the rest as the first of them. */
function summaryOf(notice: Notice, limit: number): Notice {
  const { finding } = notice;
  const { detectorId, severity, hour } = placeOf(notice);
  const [begin, end] = [hour, hour + HOUR_MILLISECONDS].map((time) => new Date(time).toISOString().slice(11, 16));
  const id = `storm ${detectorId} ${severity} ${new Date(hour).toISOString()}`;
  const what = `more than ${limit} ${severity} findings between ${begin} and ${end} UTC; all are filed, the rest do not page`;
  return {
    ...notice,
    kind: 'created',
    supersededBy: null,
    notificationId: id,
    finding: {
      ...finding,
      id: shortHash(id),
      thread: shortHash(['storm', detectorId]),
      title: `${cap(`Storm: ${finding.detectorTitle}`, 256 - what.length - 2)}: ${what}`,
      why: `One detector found so much at once that paging for each would help nobody. This shows the first finding that did not page. ${finding.why}`,
      group: {},
      count: limit + 1,
      countExact: false,
      continues: null,
    },
  };
}
