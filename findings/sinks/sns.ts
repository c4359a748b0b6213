import {
  PublishBatchCommand,
  type MessageAttributeValue,
  type PublishBatchRequestEntry,
  type SNSClient,
} from '@aws-sdk/client-sns';
import { chatOf } from '../chat';
import { eventBridgeDetailOf } from '../event';
import type { Notice, Setting } from '../notice';
import { subjectOf, textOf } from '../text';
import { shown } from '../trim';
import { deliver } from './deliver';
import { Recent } from './recent';
import { isPassing } from './retries';
import { changeKey, combined, failed, sendable, SENT, type Outcome, type Sink } from './sink';

/** ARNs of topics, each for one kind of reader; null for one that nobody reads. */
export interface Topics {
  /** Plain text with a subject, for e-mail: only what notifies. */
  people: string | null;
  /** Custom notifications of Amazon Q Developer in chat applications: only what notifies. */
  chat: string | null;
  /** Every notice, whole, in the JSON that the EventBridge sink has as its detail. */
  machines: string | null;
}

/** Of PublishBatch and of a topic as it is made: messages with subject and attributes, of a whole request. */
const LIMITS = { entries: 10, bytes: 256 * 1024, bytesOfEntry: 256 * 1024 };
const MAX_ATTRIBUTE = 256;
/** Publications that are remembered, so that a repeat does not publish again what only another topic had refused. */
const REMEMBERED = 10_000;

/**
 * Notices to topics of SNS, all topics at once; a notice is sent when every topic that it is for has it. What one topic
 * took is not published to it again while another is retried, as long as this process lives; after a crash it is, and
 * then has the same `notificationId` attribute, by which receivers know it.
 *
 * Attributes for filter policies: severity, account, detector, stage, kind, notificationId, and drill ("true") if it is one.
 */
export function snsSink(client: SNSClient, topics: Topics, setting: Setting): Sink {
  const published = new Recent(REMEMBERED);

  const publish = async (reader: Reader, topic: string, notices: Notice[]): Promise<Outcome[]> => {
    const { keyOf, render } = READERS[reader];
    const keyHere = (notice: Notice): string => `${reader} ${keyOf(notice)}`;
    const due = notices.filter((notice) => !published.has(keyHere(notice)));
    const outcomes = await deliver(due, {
      keyOf,
      render: (notice) => ({ ...render(notice, setting), MessageAttributes: attributesOf(notice) }),
      sizeOf,
      limits: LIMITS,
      request: (entries) => publishBatch(client, topic, entries),
    });
    const byNotice = new Map(due.map((notice, i) => [notice, outcomes[i]!]));
    due.forEach((notice, i) => outcomes[i]!.sent && published.add(keyHere(notice)));
    return notices.map((notice) => {
      const outcome = byNotice.get(notice) ?? SENT;
      return outcome.sent ? outcome : { ...outcome, reason: `topic for ${reader}: ${outcome.reason}` };
    });
  };

  return {
    name: 'sns',
    async send(notices) {
      const outcomes = new Map<Notice, Outcome[]>(notices.map((notice) => [notice, []]));
      const toTopic = async (reader: Reader): Promise<void> => {
        const topic = topics[reader];
        if (topic === null) return;
        const readers = notices.filter(READERS[reader].isFor);
        const answers = await publish(reader, topic, readers);
        readers.forEach((notice, i) => outcomes.get(notice)!.push(answers[i]!));
      };
      await Promise.all([toTopic('people'), toTopic('chat'), toTopic('machines')]);
      return notices.map((notice) => combined(outcomes.get(notice)!));
    },
  };
}

type Reader = keyof Topics;
type Message = Omit<PublishBatchRequestEntry, 'Id'>;

const READERS: Record<
  Reader,
  {
    isFor(this: void, notice: Notice): boolean;
    /** The same for every repeat of what this reader should see once. */
    keyOf(this: void, notice: Notice): string;
    render(this: void, notice: Notice, setting: Setting): Message;
  }
> = {
  people: {
    isFor: notifies,
    keyOf: ({ notificationId }) => notificationId!,
    render: (notice, setting) => ({ Subject: subjectOf(notice), Message: sendable(textOf(notice, setting)) }),
  },
  chat: {
    isFor: notifies,
    keyOf: ({ notificationId }) => notificationId!,
    render: (notice, setting) => ({ Message: sendable(JSON.stringify(chatOf(notice, setting))) }),
  },
  machines: {
    isFor: () => true,
    keyOf: changeKey,
    render: (notice) => ({ Message: sendable(JSON.stringify(eventBridgeDetailOf(notice))) }),
  },
};

function notifies({ notificationId }: Notice): boolean {
  return notificationId !== null;
}

function attributesOf({ finding, kind, notificationId, drill }: Notice): Record<string, MessageAttributeValue> {
  const { severity, account, detectorId: detector, stage } = finding;
  const values = { severity, account, detector, stage, kind, notificationId, drill: drill ? 'true' : null };
  return Object.fromEntries(
    Object.entries(values)
      // SNS takes no empty value; a filter policy can ask whether an attribute exists.
      .filter(([, value]) => value !== null && value !== '')
      .map(([name, value]) => [name, { DataType: 'String', StringValue: sendable(shown(value!, MAX_ATTRIBUTE)) }]),
  );
}

function sizeOf({ Subject = '', Message = '', MessageAttributes = {} }: Message): number {
  const attributes = Object.entries(MessageAttributes).flatMap(([name, value]) => [
    name,
    value.DataType,
    value.StringValue,
  ]);
  return Buffer.byteLength([Subject, Message, ...attributes].join(''));
}

async function publishBatch(client: SNSClient, topic: string, messages: Message[]): Promise<Outcome[]> {
  const entries = messages.map((message, i) => ({ ...message, Id: String(i) }));
  const input = { TopicArn: topic, PublishBatchRequestEntries: entries };
  const { Successful = [], Failed = [] } = await client.send(new PublishBatchCommand(input));
  const taken = new Set(Successful.map(({ Id }) => Id));
  const refused = new Map(Failed.map((failure) => [failure.Id, failure]));
  return entries.map(({ Id }) => {
    if (taken.has(Id)) return SENT;
    const failure = refused.get(Id);
    if (!failure) return failed('the answer does not name it', true);
    const { Code, Message, SenderFault } = failure;
    return failed(`${Code}: ${Message ?? 'no reason given'}`, !SenderFault || isPassing(Code));
  });
}
