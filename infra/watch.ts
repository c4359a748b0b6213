import { Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  Metric,
  TextWidget,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { NAMESPACE } from '../handlers/metrics';
import type { Deployment } from './deployment';
import type { Intake } from './intake';
import type { Outlet } from './publishing';
import type { State } from './state';
import type { Worker } from './worker';

export interface WatchProps {
  deployment: Deployment;
  topic: Topic;
  intake: Intake;
  state: State;
  workers: Worker[];
  /** Functions that a timer calls, and how often. */
  timed: { worker: Worker; minutes: number }[];
  /** Queues with work, and how old it may become. */
  queues: { queue: Queue; minutes: number }[];
  /** Dead-letter queues. */
  parked: Queue[];
  outbox: Worker;
  outlets: Outlet[];
}

const FIVE = Duration.minutes(5);

/** Alarms when privwatch itself does not work, each to one topic, and a dashboard. */
export class Watch extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: WatchProps,
  ) {
    super(scope, id);
    this.letCloudWatchPublish();
    this.functions();
    this.queues();
    this.promises();
    this.dashboard();
  }

  /** A topic with a policy of its own no longer lets in all of its account. */
  private letCloudWatchPublish(): void {
    const { topic, deployment } = this.props;
    const { account, region } = deployment.hub;
    topic.addToResourcePolicy(
      new PolicyStatement({
        ...{ principals: [new ServicePrincipal('cloudwatch.amazonaws.com')], actions: ['sns:Publish'] },
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:${deployment.partition}:cloudwatch:${region}:${account}:alarm:*` },
        },
      }),
    );
  }

  private functions(): void {
    const { workers, timed } = this.props;
    for (const { function: one, node } of workers) {
      this.alarm(
        `${node.id}-errors`,
        one.metricErrors({ period: FIVE }),
        1,
        `A call of ${node.id} failed as a whole; its log says why.`,
      );
      this.alarm(`${node.id}-throttles`, one.metricThrottles({ period: FIVE }), 1, {
        description: `${node.id} did not get to run: the account's concurrency is used up.`,
        periods: 3,
      });
    }
    for (const { worker, minutes } of timed) {
      const calls = worker.function.metricInvocations({ period: Duration.minutes(Math.min(24 * 60, minutes * 3)) });
      this.alarm(`${worker.node.id}-not-called`, calls, 1, {
        description: `The timer did not call ${worker.node.id}.`,
        operator: ComparisonOperator.LESS_THAN_THRESHOLD,
        missing: TreatMissingData.BREACHING,
      });
    }
  }

  private queues(): void {
    const { parked, queues, intake } = this.props;
    for (const queue of parked)
      this.alarm(
        `${nameOf(queue)}-not-empty`,
        queue.metricApproximateNumberOfMessagesVisible({ period: FIVE, statistic: 'Maximum' }),
        1,
        'Something could not be done and is parked for 14 days; docs/deploy.md says how to look at it and try it again.',
      );
    for (const { queue, minutes } of queues)
      this.alarm(
        `${nameOf(queue)}-old`,
        queue.metricApproximateAgeOfOldestMessage({ period: FIVE, statistic: 'Maximum' }),
        minutes * 60,
        'Work waits for too long.',
      );
    const dimensionsMap = { EventBusName: intake.bus.eventBusName };
    for (const RuleName of intake.ruleNames)
      this.alarm(
        `${RuleName}-failed`,
        new Metric({
          ...{ namespace: 'AWS/Events', metricName: 'FailedInvocations', period: FIVE, statistic: 'Sum' },
          dimensionsMap: { ...dimensionsMap, RuleName },
        }),
        1,
        'The bus could not hand an event to its queue.',
      );
  }

  /** What the README promises of speed and completeness, and what must not be silent. */
  private promises(): void {
    const { deployment, outbox, outlets, state } = this.props;
    const { lagMinutes } = deployment.alarms;
    for (const { sink } of outlets) {
      this.alarm(`${sink}-lag`, own('lag', { sink }, 'p95'), lagMinutes * 60_000, {
        description: `From an event to ${sink} it takes over ${lagMinutes} minutes (p95); CloudTrail's own delay is part of it.`,
        periods: 2,
      });
      this.alarm(`${sink}-slow`, own('delay', { sink }, 'p95'), 60_000, {
        description: `From a finding to ${sink} it takes over a minute (p95).`,
        periods: 2,
      });
      this.alarm(`${sink}-fails`, own('failed', { sink }, 'Sum'), 1, {
        description: `${sink} has refused findings for a quarter of an hour.`,
        periods: 3,
      });
    }
    this.alarm(
      'outbox-behind',
      outbox.function.metric('IteratorAge', { period: FIVE, statistic: 'Maximum' }),
      300_000,
      {
        description: 'The function behind the table is stuck, or slow: findings are stored and not told.',
      },
    );
    this.alarm(
      'table-throttles',
      new Metric({
        ...{ namespace: 'AWS/DynamoDB', metricName: 'WriteThrottleEvents', period: FIVE, statistic: 'Sum' },
        dimensionsMap: { TableName: state.table.tableName },
      }),
      1,
      { description: 'The table refuses writes: a flood, or maxWriteUnits is too low.', periods: 3 },
    );
  }

  private alarm(
    id: string,
    metric: IMetric,
    threshold: number,
    about:
      string | { description: string; periods?: number; operator?: ComparisonOperator; missing?: TreatMissingData },
  ): void {
    const { description, periods = 1, operator, missing } = typeof about === 'string' ? { description: about } : about;
    const { deployment, topic } = this.props;
    const alarm = new Alarm(this, id, {
      ...{ alarmName: `${deployment.name} ${id}`, alarmDescription: description, metric, threshold },
      evaluationPeriods: periods,
      comparisonOperator: operator ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }

  private dashboard(): void {
    const { deployment, queues, parked, workers, outlets, state } = this.props;
    const board = new Dashboard(this, 'Dashboard', { dashboardName: deployment.name });
    const graph = (title: string, left: IMetric[], width = 8): GraphWidget =>
      new GraphWidget({ ...{ title, left, width, height: 6 }, region: Stack.of(this).region });
    const sum = (name: string, of: string): Metric => own(name, { function: of }, 'Sum').with({ label: name });
    board.addWidgets(
      new TextWidget({ markdown: `# ${deployment.name}\nEvents come in, findings go out.`, width: 24, height: 2 }),
    );
    board.addWidgets(
      graph(
        'Events',
        ['in', 'matched', 'unmatched', 'rejected', 'duplicate'].map((name) => sum(name, 'detect')),
      ),
      graph(
        'Matches',
        ['matches', 'hits', 'withoutGroup', 'tooLate', 'untimed'].map((name) => sum(name, 'detect')),
      ),
      graph(
        'Findings',
        ['findings', 'changes', 'notified'].map((name) => sum(name, 'outbox')),
      ),
    );
    board.addWidgets(
      graph('From event to finding and to sink, ms, p95', [
        own('lag', { function: 'outbox' }, 'p95').with({ label: 'finding' }),
        ...outlets.map(({ sink }) => own('lag', { sink }, 'p95').with({ label: sink })),
      ]),
      graph(
        'From finding to sink, ms, p95',
        outlets.map(({ sink }) => own('delay', { sink }, 'p95').with({ label: sink })),
      ),
      graph(
        'Sinks',
        outlets.flatMap(({ sink }) =>
          ['sent', 'failed'].map((name) => own(name, { sink }, 'Sum').with({ label: `${sink} ${name}` })),
        ),
      ),
    );
    board.addWidgets(
      graph(
        'Age of the oldest message, s',
        queues.map(({ queue }) => queue.metricApproximateAgeOfOldestMessage({ label: nameOf(queue) })),
      ),
      graph(
        'Parked',
        parked.map((queue) =>
          queue.metricApproximateNumberOfMessagesVisible({ label: nameOf(queue), statistic: 'Maximum' }),
        ),
      ),
      graph('Table, units', [
        state.table.metricConsumedWriteCapacityUnits({ label: 'write', statistic: 'Sum' }),
        state.table.metricConsumedReadCapacityUnits({ label: 'read', statistic: 'Sum' }),
      ]),
    );
    board.addWidgets(
      graph(
        'Errors',
        workers.map((worker) => worker.function.metricErrors({ label: worker.node.id })),
      ),
      graph(
        'Duration, ms, p95',
        workers.map((worker) => worker.function.metricDuration({ label: worker.node.id, statistic: 'p95' })),
      ),
      graph(
        'Running at once',
        workers.map((worker) =>
          worker.function.metric('ConcurrentExecutions', { label: worker.node.id, statistic: 'Maximum' }),
        ),
      ),
    );
  }
}

/** A metric that the functions write. */
function own(metricName: string, dimensionsMap: Record<string, string>, statistic: string): Metric {
  return new Metric({ namespace: NAMESPACE, metricName, dimensionsMap, statistic, period: FIVE });
}

/** Where a queue stands in the stack: `Detect-queue`, `Detect-queue-parked`. */
function nameOf(queue: Queue): string {
  const scope = queue.node.scope!.node.id;
  return queue.node.id === 'Queue' ? scope : `${scope}-parked`;
}
