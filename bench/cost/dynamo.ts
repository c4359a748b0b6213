import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  type AttributeValue,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { DynamoStore } from '../../state/dynamo';
import { ATTRIBUTES, tableDefinition } from '../../state/table';
import { countUnits, type Units } from '../../state/units';

export type { Units };

/** DynamoDB in this process, with a meter. */
export interface Metered {
  store: DynamoStore;
  /** What some work on the store consumes. */
  meter: (work: () => Promise<void>) => Promise<Units>;
  /** Stores items, as fast as it goes. */
  load: (items: Iterable<Record<string, AttributeValue>>) => Promise<void>;
}

const TABLE = 'cost';
const BATCH = 25;
const LOADERS = 8;
const KEEP = 15 * 86_400_000;

/**
 * Gives some work an empty table, which is gone afterwards.
 *
 * @throws Error where dynalite is not installed: it is a dependency of a checkout only
 */
export async function withDynamo<T>(work: (dynamo: Metered) => Promise<T>): Promise<T> {
  const server = makeServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
  });
  try {
    await client.send(new CreateTableCommand(tableDefinition(TABLE)));
    while (!(await isActive(client))) await setTimeout(1);
    const consumed = countUnits(client, correct);
    return await work({
      store: new DynamoStore({ client, table: TABLE, keep: () => KEEP }),
      meter: async (metered) => {
        const before = { ...consumed };
        await metered();
        return { read: consumed.read - before.read, write: consumed.write - before.write };
      },
      load: (items) => load(client, items),
    });
  } finally {
    client.destroy();
    await new Promise<unknown>((resolve) => server.close(resolve));
  }
}

function makeServer(): Server {
  let make: (options: object) => Server;
  try {
    // It has no types of its own.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    make = require('dynalite') as typeof make;
  } catch (error) {
    throw new Error('this needs dynalite, which a checkout has after npm ci', { cause: error });
  }
  return make({ createTableMs: 0, deleteTableMs: 0 });
}

async function isActive(client: DynamoDBClient): Promise<boolean> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: TABLE }));
  return Table?.TableStatus === 'ACTIVE';
}

/** Two things that dynalite leaves out: a query that finds nothing reads one unit, and an item with a place in the local index is written there, too. */
function correct(units: number, command: string, input: object): number {
  return command === 'BatchWriteItemCommand' ? 0 : Math.max(1, units) * (isIndexed(input) ? 2 : 1);
}

/** Whether a command puts an item that has a place in the index. */
function isIndexed(input: object): boolean {
  return 'Item' in input && ATTRIBUTES.time in (input.Item as object);
}

async function load(client: DynamoDBClient, items: Iterable<Record<string, AttributeValue>>): Promise<void> {
  const loading: Promise<unknown>[] = [];
  let batch: WriteRequest[] = [];
  const flush = (): void => {
    loading.push(client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: batch } })));
    batch = [];
  };
  for (const Item of items) {
    batch.push({ PutRequest: { Item } });
    if (batch.length === BATCH) flush();
    if (loading.length === LOADERS) await Promise.all(loading.splice(0));
  }
  if (batch.length > 0) flush();
  await Promise.all(loading);
}
