import type { Context, SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Logger } from 'pino';

/** So long before its end, in milliseconds, a function begins nothing new. */
const MARGIN_MILLISECONDS = 10_000;

/** What Lambda tells of a call that is of use here; a test may leave it out. */
export type Deadline = Pick<Context, 'getRemainingTimeInMillis'>;

/** A message that no other try makes readable. Says what is wrong, without the message's content. */
export class Unreadable extends Error {}

/** Whether a call of a function is to come to its end. */
export function isLate(deadline: Deadline | undefined): boolean {
  return deadline !== undefined && deadline.getRemainingTimeInMillis() < MARGIN_MILLISECONDS;
}

/**
 * Takes the messages of a batch one after the other, each alone: one that throws is given again by its queue, and after the
 * last try parked there, whole; the others are done. What there is no time left for is given again, too.
 */
export async function eachMessage(
  records: SQSRecord[],
  log: Logger,
  deadline: Deadline | undefined,
  take: (body: string) => Promise<void>,
): Promise<SQSBatchResponse> {
  const failed: SQSRecord[] = [];
  for (const record of records) {
    if (isLate(deadline)) failed.push(record);
    else if (!(await succeeds(record, log, take))) failed.push(record);
  }
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

async function succeeds(record: SQSRecord, log: Logger, take: (body: string) => Promise<void>): Promise<boolean> {
  try {
    await take(record.body);
    return true;
  } catch (error) {
    const line = { messageId: record.messageId, receiveCount: Number(record.attributes.ApproximateReceiveCount) };
    if (error instanceof Unreadable) log.error({ ...line, reason: error.message }, 'cannot be read');
    else log.warn({ ...line, error }, 'not done yet');
    return false;
  }
}
