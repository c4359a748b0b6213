import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  App,
  BootstraplessSynthesizer,
  DefaultStackSynthesizer,
  CfnStackSet,
  Stack,
  Tags,
  type IStackSynthesizer,
  type StackProps,
} from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import type { Deployment } from './deployment';
import { Hub } from './hub';
import { Member } from './member';
import type { CodeOf } from './worker';

/** Of CreateStackSet and CreateStack, for a template that is not in a bucket. */
export const MAX_TEMPLATE_BYTES = 51_200;

/** The hub's account and Region. */
class HubStack extends Stack {
  constructor(scope: Construct, id: string, deployment: Deployment, codeOf: CodeOf, props: StackProps) {
    super(scope, id, props);
    new Hub(this, 'Hub', { deployment, codeOf });
    if (deployment.mode === 'single-account') addMember(this, deployment);
  }
}

/** One Region of one account. */
class MemberStack extends Stack {
  /** @param isLarge CDK has to put the template into a bucket, for which the account and Region must be bootstrapped */
  constructor(scope: Construct, id: string, deployment: Deployment, props: StackProps, isLarge = false) {
    const synthesizer = isLarge
      ? new DefaultStackSynthesizer({ generateBootstrapVersionRule: false })
      : new BootstraplessSynthesizer();
    const plain = { synthesizer: synthesizer as IStackSynthesizer, suppressTemplateIndentation: true };
    super(scope, id, { ...props, ...plain });
    addMember(this, deployment);
  }
}

/** Member stacks in all accounts of the organizational units, also of those that join them later. */
class StackSetStack extends Stack {
  constructor(scope: Construct, id: string, deployment: Deployment, template: string, props: StackProps) {
    super(scope, id, props);
    const { name, regions, organizationalUnits, stackSetAccount } = deployment;
    new CfnStackSet(this, 'Members', {
      stackSetName: `${name}-member`,
      description: `Sends privileged acts to the hub of ${name}`,
      ...this.templateOf(template),
      permissionModel: 'SERVICE_MANAGED',
      callAs: stackSetAccount === 'hub' ? 'DELEGATED_ADMIN' : 'SELF',
      capabilities: ['CAPABILITY_NAMED_IAM'],
      autoDeployment: { enabled: true, retainStacksOnAccountRemoval: false },
      managedExecution: { Active: true },
      operationPreferences: {
        regionConcurrencyType: 'PARALLEL',
        // An account that refuses keeps no other from being watched.
        ...{ maxConcurrentPercentage: 100, failureTolerancePercentage: 100 },
      },
      stackInstancesGroup: [{ deploymentTargets: { organizationalUnitIds: organizationalUnits }, regions }],
    });
  }

  /** Only who owns the stack set reads a template in a bucket: the accounts get it from CloudFormation. */
  private templateOf(template: string): { templateBody: string } | { templateUrl: string } {
    if (!isLarge(template)) return { templateBody: template };
    const path = join(mkdtempSync(join(tmpdir(), 'member-')), 'member.template.json');
    writeFileSync(path, template);
    return { templateUrl: new Asset(this, 'Template', { path }).httpUrl };
  }
}

/** Adds the stacks of a deployment to an app. */
export function addStacks(app: App, deployment: Deployment, codeOf: CodeOf): void {
  const { name, hub, regions, organizationalUnits, managementAccount, stackSetAccount, tags } = deployment;
  const about = { description: 'Watches privileged acts (privwatch)', analyticsReporting: false };
  const template = memberTemplate(deployment);
  const addMembers = (prefix: string, account: string, all: string[]): void => {
    for (const region of all) {
      const props = { ...about, env: { account, region } };
      new MemberStack(app, `${prefix}-${region}`, deployment, props, isLarge(template));
    }
  };
  if (deployment.mode === 'single-account') {
    new HubStack(app, name, deployment, codeOf, { ...about, env: hub });
    addMembers(
      name,
      hub.account,
      regions.filter((region) => region !== hub.region),
    );
  } else {
    new HubStack(app, `${name}-hub`, deployment, codeOf, { ...about, env: hub });
    if (organizationalUnits.length > 0) {
      const account = stackSetAccount === 'hub' ? hub.account : managementAccount!;
      new StackSetStack(app, `${name}-stack-set`, deployment, template, {
        ...about,
        env: { account, region: hub.region },
      });
    }
    if (managementAccount) addMembers(`${name}-management`, managementAccount, regions);
  }
  // Dashboards take tags since 2026 only: older readers of templates refuse one that has them.
  const excludeResourceTypes = ['AWS::CloudWatch::Dashboard'];
  for (const [key, value] of Object.entries(tags)) Tags.of(app).add(key, value, { excludeResourceTypes });
}

function isLarge(template: string): boolean {
  return Buffer.byteLength(template) > MAX_TEMPLATE_BYTES;
}

/** The template of a member stack, as JSON: the same in every account and Region. */
export function memberTemplate(deployment: Deployment): string {
  // What is synthesised with the app is checked with it.
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  new MemberStack(app, 'member', deployment, { description: 'Sends privileged acts to the hub (privwatch)' });
  return JSON.stringify(app.synth().getStackByName('member').template);
}

function addMember(
  stack: Stack,
  { name, partition, hub, patterns, findingsAccount, heartbeat, trail }: Deployment,
): void {
  const hubBus = `arn:${partition}:events:${hub.region}:${hub.account}:event-bus/${name}-hub`;
  const heartbeatMinutes = heartbeat.everyMinutes;
  new Member(stack, 'Member', { name, hubBus, patterns, findingsAccount, trail, heartbeatMinutes });
}
