import { RemovalPolicy, Validations, type Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function, Runtime, type Code } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Deployment } from './deployment';

/** The code of a function, by the name of its file in `handlers/`. */
export type CodeOf = (name: string) => Code;

export interface WorkerProps {
  /** Of its file in `handlers/`, and what comes behind the deployment's name in its own. */
  handler: string;
  deployment: Deployment;
  codeOf: CodeOf;
  timeout: Duration;
  /** Megabytes; processor time grows with it. */
  memory: number;
  environment?: Record<string, string>;
  /** All that it may do, besides writing its log. */
  may: PolicyStatement[];
}

/** A function with a log and a role of its own, which allows what it calls and nothing else. */
export class Worker extends Construct {
  readonly function: Function;
  readonly handler: string;

  constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, id);
    const { handler, deployment, codeOf, timeout, memory, environment, may } = props;
    this.handler = handler;
    const functionName = `${deployment.name}-${handler}`;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/${deployment.name}/${handler}`,
      // The enum's members are numbers of days, of which the schema takes the same.
      retention: deployment.logs.retentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    for (const statement of may) role.addToPolicy(statement);
    this.function = new Function(this, 'Function', {
      ...{ functionName, role, logGroup, timeout, memorySize: memory, code: codeOf(handler), handler: 'index.handler' },
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      environment: { LOG_LEVEL: deployment.logs.level, ...environment },
    });
  }
}

/** Says why a function may do something with a resource that has a wildcard; without it, synth fails. */
export function allowWildcard(worker: Worker, resource: string, reason: string): void {
  Validations.of(worker).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`, reason });
}
