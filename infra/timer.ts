import { Aws } from 'aws-cdk-lib';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { parkingQueue } from './queue';
import type { Worker } from './worker';

export interface TimerProps {
  name: string;
  /** `rate(5 minutes)` or a cron expression, in UTC. */
  expression: string;
  worker: Worker;
}

/** Calls a function again and again, by EventBridge Scheduler. The function's event has the `time` for which it was called. */
export class Timer extends Construct {
  readonly parked = parkingQueue(this, 'Parked');

  constructor(scope: Construct, id: string, { name, expression, worker }: TimerProps) {
    super(scope, id);
    const { functionArn } = worker.function;
    const allow = (action: string, resource: string): PolicyStatement =>
      new PolicyStatement({ effect: Effect.ALLOW, actions: [action], resources: [resource] });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      inlinePolicies: {
        call: new PolicyDocument({
          statements: [allow('lambda:InvokeFunction', functionArn), allow('sqs:SendMessage', this.parked.queueArn)],
        }),
      },
    });
    new CfnSchedule(this, 'Schedule', {
      ...{ name, scheduleExpression: expression, flexibleTimeWindow: { mode: 'OFF' } },
      target: {
        ...{ arn: functionArn, roleArn: role.roleArn, deadLetterConfig: { arn: this.parked.queueArn } },
        input: JSON.stringify({ time: '<aws.scheduler.scheduled-time>' }),
        // The next call does what this one would have.
        retryPolicy: { maximumEventAgeInSeconds: 300, maximumRetryAttempts: 3 },
      },
    });
  }
}
