import { setTimeout as sleep } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { SecurityHubClient } from '@aws-sdk/client-securityhub';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DRILL_DETAIL_TYPE, DRILL_SOURCE, type Drill, type DrillDetail } from '../../engine/drill';
import type { Finding } from '../../engine/finding';
import type { JsonObject } from '../../events/json';
import { lookUp, receive, type Arrival, type Outlet } from './arrivals';
import type { Story } from './story';

/** What is deployed, as far as a drill touches it. */
export interface Deployed {
  /** The hub's, a name or an ARN. */
  bus: string;
  /** Name or URL of the queue that gets what is marked as a drill. */
  queue: string;
  outlets: Outlet[];
}

/** A finding that came out, or not. */
export interface Step {
  outlet: Outlet;
  finding: Pick<Finding, 'id' | 'title' | 'severity'>;
  /** From the moment when the bus had taken the events; null if it did not come out in time. */
  milliseconds: number | null;
}

export interface DrillResult {
  run: string;
  /** Events put on the bus. */
  events: number;
  /** How long the bus took for them. */
  putMilliseconds: number;
  /** From then on until the heads of findings were written: the time of detect. */
  storedMilliseconds: number[];
  /** One for each expected finding and outlet. */
  steps: Step[];
  /** Titles of findings that were not expected: what is deployed has other detectors, or another configuration. */
  unexpected: string[];
}

const MAX_ENTRIES = 10;
const MAX_REQUEST_BYTES = 900_000;
/** GetFindings takes 3 requests a second. */
const HUB_POLL_MILLISECONDS = 1_000;

/** Puts a story on the hub's bus, and waits until every finding has come out of every outlet, or the time is over. */
export async function drillOnce(
  { records, expected }: Story,
  drill: Drill,
  { bus, queue, outlets }: Deployed,
  withinMilliseconds: number,
): Promise<DrillResult> {
  const [events, sqs, hub] = [new EventBridgeClient({}), new SQSClient({}), new SecurityHubClient({})];
  const came = new Map<string, Arrival>();
  const gone = new Set<string>();
  const place = (outlet: Outlet, id: string): string => `${outlet} ${id}`;
  const wanted = outlets.flatMap((outlet) => [...expected.values()].map((finding) => ({ outlet, finding })));
  const isDone = (): boolean => wanted.every(({ outlet, finding }) => came.has(place(outlet, finding.id)));
  const note = (arrivals: Arrival[]): void => {
    for (const arrival of arrivals) {
      if (arrival.isGone) gone.add(arrival.findingId);
      const key = place(arrival.outlet, arrival.findingId);
      if (!came.has(key)) came.set(key, arrival);
    }
  };
  const isOurs = ({ run, findingId }: Arrival): boolean => run === drill.run || expected.has(findingId);

  const queueUrl = await urlOf(sqs, queue);
  const start = Date.now();
  await put(events, bus, records, drill);
  const sent = Date.now();
  const end = sent + withinMilliseconds;
  const watchQueue = async (): Promise<void> => {
    while (!isDone() && Date.now() < end) note(await receive(sqs, queueUrl, isOurs));
  };
  const watchHub = async (): Promise<void> => {
    if (!outlets.includes('security-hub')) return;
    const isIn = (): boolean => [...expected.keys()].every((id) => came.has(place('security-hub', id)));
    while (!isIn() && Date.now() < end) {
      note(await lookUp(hub, drill.run, Date.now));
      if (!isIn()) await sleep(Math.min(HUB_POLL_MILLISECONDS, withinMilliseconds));
    }
  };
  await Promise.all([watchQueue(), watchHub()]);
  for (const client of [events, sqs, hub]) client.destroy();

  const stored = new Map<string, number>();
  for (const { findingId, writtenAt } of came.values())
    if (writtenAt !== undefined && expected.has(findingId)) stored.set(findingId, Math.max(0, writtenAt - sent));
  const strangers = [...came.values()].filter(({ findingId }) => !expected.has(findingId) && !gone.has(findingId));
  return {
    ...{ run: drill.run, events: records.length, putMilliseconds: sent - start },
    storedMilliseconds: [...stored.values()],
    steps: wanted.map(({ outlet, finding: { id, title, severity } }) => {
      const arrival = came.get(place(outlet, id));
      return {
        outlet,
        finding: { id, title, severity },
        milliseconds: arrival ? Math.max(0, arrival.at - sent) : null,
      };
    }),
    unexpected: [...new Set(strangers.map(({ title }) => title))].sort(),
  };
}

async function urlOf(sqs: SQSClient, queue: string): Promise<string> {
  if (/^https?:\/\//.test(queue)) return queue;
  return (await sqs.send(new GetQueueUrlCommand({ QueueName: queue }))).QueueUrl!;
}

async function put(client: EventBridgeClient, bus: string, records: JsonObject[], drill: Drill): Promise<void> {
  let batch: PutEventsRequestEntry[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: batch }));
    const refused = Entries.find(({ ErrorCode }) => ErrorCode);
    if (refused) throw new Error(`the bus ${bus} refused an event: ${refused.ErrorCode}: ${refused.ErrorMessage}`);
    batch = [];
    bytes = 0;
  };
  for (const event of records) {
    const detail: DrillDetail = { ...drill, event };
    const Detail = JSON.stringify(detail);
    const size = Buffer.byteLength(Detail);
    if (batch.length === MAX_ENTRIES || bytes + size > MAX_REQUEST_BYTES) await flush();
    batch.push({ EventBusName: bus, Source: DRILL_SOURCE, DetailType: DRILL_DETAIL_TYPE, Detail });
    bytes += size;
  }
  await flush();
}
