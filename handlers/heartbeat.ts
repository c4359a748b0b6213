import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { HEARTBEAT } from '../events/heartbeat';
import { at, text, type Json } from '../events/json';
import { parseTime } from '../events/time';
import { clientOptions } from '../findings/sinks/retries';
import { DynamoHeartbeats } from '../state/heartbeats';
import { required } from './environment';
import { eachMessage, Unreadable, type Deadline } from './messages';
import { count } from './metrics';
import { here } from './road';

/**
 * The function behind the hub's bus for signs of life: remembers of each account and Region the last one. EventBridge itself
 * writes account, Region and time into what it delivers; the rest of the event is not looked at.
 *
 * @param open called once, with the first batch
 */
export function heartbeatFunction(
  open: () => Pick<DynamoHeartbeats, 'record'>,
  { log, writeMetrics } = here,
): (event: SQSEvent, deadline?: Deadline) => Promise<SQSBatchResponse> {
  let heartbeats: Pick<DynamoHeartbeats, 'record'> | undefined;
  return async ({ Records }, deadline) => {
    const store = (heartbeats ??= open());
    const response = await eachMessage(Records, log, deadline, async (body) => {
      const { time, ...place } = read(body);
      await store.record(place, time);
    });
    const failed = response.batchItemFailures.length;
    writeMetrics([count('in', Records.length), count('failed', failed)], { function: 'heartbeat' });
    return response;
  };
}

const ACCOUNT = /^\d{12}$/;
const REGION = /^[a-z0-9-]{1,32}$/;

function read(body: string): { account: string; region: string; time: number } {
  let envelope: Json;
  try {
    envelope = JSON.parse(body) as Json;
  } catch {
    throw new Unreadable('not JSON');
  }
  const [account, region, time] = [
    text(envelope, 'account'),
    text(envelope, 'region'),
    parseTime(at(envelope, 'time')),
  ];
  if (text(envelope, 'source') !== HEARTBEAT.source) throw new Unreadable('no heartbeat');
  if (!account || !ACCOUNT.test(account) || !region || !REGION.test(region) || time === undefined)
    throw new Unreadable('a heartbeat without account, Region and time');
  return { account, region, time };
}

export const handler = heartbeatFunction(
  () => new DynamoHeartbeats({ client: new DynamoDBClient(clientOptions), table: required('TABLE') }),
);
