import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { match } from '../../engine/match';
import type { Event } from '../../events/event';
import { findFiles, mayHoldEvents } from '../../events/files';
import { HEARTBEAT } from '../../events/heartbeat';
import { text } from '../../events/json';
import { readEvents } from '../../events/read';
import { root } from '../cli/run';
import { memberTemplate } from '../../infra/stacks';
import { synthSample } from '../infra/synth';
import { wiringOf } from './hub';
import { ACCOUNT, absentMoto, Moto } from './moto';
import { createStack, MENDED, PASSED_OVER, type Created, type Plain } from './stack';

const absent = absentMoto();
const [describeOrSkip, reason] = absent ? [describe.skip, ` (skipped: ${absent})`] : [describe, ''];

jest.setTimeout(180_000);

describeOrSkip(`the stacks, created by CloudFormation${reason}`, () => {
  const outside = { ...process.env };
  const passedOver = new Set<string>();
  let moto: Moto;
  beforeAll(async () => {
    moto = await Moto.start();
    Object.assign(process.env, moto.environment);
  });
  afterAll(async () => {
    await moto?.stop();
    process.env = outside;
  });

  test.each([
    ['organization', 'eu-central-1'],
    ['single-account', 'us-east-1'],
  ] as const)('of the sample %s: an event on the default bus comes to the function for it', async (mode, hubRegion) => {
    await moto.reset();
    const { deployment, templates } = synthSample(mode, ACCOUNT);
    const create = (name: string, template: Plain, region: string): Promise<Created[]> =>
      createStack(moto, name, template, { region });
    const plain = (name: string): Plain => templates[name]!.toJSON() as unknown as Plain;
    const hub = await create('hub', plain(mode === 'organization' ? 'privwatch-hub' : 'privwatch'), hubRegion);
    const all = [...hub];
    if (mode === 'organization') {
      all.push(...(await create('stack-set', plain('privwatch-stack-set'), hubRegion)));
      all.push(...(await create('member', JSON.parse(memberTemplate(deployment)) as Plain, 'us-east-1')));
    }
    for (const { type, isMade } of all) if (!isMade && type !== 'AWS::Lambda::EventSourceMapping') passedOver.add(type);

    // Of those events of the story that a detector matches one of each name, and some others; the emulator's bus is slow.
    const { files } = findFiles([join(root, 'samples/leaked-key-to-admin')], mayHoldEvents);
    const events: Event[] = [];
    for await (const batch of readEvents(files)) events.push(...batch.events);
    const isMatched = (event: Event): boolean => match(event, deployment.ruleset).length > 0;
    const matched = [...new Map(events.filter(isMatched).map((one) => [text(one.record, 'eventName'), one])).values()];
    const others = events.filter((event, i) => i % 50 === 0 && !isMatched(event));
    await put([...matched, ...others].map(entryOf));
    await put([{ Source: HEARTBEAT.source, DetailType: HEARTBEAT.detailType, Detail: '{}' }]);

    const { queues } = wiringOf(hub, moto.endpoint);
    const arrived = (await take(queues.get('detect')!, hubRegion)).map(({ detail }) => JSON.stringify(detail));
    for (const { record } of matched) expect(arrived).toContain(JSON.stringify(record));
    expect(matched.length).toBeGreaterThan(3);
    expect(arrived.length).toBeLessThan(matched.length + others.length);
    expect(await take(queues.get('heartbeat')!, hubRegion)).toMatchObject([{ source: HEARTBEAT.source }]);
  });

  test('all of them, but for types that are named with a reason', () => {
    expect([...passedOver].sort()).toEqual(Object.keys(PASSED_OVER).sort());
  });

  test('unless a reference leads nowhere', async () => {
    const queue = { Type: 'AWS::SQS::Queue' };
    const policyOf = (reference: object): Plain => ({
      Resources: { Queue: queue, Policy: { Type: 'AWS::SQS::QueuePolicy', Properties: { Queues: [reference] } } },
    });
    const [created] = await createStack(moto, 'sound', policyOf({ Ref: 'Queue' }));
    expect(created).toMatchObject({ id: 'Queue', isMade: true });
    for (const [i, broken] of [{ Ref: 'Nothing' }, { 'Fn::GetAtt': ['Nothing', 'Arn'] }, { Ref: 'Policy' }].entries())
      await expect(createStack(moto, `broken-${i}`, policyOf(broken))).rejects.toThrow();
  });

  test.each(MENDED.map(({ what, shown }) => [what, shown] as const))('as moto needs it: %s', async (_what, shown) => {
    await moto.reset();
    await expect(createStack(moto, 'plain', shown, { mended: [] })).rejects.toThrow();
    await moto.reset();
    await createStack(moto, 'mended', shown);
  });

  /** Puts events on the default bus of us-east-1. */
  async function put(all: PutEventsRequestEntry[]): Promise<void> {
    const client = new EventBridgeClient({ region: 'us-east-1' });
    for (let i = 0; i < all.length; i += 10) await client.send(new PutEventsCommand({ Entries: all.slice(i, i + 10) }));
    client.destroy();
  }

  /** All that a queue holds. */
  async function take(QueueUrl: string, region: string): Promise<{ detail: unknown }[]> {
    const client = new SQSClient({ region });
    const bodies: string[] = [];
    for (;;) {
      const question = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 });
      const { Messages = [] } = await client.send(question);
      bodies.push(...Messages.map(({ Body }) => Body!));
      if (Messages.length === 0) break;
    }
    client.destroy();
    return bodies.map((body) => JSON.parse(body) as { detail: unknown });
  }
});

/** As AWS puts it on the default bus of the account. */
function entryOf({ logsource, record }: Event): PutEventsRequestEntry {
  const Detail = JSON.stringify(record);
  if (logsource.service === 'guardduty') return { Source: 'aws.guardduty', DetailType: 'GuardDuty Finding', Detail };
  const Source = `aws.${text(record, 'eventSource')!.split('.')[0]!}`;
  return { Source, DetailType: 'AWS API Call via CloudTrail', Detail };
}
