import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { WorkQueue } from './queue';
import type { State } from './state';
import { allowWildcard, Worker, type CodeOf } from './worker';

export interface PulseProps {
  deployment: Deployment;
  codeOf: CodeOf;
  state: State;
  /** Where what was not heard becomes an event like any other. */
  events: WorkQueue;
}

/** Signs of life of all accounts and Regions: one function remembers them, the other one says who is silent. */
export class Pulse extends Construct {
  readonly work: WorkQueue;
  readonly heartbeat: Worker;
  /** To be called by a timer. */
  readonly silence: Worker;

  constructor(scope: Construct, id: string, { deployment, codeOf, state, events }: PulseProps) {
    super(scope, id);
    const { heartbeat, regions } = deployment;
    const { accounts } = heartbeat;
    const TABLE = state.table.tableName;
    const timeout = Duration.minutes(1);
    this.work = new WorkQueue(this, 'Signs', timeout);
    this.heartbeat = new Worker(this, 'Heartbeat', {
      ...{ handler: 'heartbeat', deployment, codeOf, timeout, memory: 256, environment: { TABLE } },
      may: [this.work.mayTake(), ...state.may(['UpdateItem'])],
    });
    this.heartbeat.function.addEventSourceMapping('Queue', {
      ...{ eventSourceArn: this.work.queue.queueArn, reportBatchItemFailures: true, maxConcurrency: 2 },
      // Nobody waits for them, and they come at once from everywhere.
      ...{ batchSize: 100, maxBatchingWindow: Duration.seconds(60) },
    });
    this.silence = new Worker(this, 'Silence', {
      ...{ handler: 'silence', deployment, codeOf, timeout: Duration.minutes(5), memory: 256 },
      environment: {
        ...{ TABLE, EVENT_QUEUE_URL: events.queue.queueUrl, REGIONS: regions.join(',') },
        ACCOUNTS: accounts === 'organization' ? accounts : accounts.join(','),
        SILENT_AFTER_MINUTES: String(heartbeat.silentAfterMinutes),
        NEVER_SPOKE_AFTER_HOURS: String(heartbeat.neverSpokeAfterHours),
      },
      may: [
        events.maySend(),
        ...state.may(['Query', 'UpdateItem']),
        ...(accounts === 'organization' ? [listAccounts()] : []),
      ],
    });
    if (accounts === 'organization')
      allowWildcard(
        this.silence,
        '*',
        'organizations:ListAccounts is about the organization: AWS knows no resource for it.',
      );
  }
}

function listAccounts(): PolicyStatement {
  return new PolicyStatement({ actions: ['organizations:ListAccounts'], resources: ['*'] });
}
