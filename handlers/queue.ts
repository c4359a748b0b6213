import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, type SQSClient } from '@aws-sdk/client-sqs';
import type { Notice } from '../findings/notice';
import { deliver } from '../findings/sinks/deliver';
import { isPassing } from '../findings/sinks/retries';
import { changeKey, failed, sendable, SENT, type Outcome } from '../findings/sinks/sink';

/** Of SendMessageBatch: messages of a request together. */
const LIMITS = { entries: 10, bytes: 1024 * 1024, bytesOfEntry: 1024 * 1024 };

/**
 * Puts notices, whole, into the queue of a sink: one message each, at least once.
 *
 * @returns one outcome per notice, in their order; never throws for what SQS answers
 */
export function enqueue(client: SQSClient, queueUrl: string, notices: Notice[]): Promise<Outcome[]> {
  return deliver(notices, {
    keyOf: changeKey,
    render: (notice) => sendable(JSON.stringify(notice)),
    sizeOf: (body) => Buffer.byteLength(body),
    limits: LIMITS,
    request: (bodies) => sendBatch(client, queueUrl, bodies),
  });
}

async function sendBatch(client: SQSClient, QueueUrl: string, bodies: string[]): Promise<Outcome[]> {
  const Entries: SendMessageBatchRequestEntry[] = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
  const { Successful = [], Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const taken = new Set(Successful.map(({ Id }) => Id));
  return Entries.map(({ Id }) => {
    if (taken.has(Id)) return SENT;
    const failure = Failed.find((one) => one.Id === Id);
    if (!failure) return failed('the answer does not name it', true);
    return failed(`${failure.Code}: ${failure.Message ?? ''}`, !failure.SenderFault || isPassing(failure.Code));
  });
}
