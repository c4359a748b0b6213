import { SNSClient } from '@aws-sdk/client-sns';
import { clientOptions } from '../../../findings/sinks/retries';
import { snsSink, type Topics } from '../../../findings/sinks/sns';
import { FakeAws, type Answer, type Call } from './fake-aws';
import { noticeOf, SETTING } from './notices';

const TOPICS: Topics = { people: 'arn:people', chat: 'arn:chat', machines: 'arn:machines' };

interface Published {
  id: string;
  topic: string;
  subject: string | null;
  message: string;
  attributes: Record<string, string>;
}

const aws = new FakeAws();
/** All that was asked for, also what was refused. */
const asked: Published[] = [];
beforeAll(() => aws.start());
afterAll(() => aws.stop());
beforeEach(() => {
  aws.reset();
  asked.length = 0;
  aws.script = (call) => answer(call, () => undefined);
});

/** An answer of SNS; `refusalOf` gives a code for what it refuses. */
function answer({ body }: Call, refusalOf: (published: Published) => string | undefined): Answer {
  const messages = parse(new URLSearchParams(body));
  asked.push(...messages);
  const members = (wanted: boolean): string =>
    messages
      .filter((message) => (refusalOf(message) === undefined) === wanted)
      .map((message) => {
        const code = refusalOf(message);
        const rest = code ? `<Code>${code}</Code><SenderFault>${code === 'InvalidParameter'}</SenderFault>` : '';
        return `<member><Id>${message.id}</Id>${rest}</member>`;
      })
      .join('');
  const result = `<Successful>${members(true)}</Successful><Failed>${members(false)}</Failed>`;
  return {
    body: `<PublishBatchResponse><PublishBatchResult>${result}</PublishBatchResult></PublishBatchResponse>`,
  };
}

/** The messages of a PublishBatch request. */
function parse(form: URLSearchParams): Published[] {
  const messages: Published[] = [];
  for (let i = 1; form.has(`PublishBatchRequestEntries.member.${i}.Id`); i++) {
    const at = (name: string): string | null => form.get(`PublishBatchRequestEntries.member.${i}.${name}`);
    const attributes: Record<string, string> = {};
    for (let j = 1; at(`MessageAttributes.entry.${j}.Name`) !== null; j++) {
      attributes[at(`MessageAttributes.entry.${j}.Name`)!] = at(`MessageAttributes.entry.${j}.Value.StringValue`)!;
    }
    const [id, message] = [at('Id')!, at('Message')!];
    messages.push({ id, topic: form.get('TopicArn')!, subject: at('Subject'), message, attributes });
  }
  return messages;
}

const sink = (topics = TOPICS) => snsSink(new SNSClient({ ...clientOptions, ...aws.options }), topics, SETTING);
const published = (topic: keyof Topics): Published[] => asked.filter((message) => message.topic === TOPICS[topic]);
const quiet = (id: string) => noticeOf({ id }, { kind: 'revised', notificationId: null });

test('publishes to each topic in its own form', async () => {
  expect(await sink().send([noticeOf()])).toEqual([{ sent: true }]);
  const [people, chat, machines] = [published('people')[0]!, published('chat')[0]!, published('machines')[0]!];
  expect(people.subject).toContain('Root signed in');
  expect(people.message).toContain('Ask the owner.');
  expect(JSON.parse(chat.message)).toMatchObject({ version: '1.0', source: 'custom' });
  expect(JSON.parse(machines.message)).toMatchObject({ kind: 'created', finding: { id: 'f1', eventIds: ['e1'] } });
  expect([chat.subject, machines.subject]).toEqual([null, null]);
});

test('gives every message the attributes for filter policies', async () => {
  await sink().send([noticeOf()]);
  const attributes = {
    ...{ severity: 'high', account: '123456789012', detector: 'd1', stage: 'production', kind: 'created' },
    notificationId: 'n-f1',
  };
  expect(asked.map((message) => message.attributes)).toEqual([attributes, attributes, attributes]);
});

test('leaves out the attributes that have no value, and marks a drill', async () => {
  await sink().send([noticeOf({ account: null }, { kind: 'revised', notificationId: null, drill: true })]);
  expect(asked[0]!.attributes).toEqual({
    ...{ severity: 'high', detector: 'd1', stage: 'production', kind: 'revised', drill: 'true' },
  });
});

test('tells people and chat only what notifies, and machines everything', async () => {
  await sink().send([noticeOf({ id: 'a' }), quiet('b')]);
  expect([published('people').length, published('chat').length, published('machines').length]).toEqual([1, 1, 2]);
});

test('asks nothing of topics that there are not', async () => {
  const topics = { people: TOPICS.people, chat: null, machines: null };
  expect(await sink(topics).send([noticeOf(), quiet('b')])).toEqual([{ sent: true }, { sent: true }]);
  expect(asked.map(({ topic }) => topic)).toEqual([TOPICS.people]);
});

