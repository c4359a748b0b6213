import type { Event } from '../event';
import { at, isObject, own, text, texts, type Json, type JsonObject } from '../json';
import { readDocument, readStatement, type Statement } from './document';

/**
 * identity   what somebody may do: of a user, role, group or permission set
 * boundary   the most that somebody may do
 * session    what a session may do of what its role may do
 * trust      who may assume a role
 * resource   who may use a resource
 * share      a resource that is shared with accounts by a list or by a single permission
 */
export type PolicyKind = 'identity' | 'boundary' | 'session' | 'trust' | 'resource' | 'share';

/** The policies that a call puts somewhere. */
export interface Carried {
  kind: PolicyKind;
  /** Of all documents in the request; undefined if one of them cannot be read. */
  statements: Statement[] | undefined;
  /** ARNs of managed policies that the request names. */
  managed: string[];
  /** Who it is put on: `user/alice`. */
  self: string | undefined;
}

interface Carrier {
  kind: PolicyKind;
  /** Paths to documents in the request. */
  documents?: string[];
  /** Paths to ARNs of managed policies. */
  arns?: string[];
  /** Path to the name of who it is put on, and the kind of it. */
  self?: [kind: string, path: string];
  /** Without any of these the call carries no policy; otherwise its request is missing. */
  optional?: boolean;
  /** Statements that say the same as the request. */
  says?: (request: JsonObject) => JsonObject[];
}

const identity = (document: string, self?: [kind: string, path: string]): Carrier => ({
  kind: 'identity',
  documents: [document],
  ...(self && { self }),
});
const attached = (arn: string): Carrier => ({ kind: 'identity', arns: [arn] });
const resource = (...documents: string[]): Carrier => ({ kind: 'resource', documents });
const optional = (carrier: Carrier): Carrier => ({ ...carrier, optional: true });
const session = optional({ kind: 'session', documents: ['policy'], arns: ['policyArns.arn'] });
const sharing = (says: (request: JsonObject) => JsonObject[]): Carrier => ({ kind: 'share', says });

/** Calls that carry policies, by service and name; names without the version that Lambda's and CloudFront's end with. */
const CARRIERS: Record<string, Carrier> = {
  'iam:PutUserPolicy': identity('policyDocument', ['user', 'userName']),
  'iam:PutRolePolicy': identity('policyDocument', ['role', 'roleName']),
  'iam:PutGroupPolicy': identity('policyDocument', ['group', 'groupName']),
  'iam:CreatePolicy': identity('policyDocument'),
  'iam:CreatePolicyVersion': identity('policyDocument'),
  'iam:AttachUserPolicy': attached('policyArn'),
  'iam:AttachRolePolicy': attached('policyArn'),
  'iam:AttachGroupPolicy': attached('policyArn'),
  'iam:SetDefaultPolicyVersion': attached('policyArn'),
  'iam:PutUserPermissionsBoundary': { kind: 'boundary', arns: ['permissionsBoundary'] },
  'iam:PutRolePermissionsBoundary': { kind: 'boundary', arns: ['permissionsBoundary'] },
  'iam:CreateRole': { kind: 'trust', documents: ['assumeRolePolicyDocument'] },
  'iam:UpdateAssumeRolePolicy': { kind: 'trust', documents: ['policyDocument'] },
  'sso:PutInlinePolicyToPermissionSet': identity('inlinePolicy'),
  'sso:AttachManagedPolicyToPermissionSet': attached('managedPolicyArn'),
  'sso:AttachCustomerManagedPolicyReferenceToPermissionSet': attached('customerManagedPolicyReference.name'),
  'sso:PutPermissionsBoundaryToPermissionSet': {
    kind: 'boundary',
    arns: ['permissionsBoundary.managedPolicyArn', 'permissionsBoundary.customerManagedPolicyReference.name'],
  },
  'sts:AssumeRole': session,
  'sts:AssumeRoleWithSAML': session,
  'sts:AssumeRoleWithWebIdentity': session,
  'sts:GetFederationToken': session,

  's3:PutBucketPolicy': resource('bucketPolicy'),
  'kms:PutKeyPolicy': resource('policy'),
  'kms:CreateKey': optional(resource('policy')),
  'sqs:SetQueueAttributes': optional(resource('attributes.Policy')),
  'sqs:CreateQueue': optional(resource('attributes.Policy')),
  'sns:SetTopicAttributes': optional(resource('attributeValue')),
  'sns:CreateTopic': optional(resource('attributes.Policy')),
  'secretsmanager:PutResourcePolicy': resource('resourcePolicy'),
  'ecr:SetRepositoryPolicy': resource('policyText'),
  'ecr:PutRegistryPolicy': resource('policyText'),
  'glue:PutResourcePolicy': resource('policyInJson'),
  'backup:PutBackupVaultAccessPolicy': resource('policy'),
  'glacier:SetVaultAccessPolicy': resource('policy.policy'),
  'es:CreateElasticsearchDomain': optional(resource('accessPolicies')),
  'es:CreateDomain': optional(resource('accessPolicies')),
  'es:UpdateDomainConfig': optional(resource('accessPolicies')),
  'es:UpdateElasticsearchDomainConfig': optional(resource('accessPolicies')),

  'lambda:AddPermission': sharing(lambdaPermission),
  'lambda:AddLayerVersionPermission': sharing(lambdaPermission),
  'sns:AddPermission': sharing((request) =>
    toAccounts(valuesIn(request, 'aWSAccountId', 'awsAccountIds', 'aWSAccountIds')),
  ),
  'sqs:AddPermission': sharing((request) =>
    toAccounts(valuesIn(request, 'aWSAccountIds', 'awsAccountIds', 'AWSAccountIds')),
  ),
  'events:PutPermission': { kind: 'share', documents: ['policy'], says: busPermission },
  'kms:CreateGrant': sharing((request) => toAccounts(valuesIn(request, 'granteePrincipal', 'retiringPrincipal'))),
  'ec2:ModifySnapshotAttribute': sharing((request) => toLaunchers(at(request, 'createVolumePermission', 'add'))),
  'ec2:ModifyImageAttribute': sharing((request) => toLaunchers(at(request, 'launchPermission', 'add'))),
  'ec2:ModifyFpgaImageAttribute': sharing((request) => toLaunchers(at(request, 'loadPermission', 'add'))),
  'rds:ModifyDBSnapshotAttribute': sharing((request) => toAccounts(valuesIn(request, 'valuesToAdd'))),
  'rds:ModifyDBClusterSnapshotAttribute': sharing((request) => toAccounts(valuesIn(request, 'valuesToAdd'))),
  'redshift:AuthorizeSnapshotAccess': sharing((request) => toAccounts(valuesIn(request, 'accountWithRestoreAccess'))),
  'redshift:AuthorizeDataShare': sharing((request) => toAccounts(valuesIn(request, 'consumerIdentifier'))),
  'ssm:ModifyDocumentPermission': sharing((request) => toAccounts(valuesIn(request, 'accountIdsToAdd'))),
  'ram:CreateResourceShare': sharing((request) => toAccounts(valuesIn(request, 'principals'))),
  'ram:AssociateResourceShare': sharing((request) => toAccounts(valuesIn(request, 'principals'))),
  's3:PutBucketReplication': sharing(replication),
  's3:PutBucketAcl': sharing(acl),
  's3:PutObjectAcl': sharing(acl),
  's3:CreateBucket': sharing(acl),
};

