/**
 * What CloudTrail and EventBridge do with calls, by their names. Where AWS's documents leave it open, the answer here is
 * the one with which no event is missed.
 */

/**
 * `Get`, `List` and `Describe` are what EventBridge holds back from rules that are merely enabled ("read-only management
 * events"). `AssumeRole` is its own example of an event held back too, against that criterion; of the others no document
 * says that they are delivered. In a rule that asks for all management events every name is delivered.
 */
const MAYBE_HELD_BACK =
  /^(?:get|list|describe|assume|batch(?:get|describe|list)|lookup|search|simulate|generate|decode)/i;

/** Whether events of this name may not reach a rule in the state `ENABLED`. */
export function maybeHeldBack(name: string): boolean {
  return MAYBE_HELD_BACK.test(name);
}

/**
 * Calls that are too many to send to the bus one by one. Data events are recorded only where a trail asks for them. Use of
 * keys is a management event, and in most accounts the most frequent of all.
 */
const TOO_MANY: Record<string, string[]> = {
  's3.amazonaws.com': [
    'GetObject',
    'HeadObject',
    'PutObject',
    'CopyObject',
    'DeleteObject',
    'DeleteObjects',
    'ListObjects',
    'ListObjectsV2',
    'ListObjectVersions',
    'HeadBucket',
    'GetObjectAcl',
    'PutObjectAcl',
    'GetObjectTagging',
    'CreateMultipartUpload',
    'UploadPart',
    'CompleteMultipartUpload',
    'RestoreObject',
  ],
  'lambda.amazonaws.com': ['Invoke', 'InvokeExecution'],
  'dynamodb.amazonaws.com': [
    'GetItem',
    'BatchGetItem',
    'PutItem',
    'UpdateItem',
    'DeleteItem',
    'BatchWriteItem',
    'Query',
    'Scan',
    'GetRecords',
  ],
  'sns.amazonaws.com': ['Publish', 'PublishBatch'],
  'sqs.amazonaws.com': ['SendMessage', 'SendMessageBatch', 'ReceiveMessage', 'DeleteMessage'],
  'bedrock.amazonaws.com': ['InvokeModelWithBidirectionalStream', 'InvokeAgent'],
  'kms.amazonaws.com': [
    'Decrypt',
    'Encrypt',
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'ReEncrypt',
  ],
};

const tooMany = new Map(
  Object.entries(TOO_MANY).map(([source, names]) => [source, new Set(names.map((name) => name.toLowerCase()))]),
);

/** Whether calls of this name, of all of these services, are too many to forward. */
export function isTooMany(name: string, sources: readonly string[]): boolean {
  return (
    sources.length > 0 && sources.every((source) => tooMany.get(source.toLowerCase())?.has(name.toLowerCase()) === true)
  );
}

/** Services that software asks or changes all day long: their calls are too many to forward without a name. */
const BUSY = [
  's3 kms sts ec2 iam secretsmanager ssm lambda dynamodb logs monitoring ecr ecs eks sqs sns rds elasticloadbalancing',
  'autoscaling cloudformation events config cloudtrail organizations tagging elasticfilesystem glue athena bedrock',
];
/** Those of them whose changes alone are too many: sessions, use of keys, streams, reports of agents. */
const BUSY_CHANGES = ['sts kms logs ssm monitoring ecr sqs sns dynamodb'];

const servicesOf = (lines: string[]): Set<string> =>
  new Set(lines.flatMap((line) => line.split(' ')).map((service) => `${service}.amazonaws.com`));
const busy = servicesOf(BUSY);
const busyChanges = servicesOf(BUSY_CHANGES);

/** Whether the calls of a service are too many to forward whatever their names; `changes`: all but reading. */
export function isBusy(source: string, changes: boolean): boolean {
  return (changes ? busyChanges : busy).has(source.toLowerCase());
}
