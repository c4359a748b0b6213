import { Duration, Validations } from 'aws-cdk-lib';
import type { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/**
 * EventBridge and S3 may write to a queue that SQS encrypts with its own key without being granted anything; a KMS key
 * would have to name them, and a slip in that would lose events.
 */
const COMMON = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
};

/**
 * A queue in front of a function, and behind it one where what fails is parked, whole, for 14 days.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html for the times that a message is hidden and
 *   given: less than five tries would park what was only throttled
 */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly parked: Queue;

  /** @param timeout of the function that takes from it */
  constructor(scope: Construct, id: string, timeout: Duration) {
    super(scope, id);
    this.parked = parkingQueue(this, 'Parked');
    this.queue = new Queue(this, 'Queue', {
      ...COMMON,
      visibilityTimeout: Duration.seconds(timeout.toSeconds() * 6),
      deadLetterQueue: { queue: this.parked, maxReceiveCount: 8 },
    });
  }

  /** What a function needs to take messages. */
  mayTake(): PolicyStatement {
    const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
    return new PolicyStatement({ actions, resources: [this.queue.queueArn] });
  }

  /** What a function needs to put messages. */
  maySend(): PolicyStatement {
    return new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] });
  }
}

/** A dead-letter queue. */
export function parkingQueue(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, COMMON);
  const reason = 'It is a dead-letter queue: of rules, of a schedule or of a stream, which cdk-nag does not look for.';
  Validations.of(queue).acknowledge({ id: 'AwsSolutions::AwsSolutions-SQS3', reason });
  return queue;
}

/** Lets a rule of EventBridge put messages into a queue. */
export function maySend(rule: CfnRule, queue: Queue): PolicyStatement {
  return new PolicyStatement({
    ...{ principals: [new ServicePrincipal('events.amazonaws.com')], actions: ['sqs:SendMessage'] },
    resources: [queue.queueArn],
    conditions: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
  });
}
