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
  const isActive = async (table: string): Promise<boolean> =>
    (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.TableStatus === 'ACTIVE';
  return {
    client,
    async makeStore() {
      const table = `table-${++tables}`;
      await client.send(new CreateTableCommand(tableDefinition(table)));
      while (!(await isActive(table))) await setTimeout(1);
      return new DynamoStore({ client, table, keep: () => 15 * 86_400_000 });
    },
    async stop() {
      client.destroy();
      await new Promise<unknown>((resolve) => server.close(resolve));
    },
  };
}
