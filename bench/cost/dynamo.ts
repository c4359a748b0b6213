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

/** What calls consumed, in DynamoDB's units: strongly consistent reads of up to 4 KB, writes of up to 1 KB. */
export interface Units {
  read: number;
  write: number;
}

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
    const consumed = count(client);
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

/**
 * What a client's calls consume from now on: as the answers say, and two things that dynalite leaves out. An item with a
 * place in the local index is written there, too; and a query that finds nothing reads one unit.
 */
function count(client: DynamoDBClient): Units {
  const units: Units = { read: 0, write: 0 };
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = { ...args.input, ReturnConsumedCapacity: 'TOTAL' };
        const result = await next({ ...args, input });
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: { CapacityUnits?: number } };
        const consumed = Math.max(1, ConsumedCapacity?.CapacityUnits ?? 0);
        if (commandName === 'GetItemCommand' || commandName === 'QueryCommand') units.read += consumed;
        else if (commandName !== 'BatchWriteItemCommand') units.write += consumed * (isIndexed(args.input) ? 2 : 1);
        return result;
      },
    { step: 'initialize', name: 'countUnits' },
  );
  return units;
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
