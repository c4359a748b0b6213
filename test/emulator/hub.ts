import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import type { DynamoDBRecord, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Event } from '../../events/event';
import { DRILL_SOURCE } from '../../engine/drill';
import { tableDefinition } from '../../state/table';
import type { Moto } from './moto';

export const SINKS = ['security-hub', 'sns', 'eventbridge'] as const;
export type SinkName = (typeof SINKS)[number];

/** The source of events that are put on the hub's bus here: nobody but AWS may put those of `aws.` services. */
const SOURCE = 'privwatch.test';

/** What of a hub is not a function, in an emulator that was reset: bus, table with its stream, queues, topics. */
export class Hub {
  private rules = 0;

  private constructor(
    private readonly moto: Moto,
    private readonly sqs: SQSClient,
    private readonly events: EventBridgeClient,
    private readonly queues: Map<string, string>,
    /** For the functions. */
    readonly environment: Record<string, string>,
  ) {}

  /** Needs what the clients of the SDK need in the environment of the process. */
  static async make(moto: Moto): Promise<Hub> {
    await fetch(`${moto.endpoint}/moto-api/reset`, { method: 'POST' });
    const { endpoint } = moto;
    const [sqs, events] = [new SQSClient({ endpoint }), new EventBridgeClient({ endpoint })];
    const queues = new Map<string, string>();
    for (const name of ['events', 'files', ...SINKS, 'people', 'machines', 'chat', 'automation', 'drill']) {
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
      queues.set(name, QueueUrl!);
    }
    const hub = new Hub(moto, sqs, events, queues, {
      ...{ ...moto.environment, HUB_ACCOUNT: '123456789012', TABLE: 'state', EVENT_BUS: 'findings' },
      SINK_QUEUE_URLS: SINKS.map((sink) => queues.get(sink)!).join(','),
    });
    await hub.makeTable();
    await hub.makeBuses('hub', 'findings');
    await hub.route('hub', { source: [SOURCE] }, 'events');
    // The emulator leaves the account out of what it delivers, unless it is told to put it there.
    const envelope = {
      InputPathsMap: { source: '$.source', account: '$.account', detail: '$.detail' },
      InputTemplate: '{"source": "<source>", "account": "<account>", "detail": <detail>}',
    };
    await hub.route('hub', { source: [DRILL_SOURCE], account: ['123456789012'] }, 'events', envelope);
    // Of an event on the bus for findings all that is of interest here; the emulator is slow to take it to pieces.
    const detail = { InputPathsMap: { detail: '$.detail' }, InputTemplate: '{"detail": <detail>}' };
    await hub.route('findings', { source: ['privwatch'] }, 'automation', detail);
    await hub.route('findings', { source: ['privwatch'], detail: { drill: [true] } }, 'drill', detail);
    for (const name of ['people', 'machines', 'chat'])
      hub.environment[`${name.toUpperCase()}_TOPIC_ARN`] = await hub.makeTopic(name);
    return hub;
  }

  close(): void {
    this.sqs.destroy();
    this.events.destroy();
  }

  /** Puts events on the hub's bus, each as the AWS service would. */
  async put(events: Event[]): Promise<void> {
    for (let i = 0; i < events.length; i += 10) {
      const Entries = events.slice(i, i + 10).map(({ logsource, record }) => ({
        ...{ EventBusName: 'hub', Source: SOURCE, Detail: JSON.stringify(record) },
        DetailType: typeOf(logsource),
      }));
      await this.events.send(new PutEventsCommand({ Entries }));
    }
  }

  /** Puts events into the queue behind the bus: where the emulator's bus, which is slow, is not what is tested. */
  async enqueue(events: Event[]): Promise<void> {
    const envelopes = events.map(({ logsource, record }) => ({
      ...{ version: '0', source: SOURCE, 'detail-type': typeOf(logsource), detail: record },
    }));
    await this.send('events', ...envelopes);
  }

  /** Puts any messages into a queue. */
  async send(queue: string, ...bodies: unknown[]): Promise<void> {
    for (const body of bodies) {
      const MessageBody = JSON.stringify(body);
      await this.sqs.send(new SendMessageCommand({ QueueUrl: this.queues.get(queue), MessageBody }));
    }
  }

