import { CfnRule, type CfnRuleProps } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { DRILL_SOURCE } from '../engine/drill';
import { HEARTBEAT } from '../events/heartbeat';
import type { Deployment } from './deployment';

/** What EventBridge does by itself, said outright: it tries for a day; what is not taken then is parked. */
export const RETRY = { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 };

/** What AWS itself tells of: nobody else can put an event on a bus whose source begins so. */
export const FROM_AWS = { source: [{ prefix: 'aws.' }] };

export const isHeartbeat = { source: [HEARTBEAT.source], 'detail-type': [HEARTBEAT.detailType] };

const TRAIL_FILE = 'Object Created';

/** All but notices of trail files, of which there are many and which are no events. */
export const NO_TRAIL_FILE = [{ 'anything-but': [TRAIL_FILE] }];

/** Notices of S3 that the trail has written a file; the bucket has to be told to give them to EventBridge. */
export function isTrailFile({ bucket, prefix }: NonNullable<Deployment['trail']>): object {
  const key = prefix === '' ? {} : { object: { key: [{ prefix }] } };
  return { source: ['aws.s3'], 'detail-type': [TRAIL_FILE], detail: { bucket: { name: [bucket] }, ...key } };
}

/** Events that someone in the hub's account puts on its bus to see whether all works. */
export function isDrill(hubAccount: string): object {
  return { source: [DRILL_SOURCE], account: [hubAccount] };
}

/**
 * A rule with a pattern. It stands in the template as text: CloudFormation refuses a template with `null` in it, which a
 * pattern may hold.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-null-values.html
 */
export function makeRule(
  scope: Construct,
  id: string,
  { pattern, ...props }: Omit<CfnRuleProps, 'eventPattern'> & { pattern: object },
): CfnRule {
  const rule = new CfnRule(scope, id, props);
  rule.addPropertyOverride('EventPattern', JSON.stringify(pattern));
  return rule;
}
