import { Match, type Template } from 'aws-cdk-lib/assertions';
import { isObject } from '../../events/json';
import { permissionsPage, storedPermissionsPage, type Template as PlainTemplate } from '../../infra/permissions';
import { MAX_TEMPLATE_BYTES, memberTemplate } from '../../infra/stacks';
import { resourcesOf, synthSample, type Made, type Resource } from './synth';

const HUB_BUS = 'arn:aws:events:eu-central-1:333344445555:event-bus/privwatch-hub';
const ALL_EVENTS = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Principal?: unknown;
}

/** Every statement of every policy that allows something. */
function allowed(template: Template): (Statement & { of: string })[] {
  const found: (Statement & { of: string })[] = [];
  const visit = (value: unknown, of: string): void => {
    if (Array.isArray(value)) value.forEach((member) => visit(member, of));
    else if (isObject(value)) {
      if (value['Effect'] === 'Allow') found.push({ ...(value as unknown as Statement), of });
      else Object.values(value).forEach((member) => visit(member, of));
    }
  };
  for (const { id, Properties } of resourcesOf(template)) visit(Properties, id);
  return found;
}

/** Queues of what nothing takes care of any more; what a drill left behind is one, too. */
const isParking = (id: string): boolean => /Parked|Drill/.test(id);

let made: Made;
let hub: Template;
let text: string;
let member: Record<string, { Type: string; Condition?: string; Properties: Record<string, unknown> }>;
beforeAll(() => {
  made = synthSample('organization');
  hub = made.templates['privwatch-hub']!;
  text = memberTemplate(made.deployment);
  member = (JSON.parse(text) as { Resources: typeof member }).Resources;
}, 60_000);

