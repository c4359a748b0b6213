import type { Template } from 'aws-cdk-lib/assertions';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
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
import type { Moto } from './moto';
import { createStack, type Created } from './stack';

export const SINKS = ['security-hub', 'sns', 'eventbridge'] as const;
export type SinkName = (typeof SINKS)[number];

/** A service of AWS, as far as the hub's bus sees. */
const SOURCE = 'aws.example';

/**
 * A hub in an emulator that was reset: what its template makes is there, and the functions, which the tests call themselves,
 * get the variables and the queues that the stack gives them. Besides, somebody reads each topic and the bus for findings.
 */
export class Hub {
  private constructor(
    private readonly moto: Moto,
    private readonly sqs: SQSClient,
    private readonly events: EventBridgeClient,
    private readonly wiring: Wiring,
  ) {}

  /** Needs what the clients of the SDK need in the environment of the process. */
  static async make(moto: Moto, template: Template): Promise<Hub> {
    await moto.reset();
    const { endpoint } = moto;
    const created = await createStack(moto, 'privwatch-hub', template);
    const [sqs, events] = [new SQSClient({ endpoint }), new EventBridgeClient({ endpoint })];
    const hub = new Hub(moto, sqs, events, wiringOf(created, endpoint));
    await hub.subscribe(created);
    await hub.completeEnvelopes(created);
    return hub;
  }

  close(): void {
    this.sqs.destroy();
    this.events.destroy();
  }

  /** What a function of the stack finds in its environment. */
  environmentOf(name: string): Record<string, string> {
    const found = this.wiring.environments.get(name);
    if (!found) throw new Error(`the stack has no function ${name}`);
    return { ...this.moto.environment, ...found };
  }

  /** Puts events on the hub's bus, each as the AWS service would. */
  async put(events: Event[]): Promise<void> {
    for (let i = 0; i < events.length; i += 10) {
      const Entries = events.slice(i, i + 10).map(({ logsource, record }) => ({
        ...{ EventBusName: HUB_BUS, Source: SOURCE, Detail: JSON.stringify(record) },
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
    await this.send('detect', ...envelopes);
  }

  /** Puts any messages into a queue. */
  async send(queue: string, ...bodies: unknown[]): Promise<void> {
    for (const body of bodies) {
      const MessageBody = JSON.stringify(body);
      await this.sqs.send(new SendMessageCommand({ QueueUrl: this.urlOf(queue), MessageBody }));
    }
  }

  /** Takes up to ten messages of a queue, as Lambda gives them to a function. */
  async receive(queue: string): Promise<{ event: SQSEvent; messages: Message[] }> {
    const { Messages = [] } = await this.sqs.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl: this.urlOf(queue), MaxNumberOfMessages: 10, VisibilityTimeout: 60 },
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
    const QueueUrl = this.urlOf(queue);
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
      QueueUrl: this.urlOf(queue),
      AttributeNames: ['ApproximateNumberOfMessages'],
    });
    return Number((await this.sqs.send(question)).Attributes!.ApproximateNumberOfMessages);
  }

  /** All records of the table's stream, of all its shards, as Lambda gives them to a function. */
  async stream(): Promise<DynamoDBRecord[]> {
    const { Streams } = await this.askStream<{ Streams: { StreamArn: string }[] }>('ListStreams', {
      TableName: this.environmentOf('outbox')['TABLE'],
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

  /** The queue that a function of the stack, or a reader, takes from. */
  private urlOf(taker: string): string {
    const url = this.wiring.queues.get(taker);
    if (url === undefined) throw new Error(`no queue feeds ${taker}`);
    return url;
  }

  /** What the stack subscribes, and a reader of each topic and of the bus for findings. */
  private async subscribe(created: Created[]): Promise<void> {
    const sns = new SNSClient({});
    for (const { type, properties } of created) {
      if (type !== 'AWS::SNS::Subscription') continue;
      const { TopicArn, Protocol, Endpoint, FilterPolicy } = properties as unknown as Subscription;
      const Attributes = FilterPolicy && { FilterPolicy: JSON.stringify(FilterPolicy) };
      await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, ...(Attributes && { Attributes }) }));
    }
    const told = this.environmentOf('sns');
    for (const reader of ['people', 'machines', 'chat']) {
      const TopicArn = told[`${reader.toUpperCase()}_TOPIC_ARN`];
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: await this.makeQueue(reader) }));
    }
    sns.destroy();
    const rule = { Name: 'automation', EventBusName: this.environmentOf('eventbridge')['EVENT_BUS'] };
    await this.events.send(new PutRuleCommand({ ...rule, EventPattern: '{"source": ["privwatch"]}' }));
    await this.putTarget('automation', rule.EventBusName!, await this.makeQueue('automation'), ['detail']);
  }

  /** The emulator leaves the account out of what it delivers, unless it is told to put it there. */
  private async completeEnvelopes(created: Created[]): Promise<void> {
    const { properties } = created.find(({ properties }) => properties['Name'] === 'privwatch-drill')!;
    const { EventBusName, Targets } = properties as { EventBusName: string; Targets: { Arn: string }[] };
    await this.putTarget('privwatch-drill', EventBusName, Targets[0]!.Arn, ['source', 'account', 'detail']);
  }

  /** Instead of the target that a rule has, one that gets so much of an event; the emulator is slow to copy all of it. */
  private async putTarget(Rule: string, EventBusName: string, Arn: string, keys: string[]): Promise<void> {
    const InputTransformer = {
      InputPathsMap: Object.fromEntries(keys.map((key) => [key, `$.${key}`])),
      InputTemplate: `{${keys.map((key) => `"${key}": ${key === 'detail' ? '<detail>' : `"<${key}>"`}`).join(', ')}}`,
    };
    const Targets = [{ Id: 'queue', Arn, InputTransformer }];
    await this.events.send(new PutTargetsCommand({ Rule, EventBusName, Targets }));
  }

  private async makeQueue(reader: string): Promise<string> {
    const { QueueUrl } = await this.sqs.send(new CreateQueueCommand({ QueueName: reader }));
    this.wiring.queues.set(reader, QueueUrl!);
    const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
    return (await this.sqs.send(question)).Attributes!['QueueArn']!;
  }
}