  /** Takes up to ten messages of a queue, as Lambda gives them to a function. */
  async receive(queue: string): Promise<{ event: SQSEvent; messages: Message[] }> {
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl: this.queues.get(queue), MaxNumberOfMessages: 10, VisibilityTimeout: 60 },
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    const Records = Messages.map(({ MessageId, Body, Attributes }) => ({
      ...{ messageId: MessageId, body: Body, attributes: Attributes },
    }));
    return { event: { Records: Records as SQSRecord[] }, messages: Messages };
  }

  /** Deletes what a function has done, and puts the rest back; as Lambda does. */
  async settle(queue: string, messages: Message[], { batchItemFailures }: SQSBatchResponse): Promise<void> {
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const QueueUrl = this.queues.get(queue);
    for (const { MessageId, ReceiptHandle } of messages) {
      if (!failed.has(MessageId!)) await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      else await this.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
  }

  /** Calls a function with batches of a queue until that is empty, or so many times. */
  async drain(queue: string, call: (event: SQSEvent) => Promise<SQSBatchResponse>, times = 1_000): Promise<void> {
    for (let i = 0; i < times; i++) {
      const { event, messages } = await this.receive(queue);
      if (messages.length === 0) return;
      await this.settle(queue, messages, await call(event));
    }
  }

  /** All messages that wait in a queue, parsed; afterwards it is empty. */
  async messagesOf(queue: string): Promise<unknown[]> {
    const all: unknown[] = [];
    await this.drain(queue, async ({ Records }) => {
      all.push(...Records.map(({ body }) => JSON.parse(body) as unknown));
      return { batchItemFailures: [] };
    });
    return all;
  }

  /** How many messages a queue has. */
  async lengthOf(queue: string): Promise<number> {
    const question = new GetQueueAttributesCommand({
      QueueUrl: this.queues.get(queue),
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    return Number((await this.sqs.send(question)).Attributes!.ApproximateNumberOfMessages);
  }

  /** All records of the table's stream, of all its shards, as Lambda gives them to a function. */
  async stream(): Promise<DynamoDBRecord[]> {
    const { Streams } = await this.askStream<{ Streams: { StreamArn: string }[] }>('ListStreams', {
      TableName: 'state',
    });
    const { StreamArn } = Streams[0]!;
    type Description = { StreamDescription: { Shards: { ShardId: string }[] } };
    const { StreamDescription } = await this.askStream<Description>('DescribeStream', { StreamArn });
    const records: DynamoDBRecord[] = [];
    for (const { ShardId } of StreamDescription.Shards) {
      const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
      let { ShardIterator } = await this.askStream<{ ShardIterator?: string }>('GetShardIterator', from);
      while (ShardIterator) {
        type Page = { Records: DynamoDBRecord[]; NextShardIterator?: string };
        const page: Page = await this.askStream<Page>('GetRecords', { ShardIterator, Limit: 1_000 });
        records.push(...page.Records);
        ShardIterator = page.Records.length > 0 ? page.NextShardIterator : undefined;
      }
    }
    return records;
  }

  /** Without the SDK, which has another package for streams. */
  private async askStream<T>(operation: string, input: object): Promise<T> {
    const answer = await fetch(this.moto.endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': `DynamoDBStreams_20120810.${operation}`,
        Authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(input),
    });
    if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  private async makeTable(): Promise<void> {
    const client = new DynamoDBClient({});
    await client.send(new CreateTableCommand(tableDefinition('state')));
    const question = new DescribeTableCommand({ TableName: 'state' });
    while ((await client.send(question)).Table?.TableStatus !== 'ACTIVE') await sleep(10);
    client.destroy();
  }

  private async makeBuses(...names: string[]): Promise<void> {
    for (const Name of names) await this.events.send(new CreateEventBusCommand({ Name }));
  }

  /** A rule of a bus that delivers what has a pattern to a queue. */
  private async route(
    bus: string,
    pattern: object,
    queue: string,
    InputTransformer?: Target['InputTransformer'],
  ): Promise<void> {
    const rule = { EventBusName: bus, EventPattern: JSON.stringify(pattern) };
    const Name = `to-${queue}-${++this.rules}`;
    await this.events.send(new PutRuleCommand({ ...rule, Name }));
    const Targets = [{ Id: 'queue', Arn: await this.arnOf(queue), ...(InputTransformer && { InputTransformer }) }];
    await this.events.send(new PutTargetsCommand({ Rule: Name, EventBusName: bus, Targets }));
  }

  /** A topic to which the queue of the same name is subscribed, and for drills that for drills. */
  private async makeTopic(name: string): Promise<string> {
    const sns = new SNSClient({});
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
    const Endpoint = await this.arnOf(name);
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
    const drills = { Endpoint: await this.arnOf('drill'), Attributes: { FilterPolicy: '{"drill": ["true"]}' } };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', ...drills }));
    sns.destroy();
    return TopicArn!;
  }

  private async arnOf(queue: string): Promise<string> {
    const QueueUrl = this.queues.get(queue);
    const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
    return (await this.sqs.send(question)).Attributes!.QueueArn!;
  }
}

function typeOf({ service }: Event['logsource']): string {
  return service === 'guardduty' ? 'GuardDuty Finding' : 'AWS API Call via CloudTrail';
}
