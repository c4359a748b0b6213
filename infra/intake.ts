import { EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { HEARTBEAT } from '../events/heartbeat';
import type { Deployment } from './deployment';
import { maySend, parkingQueue } from './queue';
import { FROM_AWS, isDrill, isHeartbeat, isTrailFile, makeRule, NO_TRAIL_FILE, RETRY } from './rules';

export interface IntakeProps {
  deployment: Deployment;
  /** Where events go, drills among them. */
  events: Queue;
  heartbeats: Queue;
  /** Where notices of new trail files go. */
  files: Queue | undefined;
}

/** The hub's bus, who may put what on it, and where it goes from there. */
export class Intake extends Construct {
  readonly bus: EventBus;
  readonly parked: Queue;
  readonly ruleNames: string[] = [];

  constructor(scope: Construct, id: string, { deployment, events, heartbeats, files }: IntakeProps) {
    super(scope, id);
    const { name, hub, trail, organizationId } = deployment;
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: `${name}-hub`,
      description: 'Privileged acts of all accounts',
    });
    this.parked = parkingQueue(this, 'Parked');
    if (organizationId !== undefined) this.letIn(organizationId, deployment);

    this.route(`${name}-events`, { ...FROM_AWS, 'detail-type': NO_TRAIL_FILE }, events);
    this.route(`${name}-drill`, isDrill(hub.account), events);
    this.route(`${name}-heartbeat`, isHeartbeat, heartbeats);
    if (trail && files) this.route(`${name}-trail-files`, { ...isTrailFile(trail), account: [trail.account] }, files);
  }

  /**
   * Accounts of the organization, by the roles of their member stacks and no others, with events of AWS and with signs of
   * life. Should EventBridge not say of what source an event is that a rule passes on, the last condition holds, and the rules
   * on the bus decide alone.
   */
  private letIn(organizationId: string, { name, partition }: Deployment): void {
    this.bus.addToResourcePolicy(
      new PolicyStatement({
        ...{ sid: 'members', principals: [new StarPrincipal()], actions: ['events:PutEvents'] },
        resources: [this.bus.eventBusArn],
        conditions: {
          StringEquals: { 'aws:PrincipalOrgID': organizationId },
          ArnLike: { 'aws:PrincipalArn': `arn:${partition}:iam::*:role/${name}-forward-*` },
          'ForAllValues:StringLike': { 'events:source': ['aws.*', HEARTBEAT.source] },
        },
      }),
    );
  }

  private route(name: string, pattern: object, queue: Queue): void {
    const rule = makeRule(this, name, {
      ...{ name, eventBusName: this.bus.eventBusName, pattern },
      // AWS's documents disagree on whether it counts on other buses than the default: so it is said here, too.
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      targets: [
        {
          ...{ id: 'queue', arn: queue.queueArn, retryPolicy: RETRY },
          deadLetterConfig: { arn: this.parked.queueArn },
        },
      ],
    });
    for (const target of [queue, this.parked]) target.addToResourcePolicy(maySend(rule, target));
    this.ruleNames.push(name);
  }
}
