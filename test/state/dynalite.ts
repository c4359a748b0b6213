import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoStore } from '../../state/dynamo';
import { tableDefinition } from '../../state/table';

/** DynamoDB in this process: dynalite, which has no types of its own. */
export interface Dynalite {
  client: DynamoDBClient;
  /** A store on a table of its own. */
  makeStore(): Promise<DynamoStore>;
  stop(): Promise<void>;
}

/** A store on a table of its own, at some endpoint of DynamoDB. */
export async function makeStoreAt(client: DynamoDBClient, table: string): Promise<DynamoStore> {
  await client.send(new CreateTableCommand(tableDefinition(table)));
  const isActive = async (): Promise<boolean> =>
    (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.TableStatus === 'ACTIVE';
  while (!(await isActive())) await setTimeout(1);
  return new DynamoStore({ client, table, keep: () => 15 * 86_400_000 });
}

export async function startDynalite(): Promise<Dynalite> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const make = require('dynalite') as (options: object) => Server;
  const server = make({ createTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
  });
  let tables = 0;
  return {
    client,
    makeStore: () => makeStoreAt(client, `table-${++tables}`),
    async stop() {
      client.destroy();
      await new Promise<unknown>((resolve) => server.close(resolve));
    },
  };
}
