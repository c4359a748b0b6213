import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { Insights } from './security-hub';
import { Intake } from './intake';
import { makeTopic, Publishing } from './publishing';
import { Pulse } from './pulse';
import { WorkQueue } from './queue';
import { State, STORE_ACTIONS } from './state';
import { Timer } from './timer';
import { TrailFiles } from './trail-files';
import { Watch } from './watch';
import { Worker, type CodeOf } from './worker';

export interface HubProps {
  deployment: Deployment;
  codeOf: CodeOf;
}

/** Function and queue of events: a message is an event. */
const DETECT = { timeout: Duration.minutes(1), memory: 512 };

/** Where events of all accounts come together, are judged, and become findings. */
export class Hub extends Construct {
  constructor(scope: Construct, id: string, { deployment, codeOf }: HubProps) {
    super(scope, id);
    const { name, hub, trail, concurrency } = deployment;
    const key = makeKey(this, deployment);
    const state = new State(this, 'State', key, deployment);
    const road = { RULESET_FILE: 'ruleset.json', TABLE: state.table.tableName, HUB_ACCOUNT: hub.account };
    const batches = { reportBatchItemFailures: true, batchSize: 10 };

    const events = new WorkQueue(this, 'Events', DETECT.timeout);
    const detect = new Worker(this, 'Detect', {
      ...{ handler: 'detect', deployment, codeOf, ...DETECT, environment: road },
      may: [events.mayTake(), ...state.may(STORE_ACTIONS)],
    });
    detect.function.addEventSourceMapping('Queue', {
      ...{ eventSourceArn: events.queue.queueArn, ...batches, maxConcurrency: concurrency.detect },
    });

    const sweep = new Worker(this, 'Sweep', {
      ...{ handler: 'sweep', deployment, codeOf, timeout: Duration.minutes(5), memory: 512, environment: road },
      may: state.may(STORE_ACTIONS),
    });
    const pulse = new Pulse(this, 'Pulse', { deployment, codeOf, state, events });
    const files = trail && new TrailFiles(this, 'TrailFiles', { deployment, codeOf, state, road, trail });
    const publishing = new Publishing(this, 'Publishing', { deployment, codeOf, key, state, road });
    if (deployment.sinks.securityHub) new Insights(this, 'Insights');
    const intake = new Intake(this, 'Intake', {
      deployment,
      ...{ events: events.queue, heartbeats: pulse.work.queue, files: files?.work.queue },
    });

    const { outlets, outbox, digest } = publishing;
    const timed = [
      { worker: sweep, minutes: 5, expression: 'rate(5 minutes)' },
      { worker: pulse.silence, minutes: 15, expression: 'rate(15 minutes)' },
      ...(digest ? [{ worker: digest, minutes: 24 * 60, expression: 'cron(0 6 * * ? *)' }] : []),
    ];
    const timers = timed.map(({ worker, expression }) => {
      return new Timer(this, `${worker.node.id}Timer`, { name: `${name}-${worker.handler}`, expression, worker });
    });
    const works = [events, pulse.work, ...(files ? [files.work] : []), ...outlets.map(({ work }) => work)];
    new Watch(this, 'Watch', {
      ...{ deployment, intake, state, timed, outbox, outlets },
      topic: makeTopic(this, 'Alarms', {
        ...{ name: `${name}-alarms`, displayName: `${name} itself does not work`, key },
        emails: deployment.alarms.emails,
      }),
      workers: [
        ...[detect, sweep, pulse.heartbeat, pulse.silence, ...(files ? [files.reconcile] : [])],
        ...(digest ? [digest] : []),
        ...[outbox, ...outlets.map(({ worker }) => worker)],
      ],
      queues: works.map(({ queue }) => ({ queue, minutes: queue === files?.work.queue ? 60 : 5 })),
      parked: [...works, intake, publishing, ...timers].map(({ parked }) => parked),
    });
  }
}

/** One key for the table and the topics. It outlives the stack, as the table does. */
function makeKey(scope: Construct, { name }: Deployment): Key {
  const key = new Key(scope, 'Key', {
    alias: name,
    description: `State and topics of ${name}`,
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  // Alarms go to a topic that it encrypts; that this account's alarms come there, the topic's policy says.
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
    }),
  );
  return key;
}
