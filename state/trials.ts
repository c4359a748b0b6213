import {
  paginateQuery,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { shortHash } from '../engine/hit';
import type { Level } from '../engine/level';
import { number, prefixOf } from './item';

/** A page that a detector in staging would have made. */
export interface Trial {
  detectorId: string;
  notificationId: string;
  severity: Level;
  /** Of the finding. */
  title: string;
  /** Name or id. */
  account: string | null;
  /** ISO 8601: when its head was written. */
  at: string;
}

export interface TrialsOptions {
  client: DynamoDBClient;
  table: string;
  /** Milliseconds since the epoch: says only when items expire. */
  now?: () => number;
}

/** So many of a detector and day are kept; that there are more is known, how many is not. */
export const MAX_TRIALS = 100;
/** Longer than anybody waits to look into a digest that did not come. */
const KEEP_MILLISECONDS = 14 * 86_400_000;

/**
 * What detectors in staging would have done, by the day (UTC) on which it was found, for the digest of that day.
 *
 * ```
 * pk              sk
 * trial#DAY       page#DETECTOR#ID        a page, by hashes of the detector and of the notification
 * trial#DAY       sent                    the digest of the day was sent
 * ```
 *
 * Nothing here is counted up, so that what comes again changes nothing. An error of DynamoDB is thrown.
 */
export class DynamoTrials {
  private readonly client: DynamoDBClient;
  private readonly table: string;
  private readonly now: () => number;

  constructor({ client, table, now = Date.now }: TrialsOptions) {
    this.client = client;
    this.table = table;
    this.now = now;
  }

  async add(trial: Trial): Promise<void> {
    const partition = partitionOf(trial.at.slice(0, 10));
    const detector = `page#${shortHash(trial.detectorId)}#`;
    const { Count = 0 } = await this.client.send(
      new QueryCommand({
        ...{ TableName: this.table, ...prefixOf(partition, detector) },
        ...{ ConsistentRead: true, Select: 'COUNT', Limit: MAX_TRIALS },
      }),
    );
    if (Count >= MAX_TRIALS) return;
    await this.put(partition, detector + shortHash(trial.notificationId), { trial: { S: JSON.stringify(trial) } });
  }

  /** @param day e.g. `2026-03-03` */
  async of(day: string): Promise<Trial[]> {
    const question = { TableName: this.table, ...prefixOf(partitionOf(day), 'page#'), ConsistentRead: true };
    const found: Trial[] = [];
    for await (const { Items = [] } of paginateQuery({ client: this.client }, question))
      found.push(...Items.map(({ trial }) => JSON.parse(trial!.S!) as Trial));
    return found;
  }

  async isSent(day: string): Promise<boolean> {
    const question = { TableName: this.table, ...prefixOf(partitionOf(day), 'sent'), ConsistentRead: true };
    return ((await this.client.send(new QueryCommand(question))).Count ?? 0) > 0;
  }

  async markSent(day: string): Promise<void> {
    await this.put(partitionOf(day), 'sent', {});
  }

  private async put(partition: string, sort: string, more: Record<string, AttributeValue>): Promise<void> {
    const expires = number(Math.ceil((this.now() + KEEP_MILLISECONDS) / 1000));
    const Item = { pk: { S: partition }, sk: { S: sort }, ...more, expires };
    await this.client.send(new PutItemCommand({ TableName: this.table, Item }));
  }
}

function partitionOf(day: string): string {
  return `trial#${day}`;
}
