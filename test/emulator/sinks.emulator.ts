import {
  EventBridgeClient,
  CreateEventBusCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { GetFindingsCommand, SecurityHubClient } from '@aws-sdk/client-securityhub';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { asffId } from '../../findings/asff';
import type { Notice } from '../../findings/notice';
import { handler as eventBridge } from '../../handlers/eventbridge';
import { handler as securityHub } from '../../handlers/security-hub';
import { handler as publish } from '../../handlers/sns';
import { noticeOf } from '../findings/sinks/notices';
import { absentMoto, Moto } from './moto';

const absent = absentMoto();
const [describeOrSkip, reason] = absent ? [describe.skip, ` (skipped: ${absent})`] : [describe, ''];

describeOrSkip(`the functions of the sinks, over the wire${reason}`, () => {
  const outside = { ...process.env };
  let moto: Moto;
  let sqs: SQSClient;

  beforeAll(async () => {
    moto = await Moto.start();
    Object.assign(process.env, moto.environment, { HUB_ACCOUNT: '123456789012' });
    sqs = new SQSClient({});
  }, 60_000);

  afterAll(async () => {
    sqs?.destroy();
    await moto?.stop();
    process.env = outside;
  });

  test('security-hub: findings can be read back, and a superseded one is archived', async () => {
    const old = noticeOf({ id: 'old' }, { kind: 'superseded', supersededBy: 'new', notificationId: null });
    const answer = await securityHub(eventOf(noticeOf({ id: 'new', severity: 'critical' }), old, 'poison'));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }] });
    const hub = new SecurityHubClient({});
    const { Findings = [] } = await hub.send(new GetFindingsCommand({}));
    hub.destroy();
    expect(Findings.map(({ Id, RecordState }) => [Id, RecordState]).sort()).toEqual([
      [asffId('new'), 'ACTIVE'],
      [asffId('old'), 'ARCHIVED'],
    ]);
  });

  test('sns: each topic tells its readers, and a filter policy chooses', async () => {
    const sns = new SNSClient({});
    const readers: Record<string, string> = {};
    for (const name of ['people', 'chat', 'machines']) {
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
      process.env[`${name.toUpperCase()}_TOPIC_ARN`] = TopicArn;
      readers[name] = await queueOf(name);
      await subscribe(sns, TopicArn!, readers[name]);
      if (name !== 'machines') continue;
      readers.critical = await queueOf('critical');
      await subscribe(sns, TopicArn!, readers.critical, { severity: ['critical'] });
    }
    const revised = noticeOf({ id: 'b', severity: 'critical' }, { kind: 'revised', notificationId: null });
    expect(await publish(eventOf(noticeOf({ id: 'a' }), revised))).toEqual({ batchItemFailures: [] });
    sns.destroy();
    const [page, ...others] = (await messagesOf(readers.people!)) as { Subject: string; Message: string }[];
    expect(others).toEqual([]);
    expect(page!.Subject).toMatch(/^HIGH: Root signed in/);
    expect(page).toMatchObject({ MessageAttributes: { notificationId: { Type: 'String', Value: 'n-a' } } });
    expect(await messagesOf(readers.chat!)).toHaveLength(1);
    expect(await messagesOf(readers.machines!)).toHaveLength(2);
    const [critical] = (await messagesOf(readers.critical!)) as { Message: string }[];
    expect(JSON.parse(critical!.Message)).toMatchObject({ kind: 'revised', finding: { id: 'b' } });
  });

  test('eventbridge: a rule on the bus delivers the finding', async () => {
    const events = new EventBridgeClient({});
    const queue = await queueOf('automation');
    await events.send(new CreateEventBusCommand({ Name: 'findings' }));
    const pattern = { source: ['privwatch'], detail: { finding: { severity: ['critical'] } } };
    const rule = { Name: 'critical', EventBusName: 'findings' };
    await events.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify(pattern) }));
    const target = { Rule: 'critical', EventBusName: 'findings', Targets: [{ Id: 'q', Arn: await arnOf(queue) }] };
    await events.send(new PutTargetsCommand(target));
    events.destroy();
    process.env.EVENT_BUS = 'findings';
    const notices = [noticeOf({ id: 'a' }), noticeOf({ id: 'b', severity: 'critical' }, { drill: true })];
    expect(await eventBridge(eventOf(...notices))).toEqual({ batchItemFailures: [] });
    expect(await messagesOf(queue)).toMatchObject([
      { 'detail-type': 'privwatch finding', detail: { drill: true, finding: { id: 'b' } } },
    ]);
  });

  async function queueOf(name: string): Promise<string> {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
    return QueueUrl!;
  }

  async function arnOf(QueueUrl: string): Promise<string> {
    const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
    return (await sqs.send(question)).Attributes!.QueueArn!;
  }

  async function subscribe(sns: SNSClient, TopicArn: string, queue: string, filter?: object): Promise<void> {
    const Attributes = filter && { FilterPolicy: JSON.stringify(filter) };
    const Endpoint = await arnOf(queue);
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, ...(Attributes && { Attributes }) }));
  }

  /** All messages that wait in a queue, parsed. */
  async function messagesOf(QueueUrl: string): Promise<unknown[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return all.map(({ Body }) => JSON.parse(Body!) as unknown);
      all.push(...Messages);
      const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }
});

function eventOf(...bodies: (Notice | string)[]): SQSEvent {
  const Records = bodies.map((body, i) => ({
    messageId: `m${i}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: '1' },
  }));
  return { Records: Records as SQSEvent['Records'] };
}
