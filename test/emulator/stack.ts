import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import type { Template } from 'aws-cdk-lib/assertions';
import { isObject } from '../../events/json';
import type { Moto } from './moto';

/** What moto's CloudFormation passes over, and why nothing that is tested here needs it. */
export const PASSED_OVER: Record<string, string> = {
  'AWS::CloudFormation::StackSet': 'the member template, which it holds, is created by itself',
  'AWS::CloudWatch::Alarm': 'moto has no metrics that could raise one',
  'AWS::Events::EventBusPolicy': 'all is one account here, which needs no leave',
  'AWS::Scheduler::Schedule': 'the tests call what a timer would',
  'AWS::SNS::Subscription': 'the tests subscribe what it names',
  'AWS::SNS::TopicPolicy': 'moto asks no policy',
  'AWS::SQS::QueuePolicy': 'moto asks no policy',
  'AWS::SecurityHub::Insight': 'a view, which no finding needs',
};

/** Moto would run a function in a container at each message; the tests call the code with what it names. */
const WITHHELD = 'AWS::Lambda::EventSourceMapping';

/** What moto does otherwise than CloudFormation, each with a template that shows it. */
export const MENDED: { what: string; mend: (template: Plain) => Plain; shown: Plain }[] = [
  {
    what: 'a reference to a bus is its name',
    mend: (template) => {
      const buses = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::Events::EventBus');
      const names = new Map(buses.map(([id, { Properties }]) => [id, Properties!['Name']]));
      return replaced(template, ({ Ref }) => names.get(Ref as string)) as Plain;
    },
    shown: {
      Resources: {
        Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'bus' } },
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: { EventBusName: { Ref: 'Bus' }, EventPattern: { source: ['a'] } },
        },
      },
    },
  },
  {
    what: 'a pattern may be text',
    mend: (template) =>
      replaced(template, ({ EventPattern, ...others }) =>
        typeof EventPattern === 'string' ? { ...others, EventPattern: JSON.parse(EventPattern) as object } : undefined,
      ) as Plain,
    shown: {
      Resources: { Rule: { Type: 'AWS::Events::Rule', Properties: { EventPattern: '{"source": ["a", null]}' } } },
    },
  },
  {
    what: 'a tag of a key has a Key and a Value',
    mend: (template) =>
      replaced(template, ({ Type, Properties }) => {
        if (Type !== 'AWS::KMS::Key' || !isObject(Properties) || !('Tags' in Properties)) return undefined;
        return { Type, Properties: Object.fromEntries(Object.entries(Properties).filter(([key]) => key !== 'Tags')) };
      }) as Plain,
    shown: {
      Resources: {
        Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: {}, Tags: [{ Key: 'team', Value: 'security' }] } },
      },
    },
  },
];

/** A template, as far as it matters here. */
export interface Plain {
  Conditions?: object;
  Resources: Record<string, { Type: string; Condition?: string; Properties?: Record<string, unknown> }>;
}

/** A resource of a template of which a stack was created, and whose condition holds. */
export interface Created {
  id: string;
  type: string;
  /** False for what moto passes over. */
  isMade: boolean;
  /** Where moto has one. */
  physicalId: string | undefined;
  /** With all references resolved, also of what moto passes over. */
  properties: Record<string, unknown>;
}

/**
 * Creates a stack in moto, and reads back what CloudFormation made of it. The properties come as outputs, so that no
 * reference is left unread.
 *
 * @throws Error if a reference leads nowhere, or moto refuses something
 */
export async function createStack(
  moto: Moto,
  StackName: string,
  template: Template | Plain,
  { region = moto.environment['AWS_REGION']!, mended = MENDED } = {},
): Promise<Created[]> {
  const plain = mended.reduce((so, { mend }) => mend(so), plainOf(template));
  const all = Object.entries(plain.Resources);
  const outputs = all.map(([, { Condition, Properties = {} }], i) => {
    const Value = { 'Fn::ToJsonString': Properties };
    return [`R${i}`, { Value, ...(Condition !== undefined && { Condition }) }];
  });
  const TemplateBody = JSON.stringify({
    ...plain,
    Resources: Object.fromEntries(all.filter(([, { Type }]) => Type !== WITHHELD)),
    Outputs: Object.fromEntries(outputs) as object,
  });
  const client = new CloudFormationClient({ endpoint: moto.endpoint, region, maxAttempts: 1 });
  try {
    await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }));
    const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName }));
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
    const values = new Map(Stacks![0]!.Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue!]));
    const made = new Map(StackResources.map((one) => [one.LogicalResourceId, one.PhysicalResourceId]));
    return all.flatMap(([id, { Type, Properties = {} }], i) => {
      const value = values.get(`R${i}`);
      if (value === undefined) return [];
      const properties = JSON.parse(value) as Record<string, unknown>;
      checkComplete(Properties, properties, id);
      return [{ id, type: Type, isMade: made.has(id), physicalId: made.get(id), properties }];
    });
  } finally {
    client.destroy();
  }
}

/** Of a reference that leads to nothing it knows, moto drops the member that holds it. */
function checkComplete(asked: unknown, got: unknown, path: string): void {
  if (asked === null) return;
  if (got === undefined || got === null) throw new Error(`${path} refers to nothing: ${JSON.stringify(asked)}`);
  if (Array.isArray(asked)) asked.forEach((one, i) => checkComplete(one, (got as unknown[])[i], `${path}.${i}`));
  else if (isObject(asked) && !Object.keys(asked).some((key) => key === 'Ref' || key.startsWith('Fn::')))
    for (const [key, one] of Object.entries(asked))
      checkComplete(one, (got as Record<string, unknown>)[key], `${path}.${key}`);
}

/** Without what CDK puts in to look for its bootstrap. */
function plainOf(template: Template | Plain): Plain {
  const { Conditions = {}, Resources } = 'Resources' in template ? template : (template.toJSON() as unknown as Plain);
  return { Conditions, Resources };
}

/** A value in which objects are replaced, the outer ones first, by what a function has for them. */
function replaced(value: unknown, by: (object: Record<string, unknown>) => unknown): unknown {
  if (Array.isArray(value)) return value.map((member) => replaced(member, by));
  if (!isObject(value)) return value;
  return by(value) ?? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replaced(member, by)]));
}