describe('The hub', () => {
  test('lets in members of the organization by their roles, with events of AWS and signs of life', () => {
    hub.hasResourceProperties('AWS::Events::EventBusPolicy', {
      Statement: {
        Action: 'events:PutEvents',
        Condition: {
          StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorg01' },
          ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/privwatch-forward-*' },
          'ForAllValues:StringLike': { 'events:source': ['aws.*', 'privwatch.heartbeat'] },
        },
      },
    });
    hub.resourceCountIs('AWS::Events::EventBusPolicy', 1);
  });

  test('takes drills of its own account only', () => {
    const pattern = { source: ['privwatch.drill'], account: ['333344445555'] };
    hub.hasResourceProperties('AWS::Events::Rule', { Name: 'privwatch-drill', EventPattern: JSON.stringify(pattern) });
  });

  test('hands each event to a queue, with another behind it for what is not taken', () => {
    const rules = resourcesOf(hub, 'AWS::Events::Rule');
    expect(rules.map(({ Properties }) => Properties['Name'])).toEqual(
      ['findings-of-drills', 'events', 'drill', 'heartbeat', 'trail-files'].map((name) => `privwatch-${name}`),
    );
    for (const { Properties } of rules) {
      expect(Properties['State']).toBe(Properties['Name'] === 'privwatch-findings-of-drills' ? 'ENABLED' : ALL_EVENTS);
      expect(Properties['Targets']).toEqual([
        expect.objectContaining({ DeadLetterConfig: expect.anything() as unknown }),
      ]);
    }
  });

  test('has queues that are encrypted, and each that holds work has a dead-letter queue', () => {
    const queues = resourcesOf(hub, 'AWS::SQS::Queue');
    for (const { id, Properties } of queues) {
      expect(Properties['SqsManagedSseEnabled']).toBe(true);
      expect('RedrivePolicy' in Properties).toBe(!isParking(id));
    }
    expect(queues.filter(({ id }) => !isParking(id))).toHaveLength(6);
  });

  test('keeps its state encrypted, recoverable, bounded, and after it is gone itself', () => {
    hub.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: {
        ...{ BillingMode: 'PAY_PER_REQUEST', DeletionProtectionEnabled: true },
        ...{
          OnDemandThroughput: { MaxWriteRequestUnits: 4000 },
          StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        },
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: Match.anyValue() },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      },
    });
    hub.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
    hub.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
  });

  test('shows findings in Security Hub by detector, actor, account and severity', () => {
    const insights = resourcesOf(hub, 'AWS::SecurityHub::Insight').map(({ Properties }) => Properties);
    expect(insights.map(({ GroupByAttribute }) => GroupByAttribute)).toEqual([
      ...['GeneratorId', 'ResourceAwsIamAccessKeyPrincipalName', 'ResourceId', 'SeverityLabel'],
    ]);
    for (const { Filters } of insights)
      expect(Filters).toMatchObject({ GeneratorId: [{ Comparison: 'PREFIX', Value: 'privwatch/' }] });
  });

  test('runs functions on Node.js 24 and Arm, each with a role and a log of its own that does not grow for ever', () => {
    const functions = resourcesOf(hub, 'AWS::Lambda::Function');
    expect(functions.map(({ Properties }) => Properties['FunctionName']).sort()).toEqual(
      [
        'detect',
        'digest',
        'eventbridge',
        'heartbeat',
        'outbox',
        'reconcile',
        'security-hub',
        'silence',
        'sns',
        'sweep',
      ].map((name) => `privwatch-${name}`),
    );
    hub.allResourcesProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    const roles = functions.map(({ Properties }) => JSON.stringify(Properties['Role']));
    expect(new Set(roles).size).toBe(functions.length);
    hub.resourceCountIs('AWS::Logs::LogGroup', functions.length);
    hub.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
  });

  test('gives back what failed and nothing else, and never more than so many at once', () => {
    const mappings = resourcesOf(hub, 'AWS::Lambda::EventSourceMapping');
    for (const { Properties } of mappings)
      expect(Properties['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
    const bounded = mappings.filter(({ Properties }) => 'ScalingConfig' in Properties);
    expect(mappings.length - bounded.length).toBe(1);
    hub.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      FilterCriteria: { Filters: [{ Pattern: '{"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"head#"}]}}}}' }] },
      MaximumRecordAgeInSeconds: 82_800,
    });
  });

  test('calls by a scheduler, not by rules', () => {
    expect(
      resourcesOf(hub, 'AWS::Scheduler::Schedule').map(({ Properties }) => Properties['ScheduleExpression']),
    ).toEqual(['rate(5 minutes)', 'rate(15 minutes)', 'cron(0 6 * * ? *)']);
    for (const { Properties } of resourcesOf(hub, 'AWS::Events::Rule'))
      expect(Properties).not.toHaveProperty('ScheduleExpression');
  });

  test('allows no action of all kinds, and every resource only where AWS knows none', () => {
    const wide = allowed(hub).filter(({ Resource }) => [Resource].flat().includes('*'));
    expect(wide.map(({ Action }) => Action)).toEqual([
      // The key's own policy, in which "*" is the key: the account's administrators, and alarms.
      'kms:*',
      ['kms:Decrypt', 'kms:GenerateDataKey'],
      'organizations:ListAccounts',
      'dynamodb:ListStreams',
    ]);
    const actions = allowed(hub).flatMap(({ Action }) => Action);
    expect(actions.filter((action) => action.includes('*'))).toEqual(['kms:*']);
    hub.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
    for (const { Properties } of resourcesOf(hub, 'AWS::IAM::Role'))
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  test('raises an alarm for every dead-letter queue, old work, errors, throttles, lag and silent timers', () => {
    const alarms = resourcesOf(hub, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
    const count = (metric: string): number => alarms.filter(({ MetricName }) => MetricName === metric).length;
    const queues = resourcesOf(hub, 'AWS::SQS::Queue');
    expect(count('ApproximateNumberOfMessagesVisible')).toBe(queues.filter(({ id }) => id.includes('Parked')).length);
    expect(count('ApproximateAgeOfOldestMessage')).toBe(queues.filter(({ id }) => !isParking(id)).length);
    expect([count('Errors'), count('Throttles'), count('Invocations')]).toEqual([10, 10, 3]);
    expect([count('lag'), count('delay'), count('failed'), count('IteratorAge')]).toEqual([3, 3, 3, 1]);
    hub.hasResourceProperties('AWS::CloudWatch::Alarm', {
      ...{ Namespace: 'privwatch', MetricName: 'lag', Dimensions: [{ Name: 'sink', Value: 'sns' }] },
      ...{ ExtendedStatistic: 'p95', Threshold: 15 * 60_000, EvaluationPeriods: 2 },
    });
    for (const { AlarmActions } of alarms) expect(AlarmActions).toHaveLength(1);
    hub.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'cloud-security@example.com' });
  });
});

