import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { failed, SENT, type Sink } from '../../findings/sinks/sink';
import { makeLog } from '../../handlers/log';
import { metricLines, type Metric } from '../../handlers/metrics';
import { sinkFunction } from '../../handlers/sink-function';
import { required, settingFrom } from '../../handlers/environment';
import { noticeOf } from '../findings/sinks/notices';

const UPDATED = Date.parse(noticeOf().updatedAt);

function eventOf(...bodies: unknown[]): SQSEvent {
  const Records = bodies.map((body, i) => ({
    messageId: `m${i}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: '2' },
  }));
  return { Records: Records as SQSRecord[] };
}

/** A function with a sink that answers as said, and what it logged and measured. */
function functionOf(send: Sink['send']) {
  const lines: Record<string, unknown>[] = [];
  const metrics: [Metric[], Record<string, string>][] = [];
  const log = makeLog('info', { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const makeSink = jest.fn(() => ({ name: 'test', send }));
  const handler = sinkFunction(makeSink, {
    ...{ log, now: () => UPDATED + 1_500 },
    writeMetrics: (...written) => void metrics.push(written),
  });
  return { handler, lines, metrics, makeSink };
}

const samples = (metrics: [Metric[], unknown][]) =>
  Object.fromEntries(metrics[0]![0].map(({ name, values }) => [name, values]));

describe('the function of a sink', () => {
  test('gives its sink the notices, and nothing back to the queue', async () => {
    const send = jest.fn<ReturnType<Sink['send']>, Parameters<Sink['send']>>(async (notices) =>
      notices.map(() => SENT),
    );
    const { handler, lines, metrics, makeSink } = functionOf(send);
    // Only of what is new and real it counts how long it took from the event.
    const notices = [
      noticeOf({ id: 'a' }),
      noticeOf({ id: 'b' }, { kind: 'raised' }),
      noticeOf({ id: 'c' }, { drill: true }),
    ];
    expect(await handler(eventOf(...notices))).toEqual({ batchItemFailures: [] });
    await handler(eventOf());
    expect(send.mock.calls).toEqual([[notices]]);
    expect(makeSink).toHaveBeenCalledTimes(1);
    expect(lines).toEqual([]);
    expect(metrics[0]![1]).toEqual({ sink: 'test' });
    expect(samples(metrics)).toEqual({
      ...{ in: [3], sent: [3], failed: [0], rejected: [0] },
      ...{ delay: [1_500, 1_500, 1_500], lag: [6_500] },
    });
  });

  test('gives back each message that failed, and says why', async () => {
    const { handler, lines, metrics } = functionOf(async () => [failed('busy', true), SENT, failed('odd', false)]);
    const event = eventOf(noticeOf({ id: 'a' }), noticeOf({ id: 'b' }), noticeOf({ id: 'c' }));
    expect(await handler(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }] });
    expect(lines).toMatchObject([
      {
        level: 'warn',
        sink: 'test',
        messageId: 'm0',
        receiveCount: 2,
        findingId: 'a',
        reason: 'busy',
        retryable: true,
      },
      { level: 'error', sink: 'test', messageId: 'm2', findingId: 'c', notificationId: 'n-c', reason: 'odd' },
    ]);
    expect(samples(metrics)).toMatchObject({ in: [3], sent: [1], failed: [2], rejected: [0] });
  });

  const { finding, ...about } = noticeOf();
  test.each([
    ['no JSON', '{"kind":', 'no notice: no JSON'],
    ['nothing', 'null', 'no notice: no object with a finding'],
    ['a list', [], 'no notice: no object with a finding'],
    ['no finding', about, 'no notice: no object with a finding'],
    ['another kind', { ...about, finding, kind: 'x' }, 'no notice: not valid: kind'],
    ['no time', { ...about, finding, updatedAt: 'soon' }, 'no notice: not valid: updatedAt'],
    ['no successor', { ...about, finding, kind: 'superseded' }, 'no notice: not valid: supersededBy'],
    ['an empty finding', { ...about, finding: {} }, /finding\.id, finding\.detectorId, finding\.severity/],
  ])('gives back, with the reason, a message that is %s, and sends the others', async (_, body, reason) => {
    const { handler, lines, metrics } = functionOf(async (notices) => notices.map(() => SENT));
    expect(await handler(eventOf(body, noticeOf()))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(lines).toMatchObject([{ level: 'error', messageId: 'm0', retryable: false }]);
    expect(lines[0]!.reason).toMatch(reason);
    expect(samples(metrics)).toMatchObject({ in: [2], sent: [1], failed: [0], rejected: [1] });
  });

  test('gives all notices back if its sink throws, and logs the defect', async () => {
    const { handler, lines } = functionOf(async () => {
      throw new TypeError('a defect');
    });
    expect((await handler(eventOf(noticeOf(), 'x'))).batchItemFailures).toHaveLength(2);
    expect(lines[0]).toMatchObject({ level: 'error', message: 'the sink threw', error: { type: 'TypeError' } });
  });

  test('gives back a notice of which its sink says nothing', async () => {
    const { handler } = functionOf(async () => [SENT]);
    const event = eventOf(noticeOf({ id: 'a' }), noticeOf({ id: 'b' }));
    expect(await handler(event)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  });

  test('without what its sink needs gives back the whole batch', async () => {
    const handler = sinkFunction(() => ({ name: required('NO_SUCH_VARIABLE'), send: async () => [] }));
    await expect(handler(eventOf(noticeOf()))).rejects.toThrow('NO_SUCH_VARIABLE');
  });
});

describe('the entry points', () => {
  test.each(['security-hub', 'sns', 'eventbridge'])('%s makes no client before its first batch', async (name) => {
    const { handler } = (await import(`../../handlers/${name}`)) as { handler: (event: SQSEvent) => Promise<unknown> };
    await expect(handler(eventOf(noticeOf()))).rejects.toThrow(/not set|no topic is set/);
  });

  test('read the setting from the environment', () => {
    const env = { HUB_ACCOUNT: '111122223333', AWS_REGION: 'eu-central-1' };
    expect(settingFrom(env)).toEqual({ partition: 'aws', account: '111122223333', region: 'eu-central-1', docs: '' });
    expect(settingFrom({ ...env, HUB_PARTITION: 'aws-cn', DOCS_URL: 'https://docs.example/' })).toMatchObject({
      ...{ partition: 'aws-cn', docs: 'https://docs.example/' },
    });
    expect(() => settingFrom({ HUB_ACCOUNT: '1' })).toThrow('AWS_REGION');
  });
});

describe('the log', () => {
  function logged(level: string | undefined, write: (log: ReturnType<typeof makeLog>) => void): string[] {
    const lines: string[] = [];
    write(makeLog(level, { write: (line) => void lines.push(line) }));
    return lines;
  }

  test('is lines of JSON with a level, a time and a message', () => {
    const [line] = logged(undefined, (log) => log.info({ sink: 'sns' }, 'hello'));
    expect(JSON.parse(line!)).toEqual({
      ...{ level: 'info', sink: 'sns', message: 'hello' },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
  });

  test('shows no secret, wherever it stands', () => {
    const token = `IQoJb3JpZ2lu${'a'.repeat(40)}`;
    const lines = logged('info', (log) => {
      log.info({ record: { responseElements: { credentials: { sessionToken: token } } } }, `token ${token}`);
      log
        .child({ token })
        .error({ error: new Error(`no ${token}`), body: JSON.stringify({ masterUserPassword: 'pw' }) });
    });
    expect(lines.join('')).not.toMatch(/aaaaaa|"pw/);
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['info', 'error']);
  });

  test.each([
    [undefined, ['info', 'warn']],
    ['WARN', ['warn']],
    ['debug', ['debug', 'info', 'warn']],
    ['silent', []],
    ['loud', ['info', 'warn']],
  ])('at level %s writes %j', (level, expected) => {
    const lines = logged(level, (log) => {
      log.debug('a');
      log.info('b');
      log.warn('c');
    });
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
  });
});

describe('metrics', () => {
  test('are a line of the embedded metric format', () => {
    const metrics: Metric[] = [
      { name: 'sent', unit: 'Count', values: [2] },
      { name: 'delay', unit: 'Milliseconds', values: [5, 6] },
      { name: 'size', unit: 'Bytes', values: [] },
    ];
    expect(metricLines(metrics, { sink: 'sns' }, 1_000).map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        _aws: {
          Timestamp: 1_000,
          CloudWatchMetrics: [
            {
              Namespace: 'privwatch',
              Dimensions: [['sink']],
              Metrics: [
                { Name: 'sent', Unit: 'Count' },
                { Name: 'delay', Unit: 'Milliseconds' },
              ],
            },
          ],
        },
        ...{ sink: 'sns', sent: 2, delay: [5, 6] },
      },
    ]);
  });

  test('of more than a hundred samples take several lines, each sample in one', () => {
    const values = Array.from({ length: 250 }, (_, i) => i);
    const lines = metricLines(
      [
        { name: 'in', unit: 'Count', values: [1] },
        { name: 'lag', unit: 'Milliseconds', values },
      ],
      {},
      0,
    );
    const parsed = lines.map((line) => JSON.parse(line) as { in?: number; lag: number[] });
    expect(parsed.map(({ lag }) => lag.length)).toEqual([100, 100, 50]);
    expect(parsed.flatMap(({ lag }) => lag)).toEqual(values);
    expect(parsed.map((line) => line.in)).toEqual([1, undefined, undefined]);
  });

  test('without a sample write nothing', () => {
    expect(metricLines([{ name: 'lag', unit: 'Milliseconds', values: [] }], {}, 0)).toEqual([]);
  });
});
