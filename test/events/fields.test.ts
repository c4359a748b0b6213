import { deriveField, makeContext } from '../../events/derived';
import type { Config } from '../../events/config';
import type { Json, JsonObject } from '../../events/json';
import { eventOf, trailRecord } from './support';

const config: Config = {
  organization: { id: 'o-exampleorg01', accounts: [{ id: '111122223333' }, { id: '444455556666' }] },
  trusted: { accounts: ['555566667777'], networks: ['203.0.113.0/24', '2001:db8::/32'] },
  automation: ['arn:aws:iam::*:role/nightly'],
  ci: ['arn:aws:iam::*:role/deploy-*'],
  breakGlass: ['arn:aws:iam::*:role/break-glass', '111122223333:root'],
  businessHours: { timezone: 'Europe/Berlin', from: '08:00', to: '18:00', holidays: ['2026-12-25'] },
};

function derive(field: string, record: JsonObject, configuration: Config = config): Json | undefined {
  return deriveField(`derived.${field}`, eventOf(trailRecord(1, record)), makeContext(configuration));
}

describe('what a call opens to the world', () => {
  const ingress = (...items: Json[]): JsonObject => ({
    eventSource: 'ec2.amazonaws.com',
    eventName: 'AuthorizeSecurityGroupIngress',
    requestParameters: { groupId: 'sg-1', ipPermissions: { items } },
  });
  const from = (cidrIp: string, fromPort: Json, toPort: Json, ipProtocol: Json = 'tcp'): JsonObject => ({
    ...{ ipProtocol, fromPort, toPort, groups: {}, ipv6Ranges: {}, prefixListIds: {} },
    ipRanges: { items: [{ cidrIp }] },
  });
  const from6 = (cidrIpv6: string, port: number): JsonObject => ({
    ...{ ipProtocol: 'tcp', fromPort: port, toPort: port, ipRanges: {} },
    ipv6Ranges: { items: [{ cidrIpv6 }] },
  });
  const rules = (SecurityGroupRule: Json): JsonObject => ({
    eventSource: 'ec2.amazonaws.com',
    eventName: 'ModifySecurityGroupRules',
    requestParameters: {
      ModifySecurityGroupRulesRequest: { GroupId: 'sg-1', SecurityGroupRule: { SecurityGroupRule, tag: 1 } },
    },
  });
  const acl = (over: JsonObject): JsonObject => ({
    eventSource: 'ec2.amazonaws.com',
    eventName: 'CreateNetworkAclEntry',
    requestParameters: {
      aclProtocol: '6',
      egress: false,
      ruleAction: 'allow',
      portRange: { from: 22, to: 22 },
      ...over,
    },
  });
  const rdp = { IpProtocol: 'tcp', FromPort: 3389, ToPort: 3389, CidrIpv4: '0.0.0.0/0' };
  test.each<[string, JsonObject, string[], string[]] | [string, JsonObject, string[]]>([
    ['one port', ingress(from('0.0.0.0/0', 22, 22)), ['22'], ['22']],
    ['ports that are texts', ingress(from('0.0.0.0/0', '22', '22')), ['22'], ['22']],
    ['a web server', ingress(from('0.0.0.0/0', 443, 443)), ['443'], []],
    ['a range that has it within', ingress(from('0.0.0.0/0', 20, 25)), ['20-25'], ['20', '21', '22', '23']],
    ['all of TCP', ingress(from('0.0.0.0/0', 0, 65_535)), ['all']],
    ['every protocol', ingress(from('0.0.0.0/0', -1, -1, '-1')), ['all']],
    ['every protocol, with ports that do not count', ingress(from('0.0.0.0/0', 443, 443, -1)), ['all']],
    ['TCP by its number', ingress(from('0.0.0.0/0', 22, 22, '6')), ['22'], ['22']],
    ['ping', ingress(from('0.0.0.0/0', -1, -1, 'icmp')), ['icmp'], []],
    ['a database', ingress(from('0.0.0.0/0', 5432, 5432)), ['5432'], []],
    ['IPv6', ingress(from6('::/0', 22)), ['22'], ['22']],
    ['all of IPv6 that is in use', ingress(from6('2000::/3', 22)), ['22'], ['22']],
    ['half of the world', ingress(from('128.0.0.0/1', 22, 22)), ['22'], ['22']],
    ['a company', ingress(from('198.51.0.0/16', 22, 22)), [], []],
    ['a private network', ingress(from('10.0.0.0/8', 22, 22)), [], []],
    ['a network that is none', ingress(from('0.0.0.0/99', 22, 22)), [], []],
    ['one rule of several', ingress(from('198.51.100.0/24', 22, 22), from('0.0.0.0/0', 80, 80)), ['80'], []],
    [
      'the flat form',
      {
        ...ingress(),
        requestParameters: { groupName: 'g', ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' },
      },
      ['22'],
      ['22'],
    ],
    ['a rule that is changed', rules(rdp), ['3389'], ['3389']],
    ['rules that are changed', rules([{ ...rdp, CidrIpv4: '192.0.2.1/32' }, rdp]), ['3389'], ['3389']],
    ['a network ACL', acl({ cidrBlock: '0.0.0.0/0' }), ['22'], ['22']],
    ['a network ACL of IPv6', acl({ ipv6CidrBlock: '::/0' }), ['22'], ['22']],
    ['a network ACL for all', acl({ cidrBlock: '0.0.0.0/0', aclProtocol: '-1', portRange: null }), ['all']],
    ['what a network ACL lets out', acl({ cidrBlock: '0.0.0.0/0', egress: true }), [], []],
    ['what a network ACL forbids', acl({ cidrBlock: '0.0.0.0/0', ruleAction: 'deny' }), [], []],
  ])('%s', (_name, record, ports, ...rest) => {
    const adminPorts = rest[0];
    expect(derive('network.openPorts', record)).toEqual(ports);
    const found = derive('network.openAdminPorts', record) as number[];
    if (adminPorts) expect(found.map(String)).toEqual(adminPorts);
    else expect(found.length).toBeGreaterThan(20);
  });

  test('is known of data stores too, unknown of a truncated record, and nothing of other calls', () => {
    expect(derive('network.openDataPorts', ingress(from('0.0.0.0/0', 5000, 6000)))).toEqual([5432, 5439, 5984]);
    expect(derive('network.openPorts', { ...ingress(), requestParameters: { omitted: true } })).toBe('unknown');
    expect(derive('network.openPorts', { ...ingress(), requestParameters: null })).toBe('unknown');
    expect(derive('network.openPorts', { ...ingress(), eventName: 'constructor' })).toBeUndefined();
  });
});

describe('whom a share lets in', () => {
  const call = (api: string, requestParameters: Json): JsonObject => {
    const [service, eventName] = api.split(':') as [string, string];
    return { eventSource: `${service}.amazonaws.com`, eventName, requestParameters };
  };
  const snapshot = (...items: Json[]): JsonObject =>
    call('ec2:ModifySnapshotAttribute', {
      attributeType: 'CREATE_VOLUME_PERMISSION',
      createVolumePermission: { add: { items } },
    });
  const permission = (over: JsonObject): JsonObject =>
    call('lambda:AddPermission20150331v2', { functionName: 'f', action: 'lambda:InvokeFunction', ...over });
  const STRANGER = '999988887777';
  const organization = (id: string): string => `arn:aws:organizations::111122223333:organization/${id}`;
  const everybody = ['anybody'];
  test.each<[string, JsonObject, Json | undefined]>([
    ['a snapshot for all', snapshot({ group: 'all' }), everybody],
    ['a snapshot for a stranger', snapshot({ userId: STRANGER }), [STRANGER]],
    ['a snapshot for several', snapshot({ userId: '444455556666' }, { userId: STRANGER }), [STRANGER]],
    ['a snapshot for a member', snapshot({ userId: '444455556666' }), []],
    ['a snapshot for a group that is none', snapshot({ group: 'none' }), undefined],
    [
      'a snapshot taken back',
      call('ec2:ModifySnapshotAttribute', { createVolumePermission: { remove: { items: [{ group: 'all' }] } } }),
      undefined,
    ],
    [
      'an image for its organization',
      call('ec2:ModifyImageAttribute', {
        launchPermission: { add: { items: [{ organizationArn: organization('o-exampleorg01') }] } },
      }),
      [],
    ],
    [
      'an image for another organization and a stranger',
      call('ec2:ModifyImageAttribute', {
        launchPermission: {
          add: { items: [{ organizationArn: organization('o-anotherorg1') }, { userId: STRANGER }] },
        },
      }),
      [STRANGER, 'o-anotherorg1'],
    ],
    ['a database snapshot for all', call('rds:ModifyDBSnapshotAttribute', { valuesToAdd: ['all'] }), everybody],
    ['a database snapshot for nobody', call('rds:ModifyDBSnapshotAttribute', { valuesToAdd: [] }), undefined],
    ['a cluster snapshot', call('rds:ModifyDBClusterSnapshotAttribute', { valuesToAdd: [STRANGER] }), [STRANGER]],
    ['a document for all', call('ssm:ModifyDocumentPermission', { accountIdsToAdd: ['All'] }), everybody],
    ['a resource share', call('ram:CreateResourceShare', { name: 's', principals: [STRANGER] }), [STRANGER]],
    [
      'a resource share for the organization',
      call('ram:AssociateResourceShare', { principals: [organization('o-exampleorg01')] }),
      [],
    ],
    ['a grant of KMS', call('kms:CreateGrant', { granteePrincipal: `arn:aws:iam::${STRANGER}:role/r` }), [STRANGER]],
    ['a grant for a service', call('kms:CreateGrant', { granteePrincipal: 'rds.amazonaws.com' }), []],
    ['a function for all', permission({ principal: '*' }), everybody],
    ['a function for a stranger', permission({ principal: STRANGER }), [STRANGER]],
    ['a function for its organization', permission({ principal: '*', principalOrgID: 'o-exampleorg01' }), []],
    ['a function for a service', permission({ principal: 's3.amazonaws.com', sourceAccount: '111122223333' }), []],
    [
      "a function for a stranger's bucket",
      permission({ principal: 's3.amazonaws.com', sourceArn: 'arn:aws:s3:::b', sourceAccount: STRANGER }),
      [STRANGER],
    ],
    [
      'a bus for an organization',
      call('events:PutPermission', {
        principal: '*',
        condition: { type: 'StringEquals', key: 'aws:PrincipalOrgID', value: 'o-exampleorg01' },
      }),
      [],
    ],
    ['a bus for all', call('events:PutPermission', { action: 'events:PutEvents', principal: '*' }), everybody],
    [
      'a bus by its policy',
      call('events:PutPermission', { policy: '{"Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}' }),
      everybody,
    ],
    ['a bucket by a canned ACL', call('s3:PutBucketAcl', { 'x-amz-acl': ['public-read'] }), everybody],
    ['a bucket that is private', call('s3:PutBucketAcl', { 'x-amz-acl': ['private'] }), undefined],
    [
      'a bucket by its list',
      call('s3:PutBucketAcl', {
        AccessControlPolicy: {
          AccessControlList: { Grant: [{ Grantee: { URI: 'http://acs.amazonaws.com/groups/global/AllUsers' } }] },
        },
      }),
      everybody,
    ],
    [
      'a bucket of copies',
      call('s3:PutBucketReplication', {
        ReplicationConfiguration: { Rule: { Destination: { Account: STRANGER, Bucket: 'b' } } },
      }),
      [STRANGER],
    ],
    [
      'a queue by its attributes',
      call('sqs:SetQueueAttributes', {
        attributes: { Policy: '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}' },
      }),
      everybody,
    ],
    ['a queue without a policy', call('sqs:SetQueueAttributes', { attributes: { DelaySeconds: '1' } }), undefined],
    [
      'a topic by its attribute',
      call('sns:SetTopicAttributes', {
        attributeName: 'Policy',
        attributeValue: `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"${STRANGER}"},"Action":"sns:Publish"}]}`,
      }),
      [STRANGER],
    ],
    [
      'a topic by another attribute',
      call('sns:SetTopicAttributes', { attributeName: 'DisplayName', attributeValue: 'Statement' }),
      undefined,
    ],
    [
      'a service that no table lists',
      call('newservice:PutThingPolicy', {
        thing: { policy: `{"Statement":[{"Effect":"Allow","Principal":{"AWS":"${STRANGER}"},"Action":"*"}]}` },
      }),
      [STRANGER],
    ],
    ['a guardrail of the organization', call('organizations:CreatePolicy', { content: '{"Statement":[]}' }), undefined],
    ['a bucket policy that is missing', call('s3:PutBucketPolicy', { bucketName: 'b' }), 'unknown'],
    ['a truncated record', call('s3:PutBucketPolicy', { omitted: true }), 'unknown'],
  ])('%s', (_name, record, outsiders) => {
    expect(derive('access.outsiders', record)).toEqual(outsiders);
    if (Array.isArray(outsiders)) {
      expect(derive('access.outsideOrganization', record)).toBe(outsiders.length > 0);
      expect(derive('access.everyone', record)).toBe(outsiders.includes('anybody'));
    }
  });
});

describe('the roles that a call passes', () => {
  const role = 'arn:aws:iam::111122223333:role/admin';
  const profile = 'arn:aws:iam::111122223333:instance-profile/admin';
  test.each<[string, string, JsonObject, string[] | undefined]>([
    ['an instance by an ARN', 'ec2', { iamInstanceProfile: { arn: profile } }, [profile]],
    ['an instance by a name', 'ec2', { iamInstanceProfile: { name: 'admin' } }, ['admin']],
    [
      'an instance by a request within',
      'ec2',
      { AssociateIamInstanceProfileRequest: { IamInstanceProfile: { Name: 'admin' }, InstanceId: 'i-1' } },
      ['admin'],
    ],
    ['a function', 'lambda', { functionName: 'f', role }, [role]],
    ['a stack', 'cloudformation', { stackName: 's', roleARN: role }, [role]],
    ['a job', 'glue', { name: 'j', role: 'admin' }, ['admin']],
    ['a task', 'ecs', { taskRoleArn: role, executionRoleArn: `${role}2`, family: 'x' }, [role, `${role}2`]],
    ['a project', 'codebuild', { name: 'p', serviceRole: role }, [role]],
    ['a notebook', 'sagemaker', { notebookInstanceName: 'n', roleArn: role }, [role]],
    ['nothing', 'ec2', { instanceType: 't3.micro' }, undefined],
    ['a role that is assumed', 'sts', { roleArn: role }, undefined],
    ['a role that is changed', 'iam', { roleName: 'admin' }, undefined],
    ['a text that is no role', 'lambda', { role: 'not a role\n' }, undefined],
  ])('to %s', (_name, service, requestParameters, passed) => {
    const record = { eventSource: `${service}.amazonaws.com`, eventName: 'X', requestParameters };
    expect(derive('passedRole', record)).toEqual(passed);
  });
});

describe('where and when', () => {
  test.each<[Json, string, Json | undefined]>([
    ['203.0.113.9', 'public', true],
    ['198.51.100.9', 'public', false],
    ['8.8.8.8', 'public', false],
    ['2001:db8::1', 'public', true],
    ['2600:1f00::1', 'public', false],
    ['::ffff:8.8.8.8', 'public', false],
    ['10.1.2.3', 'private', false],
    ['100.64.0.1', 'private', false],
    ['cloudformation.amazonaws.com', 'aws-service', undefined],
    ['AWS Internal', 'internal', undefined],
    ['AWS Internal/3', 'internal', undefined],
    ['evil.example.com', 'unknown', undefined],
    [null, 'unknown', undefined],
  ])('%s is %s', (sourceIPAddress, kind, trusted) => {
    expect(derive('source.kind', { sourceIPAddress })).toBe(kind);
    expect(derive('source.trusted', { sourceIPAddress })).toBe(trusted);
    expect(derive('source.trusted', { sourceIPAddress }, {})).toBe(trusted === undefined ? undefined : 'unknown');
  });

  const night: Config = { businessHours: { timezone: 'UTC', from: '22:00', to: '06:00', days: ['fri'] } };
  const wholeDay: Config = { businessHours: { timezone: 'UTC', from: '00:00', to: '24:00' } };
  const times: [string, string, string, Config?][] = [
    ['a Wednesday noon', '2026-11-25T11:00:00Z', 'inside'],
    ['the first minute', '2026-11-25T07:00:00Z', 'inside'],
    ['the minute before', '2026-11-25T06:59:59Z', 'outside'],
    ['the end', '2026-11-25T17:00:00Z', 'outside'],
    ['the end in summer', '2026-07-01T16:00:00Z', 'outside'],
    ['the first minute in summer', '2026-07-01T06:00:00Z', 'inside'],
    ['a Saturday', '2026-11-28T11:00:00Z', 'outside'],
    ['a holiday', '2026-12-25T11:00:00Z', 'outside'],
    ['no time', '...', 'unknown'],
    ['no hours', '2026-11-25T11:00:00Z', 'unknown', {}],
    ['the last minute of hours to the end of the day', '2026-11-25T23:59:59Z', 'inside', wholeDay],
    ['the first of the whole day', '2026-11-25T00:00:00Z', 'inside', wholeDay],
    ['a whole day off', '2026-11-28T00:00:00Z', 'outside', wholeDay],
    ['a Friday night', '2026-11-27T23:00:00Z', 'inside', night],
    ['the morning after', '2026-11-28T05:00:00Z', 'inside', night],
    ['the morning before', '2026-11-27T05:00:00Z', 'outside', night],
    ['the day between', '2026-11-27T12:00:00Z', 'outside', night],
  ];
  test.each(times.map(([name, time, hours, given = config]) => [name, time, hours, given] as const))(
    '%s',
    (_name, eventTime, hours, given) => {
      expect(derive('hours', { eventTime }, given)).toBe(hours);
    },
  );
});

describe('who, by the configuration', () => {
  const role = (name: string): JsonObject => ({
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::111122223333:assumed-role/${name}/x`,
      accountId: '111122223333',
      sessionContext: { sessionIssuer: { arn: `arn:aws:iam::111122223333:role/${name}` } },
    },
  });
  const root = { userIdentity: { type: 'Root', accountId: '111122223333' } };
  test.each<[string, JsonObject, Record<string, boolean>]>([
    ['a pipeline', role('deploy-app'), { automation: true, ci: true, breakGlass: false }],
    ['a scheduler', role('nightly'), { automation: true, ci: false, breakGlass: false }],
    ['an emergency', role('break-glass'), { automation: false, ci: false, breakGlass: true }],
    ['root', root, { automation: false, ci: false, breakGlass: true }],
    [
      'a service',
      { userIdentity: { type: 'AWSService', invokedBy: 'x.amazonaws.com' } },
      { automation: true, ci: false, breakGlass: false },
    ],
    ['a service-linked role', role('AWSServiceRoleForX'), { automation: true, ci: false, breakGlass: false }],
    ['somebody', role('dev'), { automation: false, ci: false, breakGlass: false }],
  ])('%s', (_name, record, expected) => {
    expect(Object.fromEntries(Object.keys(expected).map((key) => [key, derive(`actor.${key}`, record)]))).toEqual(
      expected,
    );
  });
});

describe('credentials', () => {
  const key = (accessKeyId: Json): JsonObject => ({ userIdentity: { type: 'IAMUser', accessKeyId } });
  test('are told apart by the key, and by where the console issued them', () => {
    expect(['AKIAEXAMPLE', 'ASIAEXAMPLE', '', null].map((id) => derive('key.kind', key(id)))).toEqual([
      'long-term',
      'temporary',
      undefined,
      undefined,
    ]);
    const issued = { sessionCredentialFromConsole: 'true' };
    const tls = { tlsDetails: { tlsVersion: 'TLSv1.3' } };
    expect([{}, issued, { ...issued, ...tls }, tls].map((record) => derive('session.fromConsole', record))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const elsewhere = [{}, issued, { ...issued, ...tls }, tls].map((record) =>
      derive('session.consoleElsewhere', record),
    );
    expect(elsewhere).toEqual([false, false, true, false]);
  });
});

describe('what a call is about', () => {
  test.each<[JsonObject, string | undefined, string | undefined]>([
    [{ roleName: 'r' }, 'r', undefined],
    [{ roleArn: 'arn:aws:iam::444455556666:role/path/r' }, 'r', '444455556666'],
    [{ targetPrincipal: '444455556666' }, undefined, '444455556666'],
    [{ targetPrincipal: 'arn:aws:iam::444455556666:root' }, undefined, '444455556666'],
    [{ targetId: '444455556666', targetType: 'AWS_ACCOUNT' }, undefined, '444455556666'],
    [{ targetId: 'ou-1234' }, undefined, undefined],
    [{ accountId: '444455556666' }, undefined, '444455556666'],
    [{}, undefined, undefined],
  ])('%j', (requestParameters, role, account) => {
    expect(derive('target.role', { requestParameters })).toBe(role);
    expect(derive('target.account', { requestParameters })).toBe(account);
  });
});

describe('what a trail still records of management events', () => {
  const category = (...fieldSelectors: Json[]): JsonObject => ({
    advancedEventSelectors: [
      { fieldSelectors: [{ field: 'eventCategory', equals: ['Management'] }, ...fieldSelectors] },
    ],
  });
  test.each<[string, Json, Json] | [string, Json, Json, string[]]>([
    ['all', { eventSelectors: [{ includeManagementEvents: true, readWriteType: 'All' }] }, 'all'],
    ['all by default', { eventSelectors: [{ dataResources: [] }] }, 'all'],
    ['writes', { eventSelectors: [{ includeManagementEvents: true, readWriteType: 'WriteOnly' }] }, 'write-only'],
    ['reads', { eventSelectors: [{ includeManagementEvents: true, readWriteType: 'ReadOnly' }] }, 'read-only'],
    ['none', { eventSelectors: [{ includeManagementEvents: false, readWriteType: 'All' }] }, 'none'],
    ['none for want of selectors', { eventSelectors: [] }, 'none'],
    ['two that make one', { eventSelectors: [{ readWriteType: 'ReadOnly' }, { readWriteType: 'WriteOnly' }] }, 'all'],
    [
      'all but KMS',
      { eventSelectors: [{ excludeManagementEventSources: ['kms.amazonaws.com'] }] },
      'all',
      ['kms.amazonaws.com'],
    ],
    ['all by an advanced selector', category(), 'all'],
    ['writes by an advanced selector', category({ field: 'readOnly', equals: ['false'] }), 'write-only'],
    [
      'all but IAM by an advanced selector',
      category({ field: 'eventSource', notEquals: ['iam.amazonaws.com'] }),
      'all',
      ['iam.amazonaws.com'],
    ],
    [
      'data by an advanced selector',
      { advancedEventSelectors: [{ fieldSelectors: [{ field: 'eventCategory', equals: ['Data'] }] }] },
      'none',
    ],
    ['a truncated record', { omitted: true }, 'unknown'],
    ['no request', null, 'unknown'],
  ])('%s', (_name, requestParameters, management, ...rest) => {
    const record = { eventName: 'PutEventSelectors', requestParameters };
    expect(derive('selectors.managementEvents', record)).toBe(management);
    expect(derive('selectors.excluded', record)).toEqual(rest[0] ?? []);
  });
});

describe('a hostile document', () => {
  const judge = (policyDocument: string): [Json | undefined, number] => {
    const began = process.cpuUsage();
    const record = { eventName: 'PutUserPolicy', requestParameters: { userName: 'u', policyDocument } };
    const power = derive('policy.power', record);
    derive('policy.escalations', record);
    return [power, process.cpuUsage(began).user / 1_000];
  };
  const statement = (Action: Json, Resource: Json = '*'): JsonObject => ({ Effect: 'Allow', Action, Resource });
  const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
  test.each<[string, JsonObject[]]>([
    ['thousands of statements', many(1_800, (i) => statement(`s3:Get${i}`))],
    ['thousands of actions', [statement(many(9_000, (i) => `s3:x${i}`))]],
    ['patterns that start over and over', [statement(many(900, (i) => `${'*a'.repeat(50)}${i}`))]],
    [
      'resources that start over and over',
      [
        statement(
          '*',
          many(900, (i) => `arn:${'*:'.repeat(50)}${i}`),
        ),
      ],
    ],
    ['denials of everything by parts', many(1_000, (i) => ({ ...statement(`iam:*${i}*`), Effect: 'Deny' }))],
  ])('of %s is judged in little time, or called unknown', (_name, statements) => {
    const text = JSON.stringify({ Statement: statements });
    expect(text.length).toBeLessThan(131_072);
    const [power, milliseconds] = judge(text);
    expect(['none', 'unknown']).toContain(power);
    expect(milliseconds).toBeLessThan(1_000);
  });

  test('that is longer than AWS takes is unknown', () => {
    expect(judge(JSON.stringify({ Statement: many(20_000, () => statement('*')) }))[0]).toBe('unknown');
  });

  test('that lets in thousands is judged in little time, or called unknown', () => {
    const allow = many(400, (i) => ({ ...statement(`s3:a*${i}*`, `arn:aws:s3:::b${i}`), Principal: '*' }));
    const deny = many(400, (i) => ({ ...statement(`s3:*a*${i}`), Effect: 'Deny', Principal: '*' }));
    const began = process.cpuUsage();
    const bucketPolicy = { Statement: [...allow, ...deny] };
    const record = {
      eventSource: 's3.amazonaws.com',
      eventName: 'PutBucketPolicy',
      requestParameters: { bucketPolicy },
    };
    expect([true, 'unknown']).toContain(derive('access.everyone', record));
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
  });
});
