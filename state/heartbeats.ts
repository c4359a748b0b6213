import {
  ConditionalCheckFailedException,
  paginateQuery,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { number } from './item';

/** An account's Region, and what is known of it. All times in milliseconds since the epoch. */
export interface Pulse {
  account: string;
  region: string;
  /** When it last gave a sign of life; undefined if it never did. */
  last: number | undefined;
  /** Since when it was waited for; undefined if it spoke first. */
  since: number | undefined;
}

const PARTITION = 'heartbeat';
/** An account that is waited for no more is forgotten after so long. */
const KEEP_MILLISECONDS = 90 * 86_400_000;

/**
 * Who gave a sign of life, and when.
 *
 * ```
 * pk           sk
 * heartbeat    ACCOUNT#REGION     `last`, `since`
 * ```
 *
 * An error of DynamoDB is thrown.
 */
export class DynamoHeartbeats {
  constructor(private readonly options: { client: DynamoDBClient; table: string }) {}

  /** A sign of life; an older one than is known changes nothing. */
  async record({ account, region }: Pick<Pulse, 'account' | 'region'>, at: number): Promise<void> {
    await this.update(account, region, 'last', at, 'attribute_not_exists(#name) OR #name < :at');
  }

  /** From now on a sign of life is waited for; if it was before, nothing changes. */
  async expect({ account, region }: Pick<Pulse, 'account' | 'region'>, now: number): Promise<void> {
    await this.update(account, region, 'since', now, 'attribute_not_exists(pk)');
  }

  /** All that is known. */
  async all(): Promise<Pulse[]> {
    const { client, table } = this.options;
    const question = {
      ...{ TableName: table, ConsistentRead: true, KeyConditionExpression: 'pk = :pk' },
      ExpressionAttributeValues: { ':pk': { S: PARTITION } },
    };
    const found: Pulse[] = [];
    for await (const { Items = [] } of paginateQuery({ client }, question))
      for (const { sk, last, since } of Items) {
        const [account = '', region = ''] = sk!.S!.split('#');
        found.push({ account, region, last: last && Number(last.N), since: since && Number(since.N) });
      }
    return found;
  }

  private async update(account: string, region: string, name: 'last' | 'since', at: number, condition: string) {
    const { client, table } = this.options;
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { pk: { S: PARTITION }, sk: { S: `${account}#${region}` } },
          UpdateExpression: 'SET #name = :at, expires = :expires',
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#name': name },
          ExpressionAttributeValues: {
            ':at': number(at),
            ':expires': number(Math.ceil((at + KEEP_MILLISECONDS) / 1000)),
          },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
}
