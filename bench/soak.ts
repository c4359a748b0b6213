import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { Command } from 'commander';
import { wholeNumber } from '../cli/options';
import { loadRuleset } from '../engine/ruleset';
import type { Head, HeadChange, Store } from '../engine/store';
import type { Notice } from '../findings/notice';
import { failed, SENT, type Sink } from '../findings/sinks/sink';
import { detectFunction } from '../handlers/detect';
import { makeLog } from '../handlers/log';
import type { Metric } from '../handlers/metrics';
import { outboxFunction } from '../handlers/outbox';
import { sinkFunction, type Surroundings } from '../handlers/sink-function';
import { DynamoStore } from '../state/dynamo';
import { headKey, ofHead } from '../state/item';
import { DynamoStorms } from '../state/storms';
import { tableDefinition } from '../state/table';
import { countUnits } from '../state/units';
import { freePort } from './free-port';

/*
 * `npm run soak`: very many events and groups down the whole road, through the functions as Lambda calls them, with an
 * emulator of DynamoDB in a process of its own. One event in a hundred cannot be read, one matches nothing, one comes
 * twice; each sink refuses one notice in fifty for a while, and one in a thousand for good. In the end the counters have
 * to add up, every group has to have its finding in every sink or parked, and memory must not have grown.
 */

const TABLE = 'soak';
const BATCH = 10;
const MAX_RECEIVES = 5;
const SINKS = ['security-hub', 'sns', 'eventbridge'];
const KEEP = 15 * 86_400_000;

const RULES = `
title: A user was made
name: user
logsource: {product: aws, service: cloudtrail}
level: high
detection: {call: {eventName: CreateUser}, condition: call}
privwatch: {group: [requestParameters.userName]}
---
title: A user was made again and again
level: critical
correlation:
  {type: event_count, rules: [user], group-by: [requestParameters.userName], timespan: 1h, condition: {gte: 3}, generate: true}
`;

/** Sums of the samples of each metric, by function or sink. */
type Sums = Record<string, Record<string, number>>;

async function main(argv: string[]): Promise<boolean> {
  const options = new Command('soak')
    .description('Takes very many events and groups down the whole road, and says whether its promises held.')
    .option(
      '--groups <number>',
      'groups, an event for each; of a hundred events, three are of none',
      wholeNumber,
      100_000,
    )
    .option('--workers <number>', 'batches that are taken at once', wholeNumber, 4)
    .parse(argv, { from: 'user' })
    .opts<{ groups: number; workers: number }>();
  const { workers } = options;
  const total = Math.ceil(options.groups / 0.97);
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const sums: Sums = {};
  const surroundings: Surroundings = {
    log: makeLog('silent'),
    writeMetrics: (metrics, dimensions) => add(sums, metrics, Object.values(dimensions)[0]!),
    now: Date.now,
  };
  const dynalite = await startDynalite();
  try {
    const client = dynalite.client;
    const units = countUnits(client);
    const ruleset = loadRuleset([{ file: 'soak.yml', text: RULES }], {});
    const stream: HeadChange[] = [];
    const store = followed(new DynamoStore({ client, table: TABLE, keep: () => KEEP }), stream);
    const storms = new DynamoStorms({ client, table: TABLE });
    const queues = SINKS.map(() => [] as Message[]);
    const parked = SINKS.map(() => 0);
    const detect = detectFunction(() => ({ ruleset, store, units }), surroundings);
    const outbox = outboxFunction(
      () => ({
        ruleset,
        paging: {
          ...{ ruleset, heads: store, stormLimit: 20 },
          admit: (storm, id) => storms.admit(storm, id),
          tryOut: async () => undefined,
        },
        queues: queues.map((queue) => async (notices) => {
          for (const notice of notices) queue.push({ body: JSON.stringify(notice), receives: 0 });
          return notices.map(() => SENT);
        }),
      }),
      surroundings,
    );
    const sinks = SINKS.map((name, i) => sinkFunction(() => moody(name, i), surroundings));

    const publish = async (): Promise<void> => {
      const changes = stream.splice(0);
      for (let i = 0; i < changes.length; i += 100)
        await outbox({ Records: changes.slice(i, i + 100).map((change, n) => recordOf(change, n)) });
      for (const [i, queue] of queues.entries()) {
        while (queue.length > 0) {
          const batch = queue.splice(0, BATCH);
          for (const message of batch) message.receives++;
          const back = failuresOf(await sinks[i]!(eventOf(batch.map(({ body, receives }) => ({ body, receives })))));
          for (const n of back) {
            if (batch[n]!.receives < MAX_RECEIVES) queue.push(batch[n]!);
            else parked[i]!++;
          }
        }
      }
    };

    const memory: number[] = [];
    const began = Date.now();
    let unread = 0;
    for (let from = 0; from < total;) {
      const batches: Message[][] = [];
      for (; batches.length < workers * 5 && from < total; from += BATCH)
        batches.push(Array.from({ length: Math.min(BATCH, total - from) }, (_, i) => messageOf(from + i)));
      const waiting = [...batches];
      const work = async (): Promise<void> => {
        for (let batch = waiting.pop(); batch; batch = waiting.pop()) {
          const back = failuresOf(await detect(eventOf(batch)));
          unread += back.length;
        }
      };
      await Promise.all(Array.from({ length: workers }, work));
      await publish();
      if (memory.length < Math.floor((from / total) * 20)) {
        memory.push(heapMegabytes());
        process.stderr.write(`\r${Math.min(100, Math.round((from / total) * 100))} %, heap ${memory.at(-1)} MB `);
      }
    }
    process.stderr.write('\n');
    return report({ sums, parked, unread, total, memory, seconds: (Date.now() - began) / 1000 });
  } finally {
    dynalite.stop();
  }
}

