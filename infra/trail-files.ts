import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { WorkQueue } from './queue';
import { STORE_ACTIONS, type State } from './state';
import { allowWildcard, Worker, type CodeOf } from './worker';

export interface TrailFilesProps {
  deployment: Deployment;
  codeOf: CodeOf;
  state: State;
  road: Record<string, string>;
  trail: NonNullable<Deployment['trail']>;
}

/** What the bus has lost, from the files of the trail: they go down the same road, where what is known changes nothing. */
export class TrailFiles extends Construct {
  readonly work: WorkQueue;
  readonly reconcile: Worker;

  constructor(scope: Construct, id: string, { deployment, codeOf, state, road, trail }: TrailFilesProps) {
    super(scope, id);
    const { partition, concurrency } = deployment;
    const timeout = Duration.minutes(5);
    this.work = new WorkQueue(this, 'Files', timeout);
    const objects = `arn:${partition}:s3:::${trail.bucket}/${trail.prefix}*`;
    this.reconcile = new Worker(this, 'Reconcile', {
      // A file unpacks to at most half a gigabyte.
      ...{ handler: 'reconcile', deployment, codeOf, timeout, memory: 2048, environment: road },
      may: [
        this.work.mayTake(),
        ...state.may(STORE_ACTIONS),
        new PolicyStatement({ actions: ['s3:GetObject'], resources: [objects] }),
        ...(trail.keyArn ? [new PolicyStatement({ actions: ['kms:Decrypt'], resources: [trail.keyArn] })] : []),
      ],
    });
    this.reconcile.function.addEventSourceMapping('Queue', {
      ...{ eventSourceArn: this.work.queue.queueArn, reportBatchItemFailures: true },
      // A file at a time: a batch would have to be done within one call.
      ...{ batchSize: 1, maxConcurrency: concurrency.sinks },
    });
    allowWildcard(this.reconcile, objects, "The trail's files, of which there is a new one every few minutes.");
  }
}
