import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetFindingsCommand, SecurityHubClient, type AwsSecurityFinding } from '@aws-sdk/client-securityhub';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import type { DynamoDBRecord, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Template } from 'aws-cdk-lib/assertions';
import { readConfig } from '../../cli/config';
import { loadDetectors } from '../../cli/detectors';
import type { DrillResult } from '../../cli/drill/run';
import { main } from '../../cli/main';
import { applyChanges, changes } from '../../engine/changes';
import { checkedDocuments, rulesetOf } from '../../engine/compiled';
import { correlate } from '../../engine/correlate';
import type { Finding } from '../../engine/finding';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import type { Store } from '../../engine/store';
import type { Event } from '../../events/event';
import { findFiles, mayHoldEvents } from '../../events/files';
import { readEvents } from '../../events/read';
import { asffId } from '../../findings/asff';
import type { Notice } from '../../findings/notice';
import { eventBridgeSink } from '../../findings/sinks/eventbridge';
import { clientOptions } from '../../findings/sinks/retries';
import { securityHubSink } from '../../findings/sinks/security-hub';
import { failed, type Sink } from '../../findings/sinks/sink';
import { snsSink } from '../../findings/sinks/sns';
import { detectFunction } from '../../handlers/detect';
import { settingFrom } from '../../handlers/environment';
import { openOutbox, outboxFunction, type Outbox } from '../../handlers/outbox';
import { rebuild } from '../../handlers/rebuild';
import { reconcileFunction, type GetObject } from '../../handlers/reconcile';
import { openRoad, type Road } from '../../handlers/road';
import { sinkFunction } from '../../handlers/sink-function';
import { sweepFunction } from '../../handlers/sweep';
import { scanHeads } from '../../state/heads';
import { MemoryStore } from '../../state/memory';
import { Recorded } from '../engine/recorded-store';
import { observed } from '../handlers/support';
import { synthSample } from '../infra/synth';
import { Faulty } from './faulty';
import { Hub, SINKS, type SinkName } from './hub';
import { ACCOUNT, absentMoto, Moto } from './moto';

const absent = absentMoto();
const [describeOrSkip, reason] = absent ? [describe.skip, ` (skipped: ${absent})`] : [describe, ''];

const ROOT = join(__dirname, '../..');
const STORY = join(ROOT, 'samples/leaked-key-to-admin');
const RULES = { RULESET_FILE: join(mkdtempSync(join(tmpdir(), 'road-')), 'ruleset.json') };

/** A few, one of each kind, since the emulator is slow: a rule each for two sources, one of denied calls, one that counts. */
const DETECTORS = [
  'cloudtrail/aws_cloudtrail_logging_stopped.yml',
  'guardduty/aws_guardduty_iam_finding.yml',
  'iam/aws_iam_user_created.yml',
  'iam/aws_iam_user_granted_administrator.yml',
  'iam/aws_iam_user_created_and_made_administrator.yml',
  'monitoring/aws_monitoring_tampering_denied.yml',
].map((file) => join(ROOT, 'detectors', file));

/** What `npm run bundle` writes. */
function writeRuleset(): Ruleset {
  const config = readConfig(join(ROOT, 'samples/privwatch.yml'));
  const documents = checkedDocuments(loadDetectors(DETECTORS, config));
  writeFileSync(RULES.RULESET_FILE, JSON.stringify({ documents, config }));
  return rulesetOf(documents, config);
}

/** What a replay files once all windows are over. */
async function findingsOf(events: Event[], ruleset: Ruleset): Promise<Map<string, Finding>> {
  const findings = new Map<string, Finding>();
  const matches = events.flatMap((event) => match(event, ruleset));
  for (const change of (await correlate(matches, ruleset, new MemoryStore())).changes)
    applyChanges(findings, changes(change, ruleset));
  return findings;
}

/** When the story comes: later than by some days, correlations would not count it. */
const THEN = Date.UTC(2026, 2, 3, 3);

/** Any time after what workers left for later is due. */
const later = (): number => Date.now() + 3_600_000;

jest.setTimeout(180_000);

