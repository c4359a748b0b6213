import { Aws, CfnCondition, Fn } from 'aws-cdk-lib';
import type { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { HEARTBEAT } from '../events/heartbeat';
import type { Deployment } from './deployment';
import type { CompiledPatterns, EventRule } from './patterns/compile';
import { isHeartbeat, isTrailFile, makeRule } from './rules';

export interface MemberProps {
  /** Begins the names of all that is made here. */
  name: string;
  /** ARN of the hub's bus. */
  hubBus: string;
  patterns: Pick<CompiledPatterns, 'member' | 'hub'>;
  /** Where GuardDuty and Access Analyzer gather what they find in all accounts. */
  findingsAccount: string;
  heartbeatMinutes: number;
  /** Whose files are looked for, in the account and the Region of their bucket. */
  trail: Deployment['trail'];
}

const KEEP_SECONDS = 14 * 86_400;

/**
 * What watches one Region of one account: rules on the default bus, where AWS puts its events, that send straight to the
 * hub's bus, since EventBridge passes an event on only once; the role for it; a queue for what could not be sent; and a sign of life
 * that goes the same way. No assets, no functions: the template can be applied by anything that speaks CloudFormation.
 */
export class Member extends Construct {
  constructor(scope: Construct, id: string, props: MemberProps) {
    super(scope, id);
    const { name, hubBus, patterns, findingsAccount, heartbeatMinutes, trail } = props;
    const prefix = `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:rule/${name}-`;

    const parked = new CfnQueue(this, 'Parked', {
      queueName: `${name}-parked`,
      messageRetentionPeriod: KEEP_SECONDS,
      sqsManagedSseEnabled: true,
    });
    Validations.of(parked).acknowledge({
      id: 'AwsSolutions::AwsSolutions-SQS3',
      reason: 'It is itself the dead-letter queue, of the rules and of the schedule.',
    });
    new CfnQueuePolicy(this, 'ParkedPolicy', {
      queues: [parked.ref],
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            ...{ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' },
            ...{ Resource: parked.attrArn, Condition: { ArnLike: { 'aws:SourceArn': `${prefix}*` } } },
          },
          {
            ...{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: parked.attrArn },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      },
    });

    // A role is the account's, in all Regions: its name says of which it is, so that each Region stands by itself.
    const role = this.role('Forward', `${name}-forward`, 'events.amazonaws.com', {
      when: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID }, ArnLike: { 'aws:SourceArn': `${prefix}*` } },
      may: { Effect: 'Allow', Action: 'events:PutEvents', Resource: hubBus },
    });

    const isAccount = (conditionId: string, account: string): CfnCondition =>
      new CfnCondition(this, conditionId, { expression: Fn.conditionEquals(Aws.ACCOUNT_ID, account) });
    const holdsFindings = isAccount('HoldsFindings', findingsAccount);
    // EventBridge tries for a day, if nothing else is said; saying it for each rule would take a tenth of the template.
    const target = { id: 'hub', arn: hubBus, roleArn: role.attrArn, deadLetterConfig: { arn: parked.attrArn } };
    const forward = (rule: Pick<EventRule, 'name' | 'description' | 'state'> & { pattern: object }): CfnRule => {
      const named = { ...rule, name: `${name}-${rule.name}` };
      return makeRule(this, `Rule-${rule.name}`, { ...named, targets: [target] });
    };
    for (const rule of patterns.member) forward(rule);
    for (const rule of patterns.hub) forward(rule).cfnOptions.condition = holdsFindings;
    if (trail) {
      const about = { name: 'trail-files', description: 'New files of the trail', state: 'ENABLED' } as const;
      forward({ ...about, pattern: isTrailFile(trail) }).cfnOptions.condition = isAccount('HoldsTrail', trail.account);
    }
    const signs = { name: 'heartbeat', description: 'Signs of life, over the way that events take' };
    forward({ ...signs, state: 'ENABLED', pattern: isHeartbeat });

    const defaultBus = `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:event-bus/default`;
    const beat = this.role('Beat', `${name}-heartbeat`, 'scheduler.amazonaws.com', {
      when: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      may: {
        ...{ Effect: 'Allow', Action: 'events:PutEvents', Resource: defaultBus },
        Condition: { StringEquals: { 'events:source': HEARTBEAT.source } },
      },
    });
    // Onto the default bus, and by a rule from there: over the very hop that events take.
    new CfnSchedule(this, 'Heartbeat', {
      name: `${name}-heartbeat`,
      scheduleExpression: `rate(${heartbeatMinutes} minutes)`,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: defaultBus,
        roleArn: beat.attrArn,
        eventBridgeParameters: { source: HEARTBEAT.source, detailType: HEARTBEAT.detailType },
        input: '{}',
        // The next one follows soon.
        retryPolicy: { maximumEventAgeInSeconds: heartbeatMinutes * 60, maximumRetryAttempts: 10 },
      },
    });
  }

  private role(id: string, roleName: string, service: string, { when, may }: { when: object; may: object }): CfnRole {
    const Version = '2012-10-17';
    const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole', Condition: when };
    return new CfnRole(this, id, {
      roleName: `${roleName}-${Aws.REGION}`,
      assumeRolePolicyDocument: { Version, Statement: [trust] },
      policies: [{ policyName: 'put-events', policyDocument: { Version, Statement: [may] } }],
    });
  }
}
