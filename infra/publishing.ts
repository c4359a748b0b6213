import { Duration, Validations, type CfnResource } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { EmailSubscription, SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { EVENT_SOURCE } from '../findings/sinks/eventbridge';
import { maySend, parkingQueue, WorkQueue } from './queue';
import { makeRule } from './rules';
import { mayUseKey, type State } from './state';
import { allowWildcard, Worker, type CodeOf } from './worker';

export interface PublishingProps {
  deployment: Deployment;
  codeOf: CodeOf;
  key: IKey;
  state: State;
  /** Of all functions that know the detectors. */
  road: Record<string, string>;
}

/** One way out: its queue and the function that takes from it. */
export interface Outlet {
  /** As the function says in its metrics. */
  sink: string;
  work: WorkQueue;
  worker: Worker;
}

const TIMEOUT = Duration.minutes(1);

/** From the stream of the table to the sinks: each has a queue and a function of its own, and takes no other down with it. */
export class Publishing extends Construct {
  readonly outlets: Outlet[] = [];
  readonly outbox: Worker;
  /** Where what the stream's function could not do in a day is named. */
  readonly parked = parkingQueue(this, 'Parked');
  /** Undefined where nobody reads it. */
  readonly digest: Worker | undefined;
  private readonly drill: Queue;
  readonly topics: Partial<Record<'people' | 'chat' | 'machines', Topic>> = {};

  constructor(
    scope: Construct,
    id: string,
    private readonly props: PublishingProps,
  ) {
    super(scope, id);
    this.drill = this.makeDrillQueue();
    const { sinks } = props.deployment;
    if (sinks.securityHub) this.securityHub();
    if (sinks.people || sinks.chat || sinks.machines) this.sns();
    if (sinks.eventBus) this.eventBus();
    this.outbox = this.makeOutbox();
    if (sinks.digest || sinks.chat) this.digest = this.makeDigest(sinks.digest);
  }

  /** What goes to nobody: a queue by which a drill sees what came out of the topics and the bus. */
  private makeDrillQueue(): Queue {
    const queue = new Queue(this, 'Drill', {
      queueName: `${this.props.deployment.name}-drill`,
      ...{ encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, retentionPeriod: Duration.days(1) },
    });
    const reason = 'What a drill does not take from it is of no use to anybody.';
    Validations.of(queue).acknowledge({ id: 'AwsSolutions::AwsSolutions-SQS3', reason });
    return queue;
  }

  /** What detectors in staging would have paged: to be called once a day. */
  private makeDigest(emails: string[] | undefined): Worker {
    const { deployment, codeOf, state, road, key } = this.props;
    const { name, hub } = deployment;
    const displayName = 'What detectors in staging would have paged';
    const own = emails && makeTopic(this, 'digest-topic', { name: `${name}-digest`, displayName, key, emails });
    const { chat } = this.topics;
    const topics = [own, chat].flatMap((topic) => (topic ? [topic.topicArn] : []));
    return new Worker(this, 'Digest', {
      ...{ handler: 'digest', deployment, codeOf, timeout: TIMEOUT, memory: 256 },
      environment: {
        ...road,
        ...(own && { DIGEST_TOPIC_ARN: own.topicArn }),
        ...(chat && { CHAT_TOPIC_ARN: chat.topicArn }),
      },
      may: [
        ...state.may(['Query', 'PutItem']),
        new PolicyStatement({ actions: ['sns:Publish'], resources: topics }),
        mayUseKey(key, `sns.${hub.region}`, ['GenerateDataKey', 'Decrypt']),
      ],
    });
  }

  private makeOutbox(): Worker {
    const { deployment, codeOf, state, road } = this.props;
    const urls = this.outlets.map(({ work }) => work.queue.queueUrl).join(',');
    const outbox = new Worker(this, 'Outbox', {
      ...{ handler: 'outbox', deployment, codeOf, timeout: TIMEOUT, memory: 512 },
      environment: { ...road, SINK_QUEUE_URLS: urls, STORM_GROUPS: String(deployment.stormGroups) },
      may: [
        ...state.may(['GetItem', 'Query', 'PutItem']),
        ...state.mayFollow(),
        ...this.outlets.map(({ work }) => work.maySend()),
      ],
    });
    outbox.function.addEventSourceMapping('Heads', {
      eventSourceArn: state.table.tableStreamArn!,
      startingPosition: StartingPosition.TRIM_HORIZON,
      // Heads alone: hits and all else of the table tell nobody anything.
      filters: [FilterCriteria.filter({ dynamodb: { Keys: { sk: { S: [{ prefix: 'head#' }] } } } })],
      ...{ batchSize: 100, reportBatchItemFailures: true },
      // As long as the stream lives, less an hour: nothing of a group may overtake what is not told yet.
      maxRecordAge: Duration.hours(23),
      onFailure: new SqsDlq(this.parked),
    });
    allowWildcard(
      outbox,
      '*',
      'dynamodb:ListStreams, which Lambda asks for before it reads a stream: AWS knows no resource for it.',
    );
    return outbox;
  }

  private outlet(sink: string, environment: Record<string, string>, may: PolicyStatement[]): void {
    const { deployment, codeOf } = this.props;
    const { account } = deployment.hub;
    const work = new WorkQueue(this, `${sink}-queue`, TIMEOUT);
    const worker = new Worker(this, sink, {
      ...{ handler: sink, deployment, codeOf, timeout: TIMEOUT, memory: 512 },
      environment: { HUB_ACCOUNT: account, HUB_PARTITION: deployment.partition, ...environment },
      may: [work.mayTake(), ...may],
    });
    worker.function.addEventSourceMapping('Queue', {
      ...{ eventSourceArn: work.queue.queueArn, batchSize: 10, reportBatchItemFailures: true },
      maxConcurrency: deployment.concurrency.sinks,
    });
    this.outlets.push({ sink, work, worker });
  }

  /** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html */
  private securityHub(): void {
    const { partition, hub } = this.props.deployment;
    const arn = `arn:${partition}:securityhub:${hub.region}:${hub.account}`;
    this.outlet('security-hub', {}, [
      new PolicyStatement({
        actions: ['securityhub:BatchImportFindings'],
        resources: [`${arn}:product/${hub.account}/default`],
      }),
      new PolicyStatement({
        actions: ['securityhub:GetFindings', 'securityhub:BatchUpdateFindings'],
        resources: [`${arn}:hub/default`],
      }),
    ]);
  }

  private sns(): void {
    const { deployment, key } = this.props;
    const { sinks, hub } = deployment;
    if (sinks.people) this.topics.people = this.topic('people', 'Findings that page, for e-mail', sinks.people);
    if (sinks.chat)
      this.topics.chat = this.topic('chat', 'Findings that page, for Amazon Q Developer in chat applications');
    if (sinks.machines) this.topics.machines = this.topic('machines', 'Every change of every finding, as JSON');
    const made = Object.entries(this.topics);
    const filterPolicy = { drill: SubscriptionFilter.stringFilter({ allowlist: ['true'] }) };
    for (const [, topic] of made) topic.addSubscription(new SqsSubscription(this.drill, { filterPolicy }));
    const environment = made.map(([reader, { topicArn }]) => [`${reader.toUpperCase()}_TOPIC_ARN`, topicArn] as const);
    this.outlet('sns', Object.fromEntries(environment), [
      new PolicyStatement({ actions: ['sns:Publish'], resources: made.map(([, { topicArn }]) => topicArn) }),
      mayUseKey(key, `sns.${hub.region}`, ['GenerateDataKey', 'Decrypt']),
    ]);
  }

  private topic(reader: string, displayName: string, emails: string[] = []): Topic {
    const { deployment, key } = this.props;
    return makeTopic(this, `${reader}-topic`, { name: `${deployment.name}-${reader}`, displayName, key, emails });
  }

  private eventBus(): void {
    const { name } = this.props.deployment;
    const eventBusName = `${name}-findings`;
    const bus = new EventBus(this, 'Findings', { eventBusName, description: 'Findings, for your own automation' });
    const drills = makeRule(this, 'FindingsOfDrills', {
      ...{ name: `${name}-findings-of-drills`, eventBusName, state: 'ENABLED' },
      pattern: { source: [EVENT_SOURCE], detail: { drill: [true] } },
      targets: [{ id: 'queue', arn: this.drill.queueArn, deadLetterConfig: { arn: this.parked.queueArn } }],
    });
    drills.addResourceDependency(bus.node.defaultChild as CfnResource);
    for (const queue of [this.drill, this.parked]) queue.addToResourcePolicy(maySend(drills, queue));
    this.outlet('eventbridge', { EVENT_BUS: eventBusName }, [
      new PolicyStatement({ actions: ['events:PutEvents'], resources: [bus.eventBusArn] }),
    ]);
  }
}

/** A topic that is encrypted, and takes and gives nothing in the clear. */
export function makeTopic(
  scope: Construct,
  id: string,
  { name, displayName, key, emails }: { name: string; displayName: string; key: IKey; emails: string[] },
): Topic {
  const topic = new Topic(scope, id, { topicName: name, displayName, masterKey: key, enforceSSL: true });
  for (const email of emails) topic.addSubscription(new EmailSubscription(email));
  return topic;
}
