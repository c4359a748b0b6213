import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** What calls consumed, in DynamoDB's units: strongly consistent reads of up to 4 KB, writes of up to 1 KB. */
export interface Units {
  read: number;
  write: number;
}

const READS = new Set(['GetItemCommand', 'QueryCommand', 'ScanCommand', 'BatchGetItemCommand']);

/**
 * Makes every call of a client ask for what it consumes, and adds that up. A call that DynamoDB refuses for its condition
 * consumes, too, but does not say so.
 *
 * @param correct the units of a command, where an emulator says something else than DynamoDB
 * @returns sums that grow with every call
 */
export function countUnits(
  client: DynamoDBClient,
  correct: (units: number, command: string, input: object) => number = (units) => units,
): Units {
  const units: Units = { read: 0, write: 0 };
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const input = { ...args.input, ReturnConsumedCapacity: 'TOTAL' };
        const result = await next({ ...args, input });
        const { ConsumedCapacity } = result.output as { ConsumedCapacity?: { CapacityUnits?: number } };
        units[READS.has(commandName) ? 'read' : 'write'] += correct(
          ConsumedCapacity?.CapacityUnits ?? 0,
          commandName,
          args.input,
        );
        return result;
      },
    { step: 'initialize', name: 'countUnits' },
  );
  return units;
}
