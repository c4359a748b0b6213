import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Logger } from 'pino';
import type { Notice } from '../findings/notice';
import { failureOf } from '../findings/sinks/retries';
import { failed, type Outcome, type Sink } from '../findings/sinks/sink';
import { log as processLog } from './log';
import { count, lagOf, writeMetrics } from './metrics';
import { parseNotice } from './parse-notice';

/** What a function touches besides its sink; tests bring their own. */
export interface Surroundings {
  log: Logger;
  writeMetrics: typeof writeMetrics;
  /** Milliseconds since 1970. */
  now(this: void): number;
}

interface Delivery {
  record: SQSRecord;
  /** Undefined for a message that is none. */
  notice: Notice | undefined;
  outcome: Outcome;
}

/**
 * The function of one sink: takes a batch of its queue, each message a {@link Notice} as JSON, and answers which messages
 * the queue shall give again. What failed is among them, whether or not trying again can help, and so is what is no notice:
 * after the last try the queue parks the message, whole, and the log says why.
 *
 * @param makeSink called once, with the first batch
 */
export function sinkFunction(
  makeSink: () => Sink,
  { log, writeMetrics: write, now }: Surroundings = { log: processLog, writeMetrics, now: Date.now },
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  let sink: Sink | undefined;
  return async ({ Records }) => {
    sink ??= makeSink();
    const deliveries = await deliverAll(Records, sink, log);
    const failures = deliveries.filter(({ outcome }) => !outcome.sent);
    for (const failure of failures) report(failure, sink.name, log);
    const sent = deliveries.flatMap(({ outcome, notice }) => (outcome.sent && notice ? [notice] : []));
    const rejected = failures.filter(({ notice }) => notice === undefined);
    const delays = sent.map(({ updatedAt }) => now() - Date.parse(updatedAt));
    write(
      [
        count('in', deliveries.length),
        count('sent', sent.length),
        count('failed', failures.length - rejected.length),
        count('rejected', rejected.length),
        { name: 'delay', unit: 'Milliseconds', values: delays },
        lagOf(sent, now()),
      ],
      { sink: sink.name },
    );
    return { batchItemFailures: failures.map(({ record }) => ({ itemIdentifier: record.messageId })) };
  };
}

async function deliverAll(records: SQSRecord[], sink: Sink, log: Logger): Promise<Delivery[]> {
  const deliveries = records.map(deliveryOf);
  const readable = deliveries.filter(({ notice }) => notice !== undefined);
  const outcomes = await outcomesOf(
    readable.map(({ notice }) => notice!),
    sink,
    log,
  );
  readable.forEach((delivery, i) => (delivery.outcome = outcomes[i] ?? delivery.outcome));
  return deliveries;
}

function deliveryOf(record: SQSRecord): Delivery {
  try {
    return {
      record,
      notice: parseNotice(record.body),
      outcome: failed('the sink does not say what became of it', true),
    };
  } catch (error) {
    return { record, notice: undefined, outcome: failed(`no notice: ${(error as Error).message}`, false) };
  }
}

/** A sink that throws has a defect; its notices are tried again and parked like others. */
async function outcomesOf(notices: Notice[], sink: Sink, log: Logger): Promise<Outcome[]> {
  try {
    return notices.length > 0 ? await sink.send(notices) : [];
  } catch (error) {
    log.error({ sink: sink.name, error }, 'the sink threw');
    return notices.map(() => failureOf(error));
  }
}

function report({ record, notice, outcome }: Delivery, sink: string, log: Logger): void {
  if (outcome.sent) return;
  const { reason, retryable } = outcome;
  const about = notice && {
    findingId: notice.finding.id,
    kind: notice.kind,
    updatedAt: notice.updatedAt,
    notificationId: notice.notificationId,
  };
  const times = Number(record.attributes.ApproximateReceiveCount);
  const line = { sink, messageId: record.messageId, receiveCount: times, ...about, reason, retryable };
  if (retryable) log.warn(line, 'not sent yet');
  else log.error(line, 'not sent, and trying again will not help');
}
