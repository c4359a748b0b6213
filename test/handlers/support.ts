import type { DynamoDBRecord, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Head, HeadChange } from '../../engine/store';
import { makeLog } from '../../handlers/log';
import type { Metric } from '../../handlers/metrics';
import type { Surroundings } from '../../handlers/sink-function';
import { headKey, ofHead } from '../../state/item';

/** A batch of a queue: what is no text is sent as JSON. Message ids are m0, m1, … */
export function sqsEventOf(...bodies: unknown[]): SQSEvent {
  const Records = bodies.map((body, i) => ({
    messageId: `m${i}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: '1' },
  }));
  return { Records: Records as SQSRecord[] };
}

/** The ids of the messages that a function gives back. */
export function givenBack({ batchItemFailures }: { batchItemFailures: { itemIdentifier: string }[] }): string[] {
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

/** Surroundings whose clock stands still, and what was written to them. */
export function observed(now: number) {
  const lines: Record<string, unknown>[] = [];
  const metrics: Metric[][] = [];
  const surroundings: Surroundings = {
    log: makeLog('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) }),
    writeMetrics: (written) => void metrics.push(written),
    now: () => now,
  };
  /** The sums of a metric's samples over all calls; by name. */
  const totals = (): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const { name, values } of metrics.flat())
      sums[name] = (sums[name] ?? 0) + values.reduce((sum, value) => sum + value, 0);
    return sums;
  };
  return { surroundings, lines, metrics, totals };
}

/** A record of the table's stream, as Lambda gives it: bytes in Base64. */
export function streamRecordOf({ before, after }: HeadChange, sequenceNumber: number): DynamoDBRecord {
  const key = headKey(after.partition, after.day);
  return {
    eventName: before ? 'MODIFY' : 'INSERT',
    dynamodb: {
      Keys: key as NonNullable<DynamoDBRecord['dynamodb']>['Keys'] & object,
      SequenceNumber: String(sequenceNumber),
      ...(before && { OldImage: imageOf(before) }),
      NewImage: imageOf(after),
    },
  };
}

function imageOf(head: Head): NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']> {
  const { data, ...others } = ofHead(head, 0);
  return { ...others, data: { B: Buffer.from(data!.B!).toString('base64') } };
}