interface Subscription {
  TopicArn: string;
  Protocol: string;
  Endpoint: string;
  FilterPolicy?: object;
}

const HUB_BUS = 'privwatch-hub';

/** What a stack tells its functions, by their names without the deployment's. */
export interface Wiring {
  environments: Map<string, Record<string, string>>;
  /** URLs of the queues that call them, and of those where what fails is parked, as in `detect parked`. */
  queues: Map<string, string>;
}

export function wiringOf(created: Created[], endpoint: string): Wiring {
  const wiring: Wiring = { environments: new Map(), queues: new Map() };
  const urlOf = (arn: string): string => `${endpoint}/${arn.split(':').slice(4).join('/')}`;
  const nameOf = (properties: object): string =>
    (properties as { FunctionName: string }).FunctionName.replace('privwatch-', '');
  for (const { type, properties } of created) {
    if (type === 'AWS::Lambda::Function') {
      const { Variables } = properties['Environment'] as { Variables: Record<string, string> };
      // CloudFormation in the emulator gives queues the address that they have in AWS.
      const local = JSON.stringify(Variables).replaceAll(/https:..sqs.[a-z0-9-]+.amazonaws.com/g, endpoint);
      wiring.environments.set(nameOf(properties), JSON.parse(local) as typeof Variables);
    }
    if (type === 'AWS::Lambda::EventSourceMapping') {
      const source = properties['EventSourceArn'] as string;
      if (!source.includes(':sqs:')) continue;
      const queue = created.find(({ physicalId }) => physicalId?.endsWith(`/${source.split(':').at(-1)!}`))!;
      const { deadLetterTargetArn } = queue.properties['RedrivePolicy'] as { deadLetterTargetArn: string };
      wiring.queues.set(nameOf(properties), urlOf(source));
      wiring.queues.set(`${nameOf(properties)} parked`, urlOf(deadLetterTargetArn));
    }
  }
  return wiring;
}

function typeOf({ service }: Event['logsource']): string {
  return service === 'guardduty' ? 'GuardDuty Finding' : 'AWS API Call via CloudTrail';
}
