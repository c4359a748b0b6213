import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { openOutbox } from '../../handlers/outbox';
import { enqueue } from '../../handlers/queue';
import { keepOf, openRoad } from '../../handlers/road';
import { ruleOf, rulesetOf } from '../engine/support';
import { noticeOf } from '../findings/sinks/notices';

describe('the road of the environment', () => {
  let folder: string;
  const path = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const documents = [{ file: 'a.yml', license: 'MIT', data: ruleOf({ eventName: 'A' }, { title: 'A user' }) }];
  const config = { organization: { accounts: [{ id: '111122223333', name: 'shop' }] } };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'road-'));
    process.env.AWS_REGION = 'eu-west-1';
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    delete process.env.AWS_REGION;
  });

  test('has the detectors and the configuration of its file', () => {
    const RULESET_FILE = path('ruleset.json', JSON.stringify({ documents, config }));
    const { ruleset } = openRoad({ RULESET_FILE, TABLE: 't' });
    expect(ruleset.rules.map(({ title, metadata }) => [title, metadata.license])).toEqual([['A user', 'MIT']]);
    expect(ruleset.context.account('111122223333')?.name).toBe('shop');
  });

  test('does not open without a table, detectors, or what was checked', () => {
    const RULESET_FILE = path('ruleset.json', JSON.stringify({ documents: [{ file: 'a.yml', data: {} }], config }));
    expect(() => openRoad({ TABLE: 't' })).toThrow('RULESET_FILE');
    expect(() => openRoad({ TABLE: 't', RULESET_FILE: join(folder, 'none.json') })).toThrow('none.json');
    expect(() => openRoad({ TABLE: 't', RULESET_FILE })).toThrow('a.yml');
    expect(() => openRoad({ RULESET_FILE: path('b.json', JSON.stringify({ documents, config })) })).toThrow('TABLE');
  });

  test('and of the outbox has a queue for each sink', () => {
    const RULESET_FILE = path('ruleset.json', JSON.stringify({ documents, config }));
    const env = { RULESET_FILE, TABLE: 't', SINK_QUEUE_URLS: 'https://q/1/a, https://q/1/b' };
    expect(openOutbox(env)).toMatchObject({ paging: { stormLimit: 20 }, queues: { length: 2 } });
    expect(openOutbox({ ...env, STORM_GROUPS: '5' }).paging.stormLimit).toBe(5);
    expect(() => openOutbox({ ...env, STORM_GROUPS: 'many' })).toThrow('STORM_GROUPS');
    expect(() => openOutbox({ ...env, SINK_QUEUE_URLS: '' })).toThrow('SINK_QUEUE_URLS');
  });

  test('what is stored is kept as long as it can decide something, and no queue keeps a message longer', () => {
    const day = 86_400_000;
    const keep = keepOf(
      rulesetOf([
        ruleOf({ eventName: 'A' }, { id: '00000000-0000-4000-8000-000000000001', name: 'a' }),
        ruleOf({ eventName: 'B' }, { name: 'first', privwatch: { first_seen: { fields: ['f'], forget: '60d' } } }),
        {
          ...{ title: 'C', name: 'c', level: 'low' },
          correlation: { type: 'temporal', rules: ['a'], 'group-by': ['f'], timespan: '2d' },
        },
      ]),
    );
    expect(keep('first')).toBe(75 * day);
    expect(keep('c')).toBe(21 * day);
    expect(keep('gone')).toBe(15 * day);
  });
});

describe('the queue of a sink', () => {
  function clientOf(answer: (ids: string[]) => object) {
    const bodies: string[][] = [];
    const send = async ({ input }: { input: { Entries: { Id: string; MessageBody: string }[] } }) => {
      bodies.push(input.Entries.map(({ MessageBody }) => MessageBody));
      return answer(input.Entries.map(({ Id }) => Id));
    };
    return { client: { send } as unknown as SQSClient, bodies };
  }
  const all = (ids: string[]) => ({ Successful: ids.map((Id) => ({ Id })) });
  const notices = (count: number, more = {}) =>
    Array.from({ length: count }, (_, i) => noticeOf({ id: `f${i}`, ...more }));

  test('gets each notice whole, ten in a request, and a megabyte at most', async () => {
    const { client, bodies } = clientOf(all);
    const many = notices(12);
    expect(await enqueue(client, 'q', many)).toEqual(many.map(() => ({ sent: true })));
    expect(bodies.map(({ length }) => length)).toEqual([10, 2]);
    expect(bodies.flat().map((body) => JSON.parse(body) as unknown)).toEqual(many);
    await enqueue(client, 'q', notices(3, { why: 'x'.repeat(400_000) }));
    expect(bodies.slice(2).map(({ length }) => length)).toEqual([2, 1]);
  });

  test('says which it did not take', async () => {
    const { client } = clientOf(([first, ...others]) => ({
      ...all(others.slice(1)),
      Failed: [{ Id: first, Code: 'InternalError', SenderFault: false }],
    }));
    expect(await enqueue(client, 'q', notices(3))).toEqual([
      { sent: false, reason: 'InternalError: ', retryable: true },
      { sent: false, reason: 'the answer does not name it', retryable: true },
      { sent: true },
    ]);
  });
});