test('publishes ten at a time', async () => {
  const notices = Array.from({ length: 12 }, (_, i) => noticeOf({ id: `f${i}` }));
  expect(await sink().send(notices)).toEqual(Array(12).fill({ sent: true }));
  expect(aws.calls).toHaveLength(6);
  expect(published('people')).toHaveLength(12);
});

test('keeps a request within 256 KB with its subjects and attributes', async () => {
  const eventIds = Array.from({ length: 100 }, (_, i) => String(i).padEnd(500, 'é'));
  const notices = Array.from({ length: 10 }, (_, i) => noticeOf({ id: `f${i}`, eventIds }));
  expect(await sink().send(notices)).toEqual(Array(10).fill({ sent: true }));
  for (const { body } of aws.calls) {
    const sizes = parse(new URLSearchParams(body)).map(
      ({ subject, message, attributes }) =>
        Buffer.byteLength((subject ?? '') + message + Object.entries(attributes).flat().join('')) +
        Object.keys(attributes).length * 'String'.length,
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(256 * 1024);
  }
  expect(published('people')).toHaveLength(10);
});

test('publishes what is hostile in a form that SNS takes', async () => {
  const hostile = '\uFFFF\uD800\u0000\n\u202E<b>"é'.repeat(40);
  const actor = { ...noticeOf().finding.actor, name: hostile, id: hostile };
  expect(await sink().send([noticeOf({ title: hostile, account: hostile, actor })])).toEqual([{ sent: true }]);
  for (const { subject, message, attributes } of asked) {
    for (const text of [message, ...Object.values(attributes)]) {
      expect(text).not.toMatch(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u);
    }
    if (subject !== null) expect(subject).toMatch(/^[A-Za-z0-9!-~][ -~]{0,98}$/);
  }
});

test('tells which topic failed, and whether trying again can help', async () => {
  aws.script = (call) =>
    answer(call, ({ topic, attributes }) => {
      if (topic === TOPICS.chat) return attributes.kind === 'created' ? 'InternalError' : undefined;
      return topic === TOPICS.machines && attributes.kind === 'revised' ? 'InvalidParameter' : undefined;
    });
  expect(await sink().send([noticeOf({ id: 'a' }), quiet('b'), noticeOf({ id: 'c' }, { kind: 'raised' })])).toEqual([
    { sent: false, reason: expect.stringMatching(/^topic for chat: InternalError/) as string, retryable: true },
    { sent: false, reason: expect.stringMatching(/^topic for machines: InvalidParameter/) as string, retryable: false },
    { sent: true },
  ]);
});

test('does not publish again to the topics that took it what another had refused', async () => {
  const here = sink();
  aws.script = (call) => answer(call, ({ topic }) => (topic === TOPICS.chat ? 'InternalError' : undefined));
  expect(await here.send([noticeOf()])).toMatchObject([{ sent: false, retryable: true }]);
  aws.script = (call) => answer(call, () => undefined);
  expect(await here.send([noticeOf()])).toEqual([{ sent: true }]);
  expect([published('people').length, published('chat').length, published('machines').length]).toEqual([1, 2, 1]);
});

test('a topic that does not answer holds up no other', async () => {
  aws.script = (call) => (call.body.includes('arn%3Achat') ? 'hang' : answer(call, () => undefined));
  const client = new SNSClient({
    ...{ ...clientOptions, ...aws.options, maxAttempts: 2 },
    requestHandler: { ...clientOptions.requestHandler, requestTimeout: 200 },
  });
  const outcomes = await snsSink(client, TOPICS, SETTING).send([noticeOf()]);
  expect(outcomes).toMatchObject([{ sent: false, reason: expect.stringContaining('chat') as string, retryable: true }]);
  expect([published('people').length, published('machines').length]).toEqual([1, 1]);
});

test('one notification is published once, however often it comes', async () => {
  const here = sink();
  expect(await here.send([noticeOf(), noticeOf()])).toEqual([{ sent: true }, { sent: true }]);
  await here.send([noticeOf()]);
  expect(asked).toHaveLength(3);
});

test('a repeat after a crash has the same notification id', async () => {
  await sink().send([noticeOf()]);
  await sink().send([noticeOf()]);
  expect(published('people').map(({ attributes }) => attributes.notificationId)).toEqual(['n-f1', 'n-f1']);
});

test.each(['Throttling', 'ThrottledException', 'InternalFailure'])('tries again after %s', async (code) => {
  const fault = `<ErrorResponse><Error><Type>Receiver</Type><Code>${code}</Code><Message>m</Message></Error></ErrorResponse>`;
  const status = code === 'InternalFailure' ? 500 : 400;
  aws.script = (call, n) => (n === 0 ? { status, body: fault } : answer(call, () => undefined));
  expect(await sink({ ...TOPICS, chat: null, machines: null }).send([noticeOf()])).toEqual([{ sent: true }]);
  expect(aws.calls).toHaveLength(2);
});

test('fails a message that the answer leaves out', async () => {
  aws.script = () => ({ body: '<PublishBatchResponse><PublishBatchResult/></PublishBatchResponse>' });
  expect(await sink().send([noticeOf()])).toMatchObject([{ sent: false, retryable: true }]);
});
