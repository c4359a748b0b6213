import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Ruleset } from '../engine/ruleset';
import type { Head, HeadChange } from '../engine/store';
import type { Notice } from '../findings/notice';
import { noticesOf } from '../findings/notices';
import { page, type Paging } from '../findings/paging';
import { clientOptions } from '../findings/sinks/retries';
import type { Outcome } from '../findings/sinks/sink';
import { toHead } from '../state/item';
import { DynamoStorms } from '../state/storms';
import type { Units } from '../state/units';
import { DynamoTrials, type Trial } from '../state/trials';
import { required } from './environment';
import { isLate, type Deadline } from './messages';
import { count, lagOf, type Metric } from './metrics';
import { enqueue } from './queue';
import { here, openRoad, withUnits } from './road';

/** What the outbox works with. */
export interface Outbox {
  ruleset: Ruleset;
  paging: Paging;
  /** Puts notices into the queue of a sink, for each of the sinks; one outcome per notice. */
  queues: ((notices: Notice[]) => Promise<Outcome[]>)[];
  /** What its calls to DynamoDB consume, added up. */
  units?: Units | undefined;
}

/** A write of a head in the stream, and what it tells the sinks. */
interface Entry {
  record: DynamoDBRecord;
  notices: Notice[];
}

/**
 * The function behind the table's stream: computes from the two images of each head that was written what it means for
 * findings, and puts that into the queue of every sink. Where something fails, the stream goes on from there at the next
 * try, since of a partition nothing may overtake; what was sent behind it is sent again, which sinks know.
 *
 * @param open called once, with the first batch
 */
export function outboxFunction(
  open: () => Outbox,
  { log, writeMetrics, now } = here,
): (event: DynamoDBStreamEvent, deadline?: Deadline) => Promise<DynamoDBBatchResponse> {
  let opened: (Outbox & { consumed: () => Metric[] }) | undefined;
  return async ({ Records }, deadline) => {
    const outbox = (opened ??= withUnits(open()));
    const entries: Entry[] = [];
    let stopped: DynamoDBRecord | undefined;
    for (const record of Records) {
      const notices = isLate(deadline) ? undefined : await read(record, outbox);
      if (!notices) {
        stopped = record;
        break;
      }
      entries.push({ record, notices });
    }
    const failures = await send(entries, outbox);
    for (const { reason, record } of failures) log.warn({ ...aboutOf(record), reason }, 'not sent yet');
    const first =
      entries.find(({ record }) => failures.some((failure) => failure.record === record))?.record ?? stopped;
    writeMetrics([...metricsOf(entries, failures.length, now()), ...outbox.consumed()], { function: 'outbox' });
    return { batchItemFailures: first ? [{ itemIdentifier: first.dynamodb!.SequenceNumber! }] : [] };
  };

  async function read(record: DynamoDBRecord, { ruleset, paging }: Outbox): Promise<Notice[] | undefined> {
    try {
      const change = headChangeOf(record);
      return change ? await page(noticesOf(change, ruleset), change.after, paging) : [];
    } catch (error) {
      log.error({ ...aboutOf(record), error }, 'cannot be told');
      return undefined;
    }
  }
}

/**
 * The head before and after the write that a record of the stream is of; undefined if it is of another item, or of a head
 * that has expired, which changes no finding.
 */
export function headChangeOf({ dynamodb }: DynamoDBRecord): HeadChange | undefined {
  const { Keys, OldImage, NewImage } = dynamodb ?? {};
  if (!Keys?.sk?.S?.startsWith('head#') || !NewImage) return undefined;
  return { before: OldImage && headOf(OldImage), after: headOf(NewImage) };
}

/** In an event of Lambda, bytes are text in Base64. */
function headOf({ data, version }: NonNullable<NonNullable<DynamoDBRecord['dynamodb']>['NewImage']>): Head {
  if (data?.B === undefined || version?.N === undefined) throw new Error('a head without data or version');
  return toHead({ data: { B: Buffer.from(data.B, 'base64') }, version: { N: version.N } });
}

async function send(entries: Entry[], { queues }: Outbox): Promise<{ record: DynamoDBRecord; reason: string }[]> {
  const notices = entries.flatMap((entry) => entry.notices);
  const records = entries.flatMap((entry) => entry.notices.map(() => entry.record));
  const answers = await Promise.all(queues.map((queue) => queue(notices)));
  return answers.flatMap((outcomes) =>
    outcomes.flatMap((outcome, i) => (outcome.sent ? [] : [{ record: records[i]!, reason: outcome.reason }])),
  );
}

function aboutOf({ dynamodb }: DynamoDBRecord): object {
  return { sequenceNumber: dynamodb?.SequenceNumber, partition: dynamodb?.Keys?.pk?.S, item: dynamodb?.Keys?.sk?.S };
}

function metricsOf(entries: Entry[], failed: number, now: number): Metric[] {
  const all = entries.flatMap((entry) => entry.notices);
  const notices = all.filter(({ drill }) => !drill);
  return [
    count('in', entries.length),
    count('changes', all.length),
    count('findings', notices.filter(({ kind }) => kind === 'created').length),
    count('notified', notices.filter(({ notificationId }) => notificationId !== null).length),
    count('drills', all.length - notices.length),
    count('failed', failed),
    { name: 'delay', unit: 'Milliseconds', values: all.map(({ updatedAt }) => now - Date.parse(updatedAt)) },
    lagOf(notices, now),
  ];
}

function trialOf({ finding, notificationId, updatedAt }: Notice): Trial {
  const { detectorId, severity, title, accountName, account } = finding;
  return {
    ...{ detectorId, severity, title, account: accountName ?? account },
    ...{ notificationId: notificationId!, at: updatedAt },
  };
}

const DEFAULT_STORM = 20;

/**
 * What the environment says: that of the road, SINK_QUEUE_URLS (separated by commas), and STORM_GROUPS (20 if not set).
 *
 * @throws Error if a variable is missing, or is no number; what `openRoad` throws
 */
export function openOutbox(env = process.env): Outbox {
  const { ruleset, store, client, units } = openRoad(env);
  const sqs = new SQSClient(clientOptions);
  const place = { client, table: required('TABLE', env) };
  const storms = new DynamoStorms(place);
  const trials = new DynamoTrials(place);
  const stormLimit = Number(env.STORM_GROUPS || DEFAULT_STORM);
  if (!Number.isInteger(stormLimit) || stormLimit < 1) throw new Error('STORM_GROUPS is no number from 1 on');
  return {
    ...{ ruleset, units },
    paging: {
      ...{ ruleset, heads: store, stormLimit },
      admit: (...of) => storms.admit(...of),
      tryOut: (notice) => trials.add(trialOf(notice)),
    },
    queues: required('SINK_QUEUE_URLS', env)
      .split(',')
      .map((url) => (notices) => enqueue(sqs, url.trim(), notices)),
  };
}

export const handler = outboxFunction(openOutbox);
