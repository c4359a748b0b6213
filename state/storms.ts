import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { shortHash } from '../engine/hit';
import type { Level } from '../engine/level';
import { number, prefixOf } from './item';

/** Longer than the table's stream lives. */
const KEEP_MILLISECONDS = 3 * 86_400_000;

export interface DynamoStormsOptions {
  client: DynamoDBClient;
  table: string;
  /** Milliseconds since the epoch: says only when items expire. */
  now?: () => number;
}

/**
 * Which notifications of a detector, severity and hour page: the first so many, each remembered by its id.
 *
 * ```
 * pk                      sk
 * storm#HASH#HOUR         page#ID         it pages
 * storm#HASH#HOUR         summary         `holder`: the id in whose place the summary pages
 * ```
 *
 * Workers that count at the same moment may let through one more each. An error of DynamoDB is thrown.
 */
export class DynamoStorms {
  private readonly client: DynamoDBClient;
  private readonly table: string;
  private readonly now: () => number;

  constructor({ client, table, now = Date.now }: DynamoStormsOptions) {
    this.client = client;
    this.table = table;
    this.now = now;
  }

  /**
   * Counts a notification, and says what becomes of it; the same of the same one, whenever it is asked.
   *
   * @param storm `hour` in milliseconds since the epoch; so many as `limit` page
   */
  async admit(
    { detectorId, severity, hour, limit }: { detectorId: string; severity: Level; hour: number; limit: number },
    notificationId: string,
  ): Promise<'page' | 'hold' | 'summarize'> {
    const partition = `storm#${shortHash([detectorId, severity])}#${new Date(hour).toISOString().slice(0, 13)}`;
    const key = { pk: { S: partition }, sk: { S: `page#${notificationId}` } };
    const expires = number(Math.ceil((this.now() + KEEP_MILLISECONDS) / 1000));
    if ((await this.count(partition, limit)) < limit) {
      await this.client.send(new PutItemCommand({ TableName: this.table, Item: { ...key, expires } }));
      return 'page';
    }
    const known = new GetItemCommand({ TableName: this.table, Key: key, ConsistentRead: true });
    if ((await this.client.send(known)).Item) return 'page';
    const summary = { pk: { S: partition }, sk: { S: 'summary' }, holder: { S: notificationId }, expires };
    return (await this.claim(summary)) ? 'summarize' : 'hold';
  }

  private async count(partition: string, limit: number): Promise<number> {
    const question = new QueryCommand({
      ...{ TableName: this.table, ...prefixOf(partition, 'page#') },
      ...{ ConsistentRead: true, Select: 'COUNT', Limit: limit },
    });
    return (await this.client.send(question)).Count ?? 0;
  }

  /** Whether the summary is in place of this notification, now or already before. */
  private async claim(summary: Record<string, AttributeValue>): Promise<boolean> {
    try {
      await this.client.send(
        new PutItemCommand({
          TableName: this.table,
          Item: summary,
          ConditionExpression: 'attribute_not_exists(pk) OR #holder = :holder',
          ExpressionAttributeNames: { '#holder': 'holder' },
          ExpressionAttributeValues: { ':holder': summary.holder! },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}