/** Services whose policies let nobody in: they limit, or are not of CloudTrail's making. */
const LIMITING = new Set(['organizations', 'iam', 'sts', 'sso', 'ec2', 'config', 'securityhub']);

const seen = new WeakMap<JsonObject, Carried | null>();

/** The policies that a call puts somewhere, read once; undefined if it puts none. */
export function carriedBy(event: Event): Carried | undefined {
  let carried = seen.get(event.record);
  if (carried === undefined) seen.set(event.record, (carried = read(event.record) ?? null));
  return carried ?? undefined;
}

function read(record: JsonObject): Carried | undefined {
  const service = text(record, 'eventSource')?.replace(/\.amazonaws\.com$/, '') ?? '';
  const name = text(record, 'eventName')?.replace(/\d{4}_?\d{2}_?\d{2}(?:v\d+)?$/, '') ?? '';
  const call = `${service}:${name}`;
  const request = at(record, 'requestParameters');
  const carrier = Object.hasOwn(CARRIERS, call) ? CARRIERS[call]! : undefined;
  if (!carrier) return LIMITING.has(service) ? undefined : readByShape(request);
  const unreadable: Carried = { kind: carrier.kind, statements: undefined, managed: [], self: undefined };
  if (!isObject(request) || own(request, 'omitted') === true)
    return carrier.optional && request === null ? undefined : unreadable;
  if (call === 'sns:SetTopicAttributes' && own(request, 'attributeName') !== 'Policy') return undefined;
  return readBy(carrier, request);
}

function readBy(
  { kind, documents = [], arns = [], self, optional: isOptional, says }: Carrier,
  request: JsonObject,
): Carried | undefined {
  const found = documents
    .map((path) => follow(request, path))
    .filter((document) => document !== undefined && document !== null && document !== '');
  const managed = arns.flatMap((path) => texts(follow(request, path)));
  const said = says?.(request) ?? [];
  const isEmpty = found.length + managed.length + said.length === 0;
  // A list of accounts with nobody in it shares nothing.
  if (isEmpty && (isOptional || (says && documents.length === 0))) return undefined;
  const read = found.map(readDocument);
  const statements = said.map(readStatement);
  for (const document of read) statements.push(...(document ?? []));
  const isReadable = !isEmpty && read.every((document) => document !== undefined);
  const name = self && text(request, self[1]);
  return {
    kind,
    statements: isReadable ? statements : undefined,
    managed,
    self: name && `${self[0]}/${name}`.toLowerCase(),
  };
}

/** The value at a dotted path; what a list's members have there, as a list. */
function follow(value: Json | undefined, path: string): Json | undefined {
  const [key, ...rest] = path.split('.');
  if (Array.isArray(value)) return value.map((member) => follow(member, path) ?? null);
  const found = own(value, key!);
  return rest.length === 0 ? found : follow(found, rest.join('.'));
}

