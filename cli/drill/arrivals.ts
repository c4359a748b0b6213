import type { SecurityHubClient } from '@aws-sdk/client-securityhub';
import { paginateGetFindings } from '@aws-sdk/client-securityhub';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import { drillOf } from '../../engine/drill';
import { isObject, text, type Json } from '../../events/json';

/** Where findings come out. `machines`, `people` and `chat` are topics. */
export const OUTLETS = ['security-hub', 'machines', 'people', 'chat', 'eventbridge'] as const;
export type Outlet = (typeof OUTLETS)[number];

/** A finding of some drill that came out somewhere. */
export interface Arrival {
  outlet: Outlet;
  findingId: string;
  title: string;
  /** Milliseconds since the epoch: when it was there. */
  at: number;
  /** When its head had been written: known to machines only. */
  writtenAt?: number | undefined;
  /** Known to machines only. */
  run?: string | undefined;
  /** Superseded or withdrawn. */
  isGone?: boolean;
}

const LONG_POLL_SECONDS = 2;

/**
 * Takes what waits in the drill's queue: messages of the topics, and events of the findings' bus.
 *
 * @param isOurs of another drill's messages none is deleted
 */
export async function receive(
  sqs: SQSClient,
  QueueUrl: string,
  isOurs: (arrival: Arrival) => boolean,
): Promise<Arrival[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      ...{ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: LONG_POLL_SECONDS, VisibilityTimeout: 30 },
      MessageSystemAttributeNames: ['SentTimestamp'],
    }),
  );
  const taken = Messages.map((message) => ({ message, arrival: arrivalOf(message) }));
  const ours = taken.filter(({ arrival }) => arrival !== undefined && isOurs(arrival));
  if (ours.length > 0) {
    const Entries = ours.map(({ message: { ReceiptHandle } }, i) => ({ Id: String(i), ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
  return ours.map(({ arrival }) => arrival!);
}

/** @returns undefined for what is none */
export function arrivalOf({ Body, Attributes }: Message): Arrival | undefined {
  const at = Number(Attributes?.SentTimestamp);
  const body = jsonOf(Body);
  if (isObject(body) && isObject(body['detail'])) return ofDetail('eventbridge', body['detail'], at);
  const message = text(body, 'Message');
  const content = jsonOf(message);
  if (isObject(content) && isObject(content['finding'])) return ofDetail('machines', content, at);
  const findingId =
    text(content, 'metadata', 'additionalContext', 'findingId') ??
    text(body, 'MessageAttributes', 'notificationId', 'Value')?.split(' ')[0];
  if (findingId === undefined) return undefined;
  const isChat = text(content, 'source') === 'custom';
  const title = (isChat ? text(content, 'content', 'title') : text(body, 'Subject')) ?? '';
  return { outlet: isChat ? 'chat' : 'people', findingId, title, at };
}

function ofDetail(outlet: Outlet, detail: Json, at: number): Arrival | undefined {
  const findingId = text(detail, 'finding', 'id');
  const kind = text(detail, 'kind');
  if (findingId === undefined) return undefined;
  const group = isObject(detail) && isObject(detail['finding']) ? detail['finding']['group'] : undefined;
  return {
    ...{ outlet, findingId, title: text(detail, 'finding', 'title') ?? '', at },
    writtenAt: Date.parse(text(detail, 'updatedAt') ?? '') || undefined,
    run: isObject(group) ? drillOf(group as Record<string, string>)?.run : undefined,
    isGone: kind === 'superseded' || kind === 'withdrawn',
  };
}

function jsonOf(body: string | undefined): Json | undefined {
  try {
    return JSON.parse(body ?? '') as Json;
  } catch {
    return undefined;
  }
}

/** The findings of a drill in Security Hub, which are archived there from the beginning. */
export async function lookUp(client: SecurityHubClient, run: string, now: () => number): Promise<Arrival[]> {
  const Filters = { ProductFields: [{ Key: 'privwatch/drillRun', Value: run, Comparison: 'EQUALS' as const }] };
  const found: Arrival[] = [];
  for await (const { Findings = [] } of paginateGetFindings({ client, pageSize: 100 }, { Filters })) {
    for (const { ProductFields, Title = '', ProcessedAt } of Findings) {
      const findingId = ProductFields?.['privwatch/findingId'];
      // An emulator may not know the filter.
      if (findingId === undefined || ProductFields?.['privwatch/drillRun'] !== run) continue;
      found.push({ outlet: 'security-hub', findingId, title: Title, at: Date.parse(ProcessedAt ?? '') || now(), run });
    }
  }
  return found;
}