describe('A member', () => {
  const rules = (): Resource['Properties'][] =>
    Object.values(member)
      .filter(({ Type }) => Type === 'AWS::Events::Rule')
      .map(({ Properties }) => Properties);

  test('is a template without assets, functions and parameters, and a stack set takes it', () => {
    const template = JSON.parse(text) as object;
    expect(Object.keys(template).sort()).toEqual(['Conditions', 'Description', 'Resources']);
    // Of a template in a bucket: a megabyte, and 500 resources.
    expect(Buffer.byteLength(JSON.stringify(template))).toBeLessThan(1_000_000);
    expect(Object.keys(member).length).toBeLessThan(500);
    expect(JSON.stringify(template)).not.toMatch(/cdk-hnb659fds|AWS::Lambda|S3Bucket/);
  });

  test('sends straight to the bus of the hub, in one hop, and parks what cannot be sent', () => {
    for (const { Targets, EventBusName } of rules()) {
      expect(EventBusName).toBeUndefined();
      expect(Targets).toEqual([
        {
          Id: 'hub',
          Arn: HUB_BUS,
          RoleArn: expect.anything() as unknown,
          DeadLetterConfig: expect.anything() as unknown,
        },
      ]);
    }
  });

  test('asks for read-only events by separate rules, which list what they ask for', () => {
    const all = rules().filter(({ State }) => State === ALL_EVENTS);
    expect(all.length).toBeGreaterThan(0);
    expect(rules().length - all.length).toBeGreaterThan(all.length);
    // But for detectors that ask for no name, whose rules say so in theirs.
    for (const { EventPattern, Name } of all.filter(({ Name }) => !String(Name).includes('any-name')))
      expect([Name, EventPattern]).toEqual([Name, expect.stringContaining('"eventName"')]);
  });

  test('keeps patterns within what EventBridge takes', () => {
    for (const { EventPattern } of rules()) expect((EventPattern as string).length).toBeLessThanOrEqual(2048);
  });

  test('forwards GuardDuty from the account alone that gathers it', () => {
    const conditions = Object.values(member).filter(({ Condition }) => Condition);
    const names = conditions.map(({ Properties }) => Properties['Name']);
    expect(names).toEqual(expect.arrayContaining(['privwatch-guardduty', 'privwatch-trail-files']));
    const native = rules().filter(({ EventPattern }) =>
      /"aws\.(guardduty|access-analyzer)"/.test(EventPattern as string),
    );
    for (const { Name } of native) expect(names).toContain(Name);
  });

  test('has roles that may put events on one bus each', () => {
    const roles = Object.values(member).filter(({ Type }) => Type === 'AWS::IAM::Role');
    const may = roles.map(({ Properties }) => {
      const [{ PolicyDocument }] = Properties['Policies'] as [{ PolicyDocument: { Statement: Statement[] } }];
      return PolicyDocument.Statement.map(({ Action }) => Action);
    });
    expect(may).toEqual([['events:PutEvents'], ['events:PutEvents']]);
  });

  test('sends its sign of life onto the default bus, from where a rule takes it the way of all events', () => {
    const [schedule] = Object.values(member).filter(({ Type }) => Type === 'AWS::Scheduler::Schedule');
    expect(schedule!.Properties).toMatchObject({
      ScheduleExpression: 'rate(60 minutes)',
      Target: { EventBridgeParameters: { Source: 'privwatch.heartbeat', DetailType: 'privwatch heartbeat' } },
    });
    const pattern = { source: ['privwatch.heartbeat'], 'detail-type': ['privwatch heartbeat'] };
    expect(rules().map(({ EventPattern }) => EventPattern)).toContain(JSON.stringify(pattern));
  });

  test('reaches all accounts by a stack set, and the management account by stacks of its own', () => {
    const set = made.templates['privwatch-stack-set']!;
    set.hasResourceProperties('AWS::CloudFormation::StackSet', {
      [Buffer.byteLength(text) > MAX_TEMPLATE_BYTES ? 'TemplateURL' : 'TemplateBody']: Match.anyValue(),
      ...{ PermissionModel: 'SERVICE_MANAGED', CallAs: 'DELEGATED_ADMIN', AutoDeployment: { Enabled: true } },
      StackInstancesGroup: [
        { DeploymentTargets: { OrganizationalUnitIds: ['r-ab12'] }, Regions: made.deployment.regions },
      ],
    });
    const own = Object.keys(made.templates).filter((name) => name.startsWith('privwatch-management-'));
    expect(own).toHaveLength(made.deployment.regions.length);
  });
});

test('No template holds a null, which CloudFormation refuses wherever it stands', () => {
  const holdsNull = (value: unknown): boolean =>
    value === null || (typeof value === 'object' && Object.values(value).some(holdsNull));
  const all = Object.entries(made.templates).map(([name, template]) => [name, template.toJSON()] as const);
  expect([...all, ['member', JSON.parse(text) as object] as const].filter(([, one]) => holdsNull(one))).toEqual([]);
});

test('docs/permissions.md says what the templates allow (npm run permissions)', () => {
  const template = (of: Template): PlainTemplate => of.toJSON() as unknown as PlainTemplate;
  const one = made.templates['privwatch-management-us-east-1']!;
  expect(storedPermissionsPage()).toBe(permissionsPage({ hub: template(hub), member: template(one) }));
});

test('A single account is one stack with both, that lets in nobody', () => {
  const { templates } = synthSample('single-account');
  expect(Object.keys(templates)).toEqual(['privwatch']);
  const alone = templates['privwatch']!;
  alone.resourceCountIs('AWS::Events::EventBusPolicy', 0);
  alone.resourceCountIs('AWS::DynamoDB::Table', 1);
  const forwarding = resourcesOf(alone, 'AWS::Events::Rule').filter(
    ({ Properties }) => !('EventBusName' in Properties),
  );
  expect(forwarding.length).toBeGreaterThan(5);
}, 60_000);