interface Message {
  body: string;
  receives: number;
}

/** An event; one in a hundred is rubbish, one is of no interest, and one came before. */
function messageOf(i: number): Message {
  const kind = i % 100;
  if (kind === 7) return { body: '{"detail": "rubbish"', receives: 0 };
  const n = kind === 57 ? i - 50 - 1 : i;
  const id = (n * 2654435761) % 2 ** 32;
  const detail = {
    eventVersion: '1.11',
    eventID: `${id.toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
    eventTime: new Date(1_800_000_000_000 + (n % 3_000_000)).toISOString().replace(/\.\d+/, ''),
    eventSource: 'iam.amazonaws.com',
    eventName: kind === 77 ? 'ListUsers' : 'CreateUser',
    awsRegion: 'us-east-1',
    recipientAccountId: '111122223333',
    sourceIPAddress: '192.0.2.1',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/soak', accountId: '111122223333' },
    requestParameters: { userName: `user-${n}` },
  };
  return {
    body: JSON.stringify({ 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.iam', detail }),
    receives: 0,
  };
}

function eventOf(messages: Message[]): SQSEvent {
  const Records = messages.map(({ body, receives }, i) => ({
    ...{ messageId: String(i), body, attributes: { ApproximateReceiveCount: String(receives) } },
  }));
  return { Records: Records as SQSRecord[] };
}

function failuresOf({ batchItemFailures }: SQSBatchResponse): number[] {
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

/** A sink that is out of order now and then. */
function moody(name: string, seed: number): Sink {
  let calls = seed;
  const isLost = ({ finding }: Notice): boolean => parseInt(finding.id.slice(0, 8), 16) % 1000 === seed;
  return {
    name,
    send: async (notices) =>
      notices.map((notice) => (isLost(notice) || ++calls % 50 === 0 ? failed('out of order', true) : SENT)),
  };
}

/** The same store; what is written of heads is what a stream would tell. */
function followed(store: Store, stream: HeadChange[]): Store {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (name !== 'putHead') return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      return async (head: Head, before: Head | undefined): Promise<boolean> => {
        const isWritten = await target.putHead(head, before);
        if (isWritten) stream.push({ before, after: { ...head, writtenAt: Date.now() } });
        return isWritten;
      };
    },
  });
}

function recordOf({ before, after }: HeadChange, n: number): DynamoDBRecord {
  const image = (head: Head) => {
    const { data, version } = ofHead(head, 0);
    return { version: version!, data: { B: Buffer.from(data!.B!).toString('base64') } };
  };
  const record = {
    ...{ Keys: headKey(after.partition, after.day), SequenceNumber: String(n), NewImage: image(after) },
    ...(before && { OldImage: image(before) }),
  };
  return {
    eventName: before ? 'MODIFY' : 'INSERT',
    dynamodb: record as unknown as NonNullable<DynamoDBRecord['dynamodb']>,
  };
}

function add(sums: Sums, metrics: Metric[], of: string): void {
  const own = (sums[of] ??= {});
  for (const { name, values, unit } of metrics)
    if (unit === 'Count') own[name] = (own[name] ?? 0) + values.reduce((sum, value) => sum + value, 0);
}

function heapMegabytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Math.round(process.memoryUsage().heapUsed / 1e6);
}

interface Soaked {
  sums: Sums;
  parked: number[];
  unread: number;
  total: number;
  memory: number[];
  seconds: number;
}

function report({ sums, parked, unread, total, memory, seconds }: Soaked): boolean {
  const of = (name: string) => new Proxy(sums[name] ?? {}, { get: (all, key: string) => all[key] ?? 0 });
  const [detect, outbox] = [of('detect'), of('outbox')] as [Record<string, number>, Record<string, number>];
  const d = (name: string): number => detect[name]!;
  const quarter = memory[Math.floor(memory.length / 4)]!;
  const [groups, last] = [d('matched'), memory.at(-1)!];
  const rejected = Array.from({ length: total }, (_, i) => i).filter((i) => i % 100 === 7).length;
  const checks: [string, boolean][] = [
    [
      `in ${d('in')} = matched ${d('matched')} + unmatched ${d('unmatched')} + rejected ${d('rejected')} + duplicate ${d('duplicate')}`,
      d('in') === total && total === d('matched') + d('unmatched') + d('rejected') + d('duplicate'),
    ],
    [
      `matches ${d('matches')} = hits ${d('hits')} + repeated ${d('repeated')} + others 0`,
      d('matches') === d('hits') + d('repeated'),
    ],
    [`given back by detect ${unread} = rejected ${rejected}`, unread === rejected && d('rejected') === rejected],
    [`findings ${outbox['findings']!} = groups ${groups}, and summaries of storms`, outbox['findings']! >= groups],
    ...SINKS.map((name, i): [string, boolean] => {
      const sent = of(name)['sent'] as number;
      return [
        `${name}: changes ${outbox['changes']!} = sent ${sent} + parked ${parked[i]!}`,
        outbox['changes'] === sent + parked[i]!,
      ];
    }),
    [
      `pages ${outbox['notified']!}: at most 21 for an hour of the clock`,
      outbox['notified']! <= 21 * (2 + Math.ceil(seconds / 3600)),
    ],
    [`heap ${quarter} MB after a quarter, ${last} MB at the end`, last <= quarter * 1.2 + 8],
  ];
  const units = `${(d('readUnits') / d('in')).toFixed(1)} read and ${(d('writeUnits') / d('in')).toFixed(1)} write units`;
  console.log(`${total} events in ${Math.round(seconds)} s, ${units} an event (emulated)`);
  for (const [what, isSo] of checks) console.log(`${isSo ? 'holds' : 'FAILS'}  ${what}`);
  const isGood = checks.every(([, isSo]) => isSo);
  console.log(isGood ? 'The promises held.' : 'Some promise did not hold.');
  return isGood;
}

async function startDynalite(): Promise<{ client: DynamoDBClient; stop(this: void): void }> {
  const port = await freePort();
  const args = [require.resolve('dynalite/cli.js'), '--port', String(port), '--createTableMs', '0'];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const client = new DynamoDBClient({
    ...{ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', maxAttempts: 10 },
    credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
  });
  const question = new DescribeTableCommand({ TableName: TABLE });
  await client.send(new CreateTableCommand(tableDefinition(TABLE)));
  while ((await client.send(question)).Table?.TableStatus !== 'ACTIVE') await sleep(10);
  return { client, stop: () => void child.kill() };
}

main(process.argv.slice(2)).then(
  (isGood) => (process.exitCode = isGood ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
