import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/** The names of the table's attributes: those of its keys, and the rest of an item. */
export const ATTRIBUTES = {
  partition: 'pk',
  sort: 'sk',
  /** Of a hit, its place in time: the sort key of {@link BY_TIME}. */
  time: 'at',
  /** Deflated JSON. */
  data: 'data',
  version: 'version',
  days: 'days',
  /** Seconds since the epoch, for DynamoDB's time to live. */
  expires: 'expires',
} as const;

/** The local index of a partition's hits by time: unlike a global one it may be read consistently, and moves with its item. */
export const BY_TIME = 'by-time';

/**
 * The one table, as the SDK makes it; what is deployed has the same keys.
 *
 * ```
 * pk                      sk                              at (by-time)
 * partition               hit#ID                          INPUT#TIME#ID     a hit
 * partition               head#DAY                                          the episodes of a day
 * partition               to#DAY#PARTITION                                  another one makes hits here
 * partition               from#PARTITION#DAY                                this one makes hits there
 * mint#NAME               mint                                              who made credentials
 * mint#NAME               at#PARTITION#DAY                                  a head that rests on it
 * due#SHARD               TIME#PARTITION                                    to be judged in full after some time
 * ```
 */
export function tableDefinition(name: string): CreateTableCommandInput {
  const { partition, sort, time } = ATTRIBUTES;
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [partition, sort, time].map((attribute) => ({
      AttributeName: attribute,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: partition, KeyType: 'HASH' },
      { AttributeName: sort, KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: BY_TIME,
        KeySchema: [
          { AttributeName: partition, KeyType: 'HASH' },
          { AttributeName: time, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  };
}
