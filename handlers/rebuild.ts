import { drillOf } from '../engine/drill';
import type { Head } from '../engine/store';
import type { Notice } from '../findings/notice';
import { noticesOf } from '../findings/notices';
import { page } from '../findings/paging';
import type { Outbox } from './outbox';

export interface RebuildOptions {
  /** Findings of heads that were written from this time on page, as their creation would have: milliseconds since the epoch. */
  pagesFrom?: number;
}

export interface Rebuilt {
  heads: number;
  /** Findings, each told to every queue that took it. */
  sent: number;
  /** Ids of findings that some queue did not take. */
  failed: string[];
}

/** So many notices are put into the queues at once. */
const BATCH = 100;

/**
 * Tells all sinks of every finding that stands, as revised: after the outbox was down for longer than the table's stream
 * lives. Sinks know what they have already. What was withdrawn or superseded meanwhile is in no head any more, and stays in
 * the sinks as it was.
 *
 * @param heads all of the table
 */
export async function rebuild(
  { ruleset, paging, queues }: Outbox,
  heads: AsyncIterable<Head>,
  { pagesFrom = Infinity }: RebuildOptions = {},
): Promise<Rebuilt> {
  const result: Rebuilt = { heads: 0, sent: 0, failed: [] };
  let waiting: Notice[] = [];
  const flush = async (): Promise<void> => {
    const answers = await Promise.all(queues.map((queue) => queue(waiting)));
    waiting.forEach(({ finding }, i) => {
      if (answers.every((outcomes) => outcomes[i]!.sent)) result.sent++;
      else result.failed.push(finding.id);
    });
    waiting = [];
  };
  for await (const head of heads) {
    if (drillOf(head.group)) continue;
    result.heads++;
    const created = noticesOf({ before: undefined, after: head }, ruleset);
    const isPaged = (head.writtenAt ?? 0) >= pagesFrom;
    const notices = isPaged ? await page(created, head, paging) : created;
    waiting.push(...notices.map((notice) => ({ ...notice, ...(isPaged ? {} : UNPAGED), kind: 'revised' as const })));
    if (waiting.length >= BATCH) await flush();
  }
  await flush();
  return result;
}

const UNPAGED = { notificationId: null };