const MAX_DEPTH = 4;

/** A policy with principals in a request of a service that is not listed. */
function readByShape(request: Json | undefined, depth = 0): Carried | undefined {
  if (!isObject(request) || depth > MAX_DEPTH) return undefined;
  for (const value of Object.values(request)) {
    const isDocument = isObject(value)
      ? own(value, 'Statement') !== undefined
      : typeof value === 'string' && /Statement/i.test(value) && /Principal/i.test(value);
    if (!isDocument) {
      const inside = readByShape(value, depth + 1);
      if (inside) return inside;
      continue;
    }
    const statements = readDocument(value);
    if (statements?.some(({ principals, notPrincipals }) => principals ?? notPrincipals)) {
      return { kind: 'resource', statements, managed: [], self: undefined };
    }
  }
  return undefined;
}

/** All texts under any of several names, be it one or a list of them: CloudTrail's spelling of acronyms varies. */
function valuesIn(request: JsonObject, ...names: string[]): string[] {
  return names.flatMap((name) => texts(request[name]));
}

const ORGANIZATION_ARN = /:organizations::\d{12}:(?:organization|ou)\//;

/** Statements that let in accounts, principals, organizations by ARN, services, or everybody by the name of `all`. */
function toAccounts(names: string[], condition: JsonObject = {}): JsonObject[] {
  const [organizations, others] = [true, false].map((wanted) =>
    names.filter((name) => ORGANIZATION_ARN.test(name) === wanted),
  ) as [string[], string[]];
  const allow = (Principal: JsonObject, Condition: JsonObject): JsonObject[] => [
    { Effect: 'Allow', Principal, Action: '*', Resource: '*', Condition },
  ];
  const isService = (name: string): boolean => name.endsWith('.amazonaws.com');
  const AWS = others.filter((name) => !isService(name)).map((name) => (name.toLowerCase() === 'all' ? '*' : name));
  return [
    ...(organizations.length > 0
      ? allow({ AWS: '*' }, { ...condition, 'ForAnyValue:StringEquals': { 'aws:PrincipalOrgID': organizations } })
      : []),
    ...(others.length > 0 ? allow({ AWS, Service: others.filter(isService) }, condition) : []),
  ];
}

/** Permissions of images and snapshots: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchPermission.html */
function toLaunchers(added: Json | undefined): JsonObject[] {
  const items = own(added, 'items') ?? added;
  const members = Array.isArray(items) ? items : [];
  return toAccounts(
    members.flatMap((member) => {
      const group = text(member, 'group');
      return [
        ...(group === 'all' ? ['*'] : []),
        ...texts(own(member, 'userId')),
        ...texts(own(member, 'organizationArn')),
        ...texts(own(member, 'organizationalUnitArn')),
      ];
    }),
  );
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
function lambdaPermission(request: JsonObject): JsonObject[] {
  const organization = text(request, 'principalOrgID') ?? text(request, 'organizationId');
  return toAccounts(texts(request['principal']), {
    ...(organization && { StringEquals: { 'aws:PrincipalOrgID': organization } }),
    ...(text(request, 'sourceAccount') && { StringLike: { 'aws:SourceAccount': request['sourceAccount']! } }),
    ...(text(request, 'sourceArn') && { ArnLike: { 'aws:SourceArn': request['sourceArn']! } }),
  });
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html */
function busPermission(request: JsonObject): JsonObject[] {
  const condition = own(request, 'condition');
  const [type, key, value] = ['type', 'key', 'value'].map((name) => text(condition, name));
  return toAccounts(texts(request['principal']), type && key && value ? { [type]: { [key]: value } } : {});
}

/** The account that owns the bucket which copies go to. */
function replication(request: JsonObject): JsonObject[] {
  const rules = at(request, 'ReplicationConfiguration', 'Rule');
  const list = Array.isArray(rules) ? rules : [rules];
  return toAccounts(list.flatMap((rule) => texts(at(rule, 'Destination', 'Account'))));
}

const PUBLIC_ACL = /^public-|^authenticated-read$/;
const PUBLIC_GROUP = /\/groups\/global\/(?:AllUsers|AuthenticatedUsers)/;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html */
function acl(request: JsonObject): JsonObject[] {
  const nested = own(request, 'AccessControlList') ?? own(request, 'accessControlList');
  const headers = [...Object.entries(request), ...(isObject(nested) ? Object.entries(nested) : [])];
  const isPublic = headers.some(([name, value]) => {
    if (name === 'x-amz-acl') return texts(value).some((canned) => PUBLIC_ACL.test(canned));
    return /^x[-_]amz[-_]grant[-_]/.test(name) && texts(value).some((grant) => PUBLIC_GROUP.test(grant));
  });
  const grants = at(request, 'AccessControlPolicy', 'AccessControlList', 'Grant');
  const grantees = (Array.isArray(grants) ? grants : [grants]).map((grant) => text(grant, 'Grantee', 'URI') ?? '');
  return isPublic || grantees.some((uri) => PUBLIC_GROUP.test(uri)) ? toAccounts(['*']) : [];
}
