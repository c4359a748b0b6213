import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { eventBridgeSink } from '../../../findings/sinks/eventbridge';
import { clientOptions } from '../../../findings/sinks/retries';
import { FakeAws } from './fake-aws';
import { noticeOf } from './notices';

const aws = new FakeAws();
beforeAll(() => aws.start());
afterAll(() => aws.stop());
beforeEach(() => aws.reset());

interface PutEvents {
  Entries: { EventBusName: string; Source: string; DetailType: string; Detail: string }[];
}

function entriesOf(body: string): PutEvents['Entries'] {
  return (JSON.parse(body) as PutEvents).Entries;
}

function accept({ body }: { body: string }): { body: object } {
  return { body: { FailedEntryCount: 0, Entries: entriesOf(body).map((_, i) => ({ EventId: String(i) })) } };
}

const sink = () =>
  eventBridgeSink(
    new EventBridgeClient({
      ...clientOptions,
      ...aws.options,
      requestHandler: { ...clientOptions.requestHandler, requestTimeout: 100 },
    }),
    'findings',
  );
const many = (n: number) => Array.from({ length: n }, (_, i) => noticeOf({ id: `f${i}` }));

test('puts each notice on the bus, ten at a time', async () => {
  aws.script = accept;
  const outcomes = await sink().send(many(23));
  expect(outcomes).toEqual(Array(23).fill({ sent: true }));
  expect(aws.calls.map(({ body }) => entriesOf(body).length)).toEqual([10, 10, 3]);
  const [entry] = entriesOf(aws.calls[0]!.body);
  expect(entry).toMatchObject({ EventBusName: 'findings', Source: 'privwatch', DetailType: 'privwatch finding' });
  expect(JSON.parse(entry!.Detail)).toMatchObject({ kind: 'created', finding: { id: 'f0', severity: 'high' } });
});

test('puts one event for a notice that comes twice in a batch', async () => {
  aws.script = accept;
  const outcomes = await sink().send([noticeOf(), noticeOf()]);
  expect(outcomes).toEqual([{ sent: true }, { sent: true }]);
  expect(entriesOf(aws.calls[0]!.body)).toHaveLength(1);
});

test('keeps a request below the limit of all its entries', async () => {
  aws.script = accept;
  const large = Array.from({ length: 10 }, (_, i) =>
    noticeOf({ id: `f${i}`, eventIds: Array.from({ length: 100 }, (_, j) => `${j}`.padEnd(2_000, 'x')) }),
  );
  expect(await sink().send(large)).toEqual(Array(10).fill({ sent: true }));
  expect(aws.calls.length).toBeGreaterThan(1);
  for (const { body } of aws.calls) expect(Buffer.byteLength(body)).toBeLessThan(1_000_000 * 1.1);
});

test('tells which entries failed, and whether trying again can help', async () => {
  aws.script = () => ({
    body: {
      FailedEntryCount: 2,
      Entries: [
        { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' },
        { EventId: '1' },
        { ErrorCode: 'MalformedDetail', ErrorMessage: 'not JSON' },
      ],
    },
  });
  expect(await sink().send(many(3))).toEqual([
    { sent: false, reason: 'ThrottlingException: slow down', retryable: true },
    { sent: true },
    { sent: false, reason: 'MalformedDetail: not JSON', retryable: false },
  ]);
});

test('fails an entry that the answer leaves out', async () => {
  aws.script = () => ({ body: { Entries: [{ EventId: '0' }] } });
  const outcomes = await sink().send(many(2));
  expect(outcomes.map(({ sent }) => sent)).toEqual([true, false]);
});

test.each([
  ['throttling with status 400', { status: 400, error: 'ThrottlingException' }],
  ['a defect of the service', { status: 500, error: 'InternalException' }],
  ['an unavailable service', { status: 503 }],
  ['a broken connection', 'break' as const],
  ['no answer in time', 'hang' as const],
])('tries again after %s', async (_, fault) => {
  aws.script = (call, n) => (n === 0 ? fault : accept(call));
  expect(await sink().send(many(1))).toEqual([{ sent: true }]);
  expect(aws.calls).toHaveLength(2);
});

test('gives up after four tries, and says that later ones may help', async () => {
  aws.script = () => ({ status: 500, error: 'InternalException' });
  expect(await sink().send(many(1))).toMatchObject([{ sent: false, retryable: true }]);
  expect(aws.calls).toHaveLength(4);
});

test('a request that is refused for one of its entries is cut until that one is alone', async () => {
  aws.script = (call) =>
    call.body.includes('\\"f3\\"') ? { status: 400, error: 'ValidationException' } : accept(call);
  const outcomes = await sink().send(many(10));
  expect(outcomes.map(({ sent }) => sent)).toEqual(Array.from({ length: 10 }, (_, i) => i !== 3));
  expect(outcomes[3]).toMatchObject({ retryable: false });
});

test('a missing permission fails all, without more calls, and trying again does not help', async () => {
  aws.script = () => ({ status: 403, error: 'AccessDeniedException' });
  expect(await sink().send(many(2))).toMatchObject([{ retryable: false }, { retryable: false }]);
  expect(aws.calls).toHaveLength(1);
});