describeOrSkip(`events go down the road, over the wire${reason}`, () => {
  const outside = { ...process.env };
  let moto: Moto;
  let template: Template;
  let hub: Hub;
  let road: Road;
  let events: Event[];
  let expected: Map<string, Finding>;

  beforeAll(async () => {
    const ruleset = writeRuleset();
    template = synthSample('organization', ACCOUNT).templates['privwatch-hub']!;
    moto = await Moto.start();
    Object.assign(process.env, moto.environment);
    const { files } = findFiles([STORY], mayHoldEvents);
    events = [];
    for await (const batch of readEvents(files)) events.push(...batch.events);
    expected = await findingsOf(events, ruleset);
  });

  beforeEach(async () => {
    hub = await Hub.make(moto, template);
    road = openRoad(told('detect'));
  });
  afterEach(() => hub?.close());
  afterAll(async () => {
    await moto?.stop();
    process.env = outside;
  });

  // ---- the functions ------------------------------------------------------------------------------------------------

  /** What a function of the stack reads from its environment. */
  const told = (name: string): Record<string, string> => ({ ...hub.environmentOf(name), ...RULES });

  const { surroundings, totals } = observed(Date.now());
  const quiet = { ...surroundings, now: Date.now };

  const detectWith = (store: Store) => detectFunction(() => ({ ...road, store }), { ...quiet, now: () => THEN });
  const detect = (store = road.store) => hub.drain('detect', detectWith(store));
  const sweep = (of = road) => sweepFunction(() => of, { ...quiet, now: later })({});

  /** Gives the outbox the table's stream, some records at a time; again from where it stopped. */
  async function publish(
    records?: DynamoDBRecord[],
    { env = told('outbox'), disturbed = (outbox: Outbox): Outbox => outbox } = {},
  ): Promise<void> {
    const all = records ?? (await hub.stream());
    const outbox = outboxFunction(() => disturbed(openOutbox(env)), quiet);
    for (let from = 0, tries = 0; from < all.length && tries < 1_000; tries++) {
      const Records = all.slice(from, from + 25);
      const [failure] = (await outbox({ Records })).batchItemFailures;
      const stop = Records.findIndex(({ dynamodb }) => dynamodb!.SequenceNumber === failure?.itemIdentifier);
      from += stop < 0 ? Records.length : stop;
    }
  }

  const sinks = (): Record<SinkName, Sink> => {
    const { PEOPLE_TOPIC_ARN, CHAT_TOPIC_ARN, MACHINES_TOPIC_ARN, ...others } = told('sns');
    const topics = { people: PEOPLE_TOPIC_ARN!, chat: CHAT_TOPIC_ARN!, machines: MACHINES_TOPIC_ARN! };
    return {
      'security-hub': securityHubSink(new SecurityHubClient(clientOptions), settingFrom(told('security-hub'))),
      sns: snsSink(new SNSClient(clientOptions), topics, settingFrom(others)),
      eventbridge: eventBridgeSink(new EventBridgeClient(clientOptions), told('eventbridge').EVENT_BUS!),
    };
  };

  async function deliver(names: readonly SinkName[] = SINKS): Promise<void> {
    const all = sinks();
    for (const name of names)
      await hub.drain(
        name,
        sinkFunction(() => all[name], quiet),
      );
  }

  // ---- what comes out -----------------------------------------------------------------------------------------------

  async function imported(): Promise<AwsSecurityFinding[]> {
    const client = new SecurityHubClient({});
    const { Findings = [] } = await client.send(new GetFindingsCommand({ MaxResults: 100 }));
    client.destroy();
    return Findings;
  }

  /** The findings that stand after some notices, in whatever order they came. */
  function standing(notices: Pick<Notice, 'kind' | 'finding' | 'updatedAt'>[]): Finding[] {
    const newest = new Map<string, (typeof notices)[number]>();
    for (const notice of notices) {
      const known = newest.get(notice.finding.id);
      if (!known || known.updatedAt < notice.updatedAt) newest.set(notice.finding.id, notice);
    }
    const gone = ['superseded', 'withdrawn'];
    return [...newest.values()].filter(({ kind }) => !gone.includes(kind)).map(({ finding }) => finding);
  }

  interface Published {
    Message: string;
    MessageAttributes: { notificationId: { Value: string } };
  }

  /** Each expected finding is once in Security Hub, on the bus and with machines; nobody was paged twice for one thing. */
  async function expectAll({
    names = SINKS,
    once = true,
  }: { names?: readonly SinkName[]; once?: boolean } = {}): Promise<void> {
    const ids = [...expected.keys()].sort();
    const byId = (findings: Finding[]) => new Map(findings.map((finding) => [finding.id, finding]));
    if (names.includes('security-hub')) {
      const active = (await imported()).filter(({ RecordState }) => RecordState === 'ACTIVE');
      expect(active.map(({ Id }) => Id).sort()).toEqual(ids.map(asffId).sort());
    }
    if (names.includes('eventbridge')) {
      const notices = (await hub.messagesOf('automation')).map((message) => (message as { detail: Notice }).detail);
      expect(byId(standing(notices))).toEqual(expected);
    }
    if (names.includes('sns')) {
      const notices = (await hub.messagesOf('machines')).map((one) => JSON.parse((one as Published).Message) as Notice);
      expect(byId(standing(notices))).toEqual(expected);
      const pages = (await hub.messagesOf('people')) as Published[];
      const paged = pages.map(({ MessageAttributes }) => MessageAttributes.notificationId.Value);
      for (const id of ids) expect(paged).toContain(id);
      if (once) expect(paged).toHaveLength(new Set(paged).size);
    }
  }

  // ---- the road -----------------------------------------------------------------------------------------------------

  /** What is left to do once the events have been seen. */
  async function finish(): Promise<void> {
    await sweep();
    await publish();
    await deliver();
  }

  test('and each finding comes out of every sink, once', async () => {
    expect(expected.size).toBeGreaterThan(3);
    const others = events.filter((event) => !telling().includes(event)).slice(0, 10);
    await hub.put([...telling(), ...others]);
    await detect();
    const { in: all, matched, unmatched, rejected, duplicate, readUnits, writeUnits, failed: left } = totals();
    expect([all, left]).toEqual([matched! + unmatched! + rejected! + duplicate!, 0]);
    expect([all, unmatched]).toEqual([telling().length + others.length, others.length]);
    expect(Math.min(readUnits!, writeUnits!)).toBeGreaterThan(matched!);
    await finish();
    await expectAll();
  });

  // ---- faults: with the events that matter ---------------------------------------

  const telling = (): Event[] => events.filter((event) => match(event, road.ruleset).length > 0);

  test('twice, and all later steps twice, too', async () => {
    await hub.enqueue([...telling(), ...telling()]);
    await detect();
    await sweep();
    await sweep();
    const records = await hub.stream();
    await publish([...records, ...records]);
    await deliver();
    await expectAll();
  });

  test('in reverse, most of them after their windows were judged', async () => {
    const reversed = telling().reverse();
    await hub.enqueue(reversed.slice(0, 3));
    await detect();
    await finish();
    await hub.enqueue(reversed.slice(3));
    await detect();
    await finish();
    await expectAll({ once: false });
  });

  test('to two workers at once, each of them all', async () => {
    await hub.enqueue([...telling(), ...telling()]);
    await Promise.all([detect(), detect()]);
    await finish();
    await expectAll();
  });

  test('while workers die between any two steps', async () => {
    // Each try of a message comes one step further than the one before.
    const reached = new Map<string, number>();
    let crashes = 0;
    const dying = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
      const failures = await Promise.all(
        Records.map(async (record) => {
          let steps = 0;
          const store = new Recorded(async () => {
            if (++steps <= (reached.get(record.body) ?? 0)) return;
            reached.set(record.body, steps);
            crashes++;
            throw new Error('the worker died');
          }, road.store);
          return (await detectWith(store)({ Records: [record] })).batchItemFailures;
        }),
      );
      return { batchItemFailures: failures.flat() };
    };
    await hub.enqueue(telling());
    let parked = 0;
    for (let again = [{}]; again.length > 0; parked += again.length) {
      await hub.drain('detect', dying);
      // What was tried too often is given once more, as somebody would do who has found the cause.
      again = (await hub.messagesOf('detect parked')) as object[];
      await hub.send('detect', ...again);
    }

    expect(parked).toBeGreaterThan(0);
    expect(crashes).toBeGreaterThan(50);
    await finish();
    await expectAll();
  });

  test('while one sink is down, which keeps none from the others, and nothing from itself when it is back', async () => {
    await hub.enqueue(telling());
    await detect();
    await sweep();
    await publish();
    const waiting = await hub.lengthOf('security-hub');
    const dead = new SecurityHubClient({ ...clientOptions, maxAttempts: 1, endpoint: 'http://127.0.0.1:9' });
    const down = sinkFunction(() => securityHubSink(dead, settingFrom(told('security-hub'))), quiet);
    await hub.drain('security-hub', down, 5);
    await deliver(['sns', 'eventbridge']);
    await expectAll({ names: ['sns', 'eventbridge'] });
    expect(await hub.lengthOf('security-hub')).toBe(waiting);
    await deliver(['security-hub']);
    await expectAll({ names: ['security-hub'] });
  });

  test('while one queue refuses, and the outbox goes on from there', async () => {
    await hub.enqueue(telling());
    await detect();
    await sweep();
    let calls = 0;
    const disturbed = (outbox: Outbox): Outbox => {
      const [first, ...others] = outbox.queues as [Outbox['queues'][number], ...Outbox['queues']];
      const moody: typeof first = async (notices) =>
        ++calls % 2 === 0
          ? first(notices)
          : [...(await first(notices.slice(0, 2))), ...notices.slice(2).map(() => failed('busy', true))];
      return { ...outbox, queues: [moody, ...others] };
    };
    await publish(undefined, { disturbed });
    await deliver();
    await expectAll();
  });

  test('while calls are refused, throttled, taken in part, never answered, or carried out without an answer', async () => {
    await hub.enqueue(telling());
    const faulty = await Faulty.start(moto.endpoint, 4);
    process.env.AWS_ENDPOINT_URL = faulty.endpoint;
    // The client of SQS goes where the queue's URL says.
    const env = told('outbox');
    env.SINK_QUEUE_URLS = env.SINK_QUEUE_URLS!.replaceAll(moto.endpoint, faulty.endpoint);
    try {
      const disturbed = openRoad(told('detect'));
      await detect(disturbed.store);
      for (let times = 0; times < 3; times++) await sweep(disturbed);
      await publish(undefined, { env });
      await deliver();
    } finally {
      process.env.AWS_ENDPOINT_URL = moto.endpoint;
      await faulty.stop();
    }
    for (const times of Object.values(faulty.met)) expect(times).toBeGreaterThan(1);
    await expectAll({ once: false });
  });

  test('while the outbox was down for longer than the stream lives, rebuilt from the heads', async () => {
    await hub.enqueue(telling());
    await detect();
    await sweep();
    const outbox = openOutbox(told('outbox'));
    const client = new DynamoDBClient({});
    const {
      heads,
      sent,
      failed: left,
    } = await rebuild(outbox, scanHeads(client, told('outbox').TABLE!), { pagesFrom: 0 });
    client.destroy();
    expect([sent, left]).toEqual([expected.size, []]);
    expect(heads).toBeGreaterThan(0);
    await deliver();
    await expectAll();
  });

  test('while the bus loses half of them, which the files of the trail make up for', async () => {
    await hub.enqueue(telling().filter((_, i) => i % 2 === 0));
    await detect();
    const s3 = new S3Client({ forcePathStyle: true });
    await s3.send(
      new CreateBucketCommand({ Bucket: 'trail', CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
    );
    const trail = telling().filter(({ logsource }) => logsource.service === 'cloudtrail');
    const Body = gzipSync(JSON.stringify({ Records: trail.map(({ record }) => record) }));
    const Key = 'AWSLogs/o-exampleorg01/1/CloudTrail/eu-central-1/file name+1.json.gz';
    await s3.send(new PutObjectCommand({ Bucket: 'trail', Key, Body }));
    const key = encodeURIComponent(Key).replaceAll('%20', '+').replaceAll('%2F', '/');
    await hub.send('reconcile', { Records: [{ s3: { bucket: { name: 'trail' }, object: { key } } }] });
    // What does not come in files comes again.
    await hub.enqueue(telling().filter(({ logsource }) => logsource.service !== 'cloudtrail'));
    await detect();
    const getObject: GetObject = async (place) =>
      (await s3.send(new GetObjectCommand({ Bucket: place.bucket, Key: place.key }))).Body!.transformToByteArray();
    const clock = { ...quiet, now: () => THEN };
    await hub.drain(
      'reconcile',
      reconcileFunction(() => ({ ...road, getObject }), clock),
    );
    s3.destroy();
    await finish();
    await expectAll();
  });

  // ---- drills -------------------------------------------------------------------------------------------------------

  /** Drills, while the functions do what is to be done, as in life. */
  async function drill(...args: string[]): Promise<{ code: unknown; results: DrillResult[] }> {
    const lines: string[] = [];
    const out = jest.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    const config = ['-c', join(ROOT, 'samples/privwatch.yml'), ...DETECTORS.flatMap((file) => ['-d', file])];
    const outlets = [...config, '--json'];
    let isOver = false;
    let published = (await hub.stream()).length;
    try {
      const drilling = main(['node', 'privwatch', 'drill', ...args, ...outlets]).finally(() => (isOver = true));
      const run = detectFunction(() => road, quiet);
      while (!isOver) {
        await hub.drain('detect', run, 20);
        const records = (await hub.stream()).slice(published);
        published += records.length;
        if (records.length > 0) await publish(records);
        await deliver();
      }
      await drilling;
    } finally {
      out.mockRestore();
    }
    const code = process.exitCode;
    process.exitCode = 0;
    return { code, results: lines.map((line) => JSON.parse(line) as DrillResult) };
  }

  test('as a drill, which comes out everywhere, marked and archived, and leaves what is real alone', async () => {
    await hub.enqueue(telling());
    await detect();
    await finish();
    const { code, results } = await drill('leaked-key-to-admin', '--page');
    expect(results).toHaveLength(1);
    const { steps, unexpected, run, storedMilliseconds } = results[0]!;
    expect(unexpected).toEqual([]);
    expect(steps.filter(({ milliseconds }) => milliseconds === null)).toEqual([]);
    expect(new Set(steps.map(({ outlet }) => outlet)).size).toBe(5);
    expect(storedMilliseconds.length).toBe(steps.length / 5);
    expect(code).toBe(0);

    const drilled = (await imported()).filter(({ Title }) => Title?.startsWith('DRILL: '));
    expect(drilled.length).toBe(storedMilliseconds.length);
    for (const { RecordState, ProductFields } of drilled) {
      expect(RecordState).toBe('ARCHIVED');
      expect(ProductFields).toMatchObject({ 'privwatch/drill': 'true', 'privwatch/drillRun': run });
    }
    const pages = (await hub.messagesOf('people')) as { Subject: string }[];
    expect(pages.filter(({ Subject }) => Subject.startsWith('DRILL ')).length).toBe(drilled.length);
    // What is real is as it was: not one event more, not one finding superseded.
    await expectAll({ names: ['security-hub'] });
    const real = ((await hub.messagesOf('machines')) as Published[])
      .map(({ Message }) => JSON.parse(Message) as Notice)
      .filter((notice) => !notice.drill);
    expect(new Map(standing(real).map((finding) => [finding.id, finding]))).toEqual(expected);
  });

  test('as a drill, which pages nobody unless asked, and comes from the account of the hub alone', async () => {
    const event = telling()[0]!.record;
    const forged = { source: 'privwatch.drill', 'detail-type': 'privwatch drill', account: '111122223333' };
    await hub.send('detect', { ...forged, detail: { run: 'forged', pages: true, event } });
    const { event: batch, messages } = await hub.receive('detect');
    const answer = await detectWith(road.store)(batch);
    expect(answer.batchItemFailures).toHaveLength(1);
    await hub.settle('detect', messages, { batchItemFailures: [] });
    const { code, results } = await drill('leaked-key-to-admin', '--outlets', 'machines');
    expect([code, results[0]!.unexpected]).toEqual([0, []]);
    expect(await hub.messagesOf('people')).toEqual([]);
    expect(await hub.messagesOf('chat')).toEqual([]);
  });
});
