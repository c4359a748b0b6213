import { paginateScan, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Head } from '../engine/store';
import { toHead } from './item';

/** All heads of a table, page by page, in no particular order. Reads the whole table: for repairs only. */
export async function* scanHeads(client: DynamoDBClient, table: string): AsyncIterable<Head> {
  const pages = paginateScan(
    { client },
    {
      ...{ TableName: table, ConsistentRead: true },
      FilterExpression: 'begins_with(#sk, :head)',
      ExpressionAttributeNames: { '#sk': 'sk' },
      ExpressionAttributeValues: { ':head': { S: 'head#' } },
    },
  );
  for await (const { Items = [] } of pages) for (const one of Items) yield toHead(one);
}
