import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { gunzip, isGzip } from '../events/bytes';
import { at, text, type Json } from '../events/json';
import { parse } from '../events/read';
import { clientOptions } from '../findings/sinks/retries';
import { eachMessage, Unreadable, type Deadline } from './messages';
import { count } from './metrics';
import { here, openRoad, withUnits, type Road } from './road';
import { metricsOf, newTally, takeAll } from './take';

interface Place {
  bucket: string;
  key: string;
}

/** The bytes of an object in a bucket; throws what S3 answers. */
export type GetObject = (place: Place) => Promise<Uint8Array>;

/** What the reconciler works with. */
export interface Reconciler extends Road {
  getObject: GetObject;
}

/** A trail file is 50 MB at most, and unpacks to about ten times that. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * The function behind the trail's bucket: takes notices of new trail files from its queue, and every event of the files
 * down the same road as those that came over the bus. What came already changes nothing; what the bus has lost is
 * `matched` in its metrics.
 *
 * @param open called once, with the first batch
 */
export function reconcileFunction(
  open: () => Reconciler,
  { log, writeMetrics, now } = here,
): (event: SQSEvent, deadline?: Deadline) => Promise<SQSBatchResponse> {
  let reconciler: ReturnType<typeof withUnits<Reconciler>> | undefined;
  return async ({ Records }, deadline) => {
    const { getObject, consumed, ...road } = (reconciler ??= withUnits(open()));
    const tally = newTally();
    let files = 0;
    const response = await eachMessage(Records, log, deadline, async (body) => {
      for (const place of placesIn(body)) {
        const bytes = Buffer.from(await getObject(place));
        await takeAll(parse(isGzip(bytes) ? gunzip(bytes, MAX_BYTES) : bytes), road, tally, now());
        files++;
      }
    });
    const failed = count('failed', response.batchItemFailures.length);
    writeMetrics([...metricsOf(tally), count('files', files), failed, ...consumed()], { function: 'reconcile' });
    return response;
  };
}

/** The new files that a notice names, S3's own or EventBridge's; digest files hold no events. */
function placesIn(body: string): Place[] {
  const value = jsonOf(body);
  if (at(value, 'Event') === 's3:TestEvent') return [];
  const records = at(value, 'Records');
  const places = Array.isArray(records)
    ? // In S3's own notices, keys are written as in the query of a URL.
      records.map((record) => placeOf(at(record, 's3'), (key) => decodeURIComponent(key.replace(/\+/g, ' '))))
    : [placeOf(at(value, 'detail'), (key) => key)];
  return places.filter(({ key }) => !key.includes('/CloudTrail-Digest/'));
}

function placeOf(value: Json | undefined, decode: (key: string) => string): Place {
  const bucket = text(value, 'bucket', 'name');
  const key = text(value, 'object', 'key');
  if (bucket === undefined || key === undefined) throw new Unreadable('it names no object of a bucket');
  return { bucket, key: decode(key) };
}

function jsonOf(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    throw new Unreadable('not JSON');
  }
}

function getFromS3(client = new S3Client(clientOptions)): GetObject {
  return async ({ bucket, key }) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (!Body) throw new Error(`s3://${bucket}/${key} came without a body`);
    return Body.transformToByteArray();
  };
}

export const handler = reconcileFunction(() => ({ ...openRoad(), getObject: getFromS3() }));
