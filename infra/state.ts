import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ProjectionType,
  StreamViewType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { ATTRIBUTES, BY_TIME } from '../state/table';

/** All that `DynamoStore` calls. */
export const STORE_ACTIONS = ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'];

/** The one table: what correlation remembers, what was paged, who gave a sign of life. */
export class State extends Construct {
  readonly table: Table;

  constructor(
    scope: Construct,
    id: string,
    private readonly key: IKey,
    private readonly deployment: Deployment,
  ) {
    super(scope, id);
    const [partitionKey, sortKey, time] = [ATTRIBUTES.partition, ATTRIBUTES.sort, ATTRIBUTES.time].map((name) => ({
      ...{ name, type: AttributeType.STRING },
    })) as [Attribute, Attribute, Attribute];
    this.table = new Table(this, 'Table', {
      ...{ partitionKey, sortKey, timeToLiveAttribute: ATTRIBUTES.expires },
      billingMode: BillingMode.PAY_PER_REQUEST,
      maxWriteRequestUnits: deployment.maxWriteUnits,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.table.addLocalSecondaryIndex({ indexName: BY_TIME, sortKey: time, projectionType: ProjectionType.ALL });
  }

  /** @param actions of DynamoDB, without its name */
  may(actions: string[]): PolicyStatement[] {
    const { tableArn } = this.table;
    return [
      new PolicyStatement({
        actions: actions.map((action) => `dynamodb:${action}`),
        resources: [tableArn, `${tableArn}/index/${BY_TIME}`],
      }),
      mayUseKey(this.key, `dynamodb.${this.deployment.hub.region}`, KEY_ACTIONS),
    ];
  }

  /** What the function behind the stream needs, besides. */
  mayFollow(): PolicyStatement[] {
    const actions = ['DescribeStream', 'GetRecords', 'GetShardIterator'].map((action) => `dynamodb:${action}`);
    return [
      new PolicyStatement({ actions, resources: [this.table.tableStreamArn!] }),
      new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: ['*'] }),
    ];
  }
}

/** What DynamoDB does with the key in the name of who calls it; see "Authorizing use of your customer managed key". */
const KEY_ACTIONS = [
  ...['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo'],
  ...['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'DescribeKey'],
];

type Attribute = { name: string; type: AttributeType };

/** Use of a key through one service, and not otherwise. */
export function mayUseKey(key: IKey, service: string, actions: string[]): PolicyStatement {
  return new PolicyStatement({
    actions: actions.map((action) => `kms:${action}`),
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `${service}.amazonaws.com` } },
  });
}
