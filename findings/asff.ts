import type { AwsSecurityFinding, Resource, SeverityLabel } from '@aws-sdk/client-securityhub';
import { isIP } from 'node:net';
import { drillOf } from '../engine/drill';
import type { Finding } from '../engine/finding';
import { tacticsOf, techniquesOf } from './attack';
import { factsOf, markedTitle, sourceKind, waysOf, type Fact } from './facts';
import { detectorLink, evidenceLink, referencesOf, regionOf } from './links';
import type { Notice, Setting } from './notice';
import { hasInk, joined, oneLine, shown } from './trim';

/** Lengths and numbers of the API model of BatchImportFindings. */
const MAX_ID = 512;
const MAX_TITLE = 256;
const MAX_DESCRIPTION = 1024;
const MAX_REMEDIATION = 512;
const MAX_TYPES = 50;
const MAX_RESOURCES = 32;
const MAX_FIELD = 2048;
const MAX_API = 128;

const PRODUCT = 'privwatch';
const SILENT = 'unknown';

/** `Id` of a finding in Security Hub: the same for all that is ever told of it. */
export function asffId(findingId: string): string {
  return shown(`${PRODUCT}/${findingId}`, MAX_ID);
}

/** The default product of the hub's account, under which an account files findings of its own making. */
export function productArn({ partition, region, account }: Setting): string {
  return `arn:${partition}:securityhub:${region}:${account}:product/${account}/default`;
}

/**
 * A finding in the AWS Security Finding Format, for BatchImportFindings by the hub's account: AWS takes findings of the
 * default product from no other. The account where it happened is in the resources and the product fields.
 *
 * Severity and types are given as FindingProviderFields only: the fields of the same name at the top belong to whoever
 * works on the finding. At most 240 KB, as AWS asks for.
 */
export function asffOf(notice: Notice, setting: Setting): AwsSecurityFinding {
  const { finding, kind, updatedAt } = notice;
  const detector = detectorLink(finding, setting);
  return {
    SchemaVersion: '2018-10-08',
    Id: asffId(finding.id),
    ProductArn: productArn(setting),
    ProductName: PRODUCT,
    CompanyName: PRODUCT,
    GeneratorId: shown(`${PRODUCT}/${finding.detectorId}`, MAX_ID),
    AwsAccountId: setting.account,
    // Of the event, so that every notice of a finding says the same.
    CreatedAt: finding.firstSeen ?? updatedAt,
    UpdatedAt: updatedAt,
    FirstObservedAt: finding.firstSeen ?? undefined,
    LastObservedAt: finding.lastSeen ?? undefined,
    Title: inkOr(SILENT, shown(markedTitle(notice), MAX_TITLE)),
    Description: descriptionOf(finding),
    // What is behind Security Hub pages by what is active there, and knows nothing of drills.
    RecordState: notice.drill || kind === 'superseded' || kind === 'withdrawn' ? 'ARCHIVED' : 'ACTIVE',
    FindingProviderFields: {
      Severity: { Label: finding.severity.toUpperCase() as SeverityLabel, Original: finding.severity },
      Types: typesOf(finding),
      RelatedFindings: relatedOf(notice, setting),
    },
    Resources: resourcesOf(finding, setting),
    Action: actionOf(finding),
    ProductFields: productFieldsOf(notice, setting),
    SourceUrl: evidenceLink(finding.eventIds[0] ?? '', finding, setting) ?? detector ?? undefined,
    Remediation: {
      Recommendation: {
        Text: inkOr(SILENT, stepsOf(finding, MAX_REMEDIATION)),
        Url: detector ?? referencesOf(finding)[0],
      },
    },
  };
}

function descriptionOf(finding: Finding): string {
  const facts = factsOf(finding, 3).map(({ label, parts }) => `${label}: ${parts.map(plain).join(', ')}`);
  const why = oneLine(finding.why, MAX_DESCRIPTION / 2);
  return joined([...(hasInk(why) ? [why] : []), ...facts], ' | ', MAX_DESCRIPTION);
}

function plain(part: Fact['parts'][number]): string {
  return shown(typeof part === 'string' ? part : part.said, 200);
}

function stepsOf({ runbook }: Finding, length: number): string {
  return shown(runbook.map((step, i) => `${i + 1}. ${oneLine(step, length)}`).join(' '), length);
}

function typesOf({ tags }: Finding): string[] {
  const types = [...new Set(tacticsOf(tags).map(({ findingType }) => findingType))].slice(0, MAX_TYPES);
  return types.length > 0 ? types : ['Unusual Behaviors/User'];
}

function relatedOf({ finding, supersededBy }: Notice, setting: Setting) {
  const ids = [supersededBy, finding.continues].filter((id) => id !== null);
  return ids.length === 0 ? undefined : ids.map((id) => ({ ProductArn: productArn(setting), Id: asffId(id) }));
}

/** The main resource first, then the others as far as there is room; the actor's key and the offending account last. */
function resourcesOf(finding: Finding, { partition }: Setting): Resource[] {
  const place = { Partition: partition as Resource['Partition'] & string, Region: regionOf(finding) ?? undefined };
  const main = finding.mainResource;
  const account =
    finding.account === null || !hasInk(finding.account) ? [] : [{ type: 'AwsAccount', name: finding.account }];
  const named = [...(main ? [main] : []), ...finding.resources].map(({ type, name }) => ({
    Type: inkOr('Other', shown(type, 256)),
    Id: inkOr(SILENT, resourceId(type, name, partition)),
    ...place,
  }));
  const offender = account.map(({ type, name }) => ({ Type: type, Id: resourceId(type, name, partition), ...place }));
  const last: Resource[] = [...actorKeyOf(finding).map((key) => ({ ...key, ...place })), ...offender];
  const keyOf = ({ Type, Id }: Resource): string => `${Type} ${Id}`;
  const once = new Map(named.map((resource) => [keyOf(resource), resource]));
  const isMain = (resource: Resource): boolean => named[0] !== undefined && keyOf(resource) === keyOf(named[0]);
  const rest = [...once.values()].filter((resource) => !last.some((other) => keyOf(other) === keyOf(resource)));
  const kept = rest.slice(0, MAX_RESOURCES - last.length);
  const all = [...last.filter(isMain), ...kept, ...last.filter((resource) => !isMain(resource))];
  return all.length > 0 ? all : [{ Type: 'Other', Id: inkOr(SILENT, shown(finding.actor.id, MAX_ID)), ...place }];
}

/**
 * The key that the actor used, and whose it is: the one place of the format for an actor by which an insight can group. The
 * name is the stable one, so that sessions of a role, and users of one name in two accounts, are told apart as they should.
 */
function actorKeyOf({ actor }: Finding): Pick<Resource, 'Type' | 'Id' | 'Details'>[] {
  const { id, kind, account, accessKeyId } = actor;
  if (accessKeyId === null || !hasInk(accessKeyId)) return [];
  const Id = resourceId('AwsIamAccessKey', accessKeyId, '');
  const details = {
    AccessKeyId: shown(accessKeyId, 256),
    AccountId: account === null || !hasInk(account) ? undefined : shown(account, 256),
    PrincipalName: inkOr(SILENT, shown(id, MAX_ID)),
    PrincipalType: kind,
  };
  return [{ Type: 'AwsIamAccessKey', Id, Details: { AwsIamAccessKey: details } }];
}

/** Ids as Security Hub itself writes them, as far as a name is enough to know them. */
function resourceId(type: string, name: string, partition: string): string {
  const id = shown(name, 256);
  if (type === 'AwsAccount' && /^\d{12}$/.test(id)) return `AWS::::Account:${id}`;
  if (type === 'AwsIamAccessKey' && !id.includes(':')) return `AWS::IAM::AccessKey:${id}`;
  if (type === 'AwsS3Bucket' && !id.includes(':')) return `arn:${partition}:s3:::${id}`;
  return id;
}

function actionOf({ action, from, firstSeen, lastSeen }: Finding): AwsSecurityFinding['Action'] {
  // What is not CloudTrail's is no call, and its source is the short name of a service.
  if (!action.source.includes('.') || !hasInk(action.name)) return undefined;
  return {
    ActionType: 'AWS_API_CALL',
    AwsApiCallAction: {
      Api: shown(action.name, MAX_API),
      ServiceName: shown(action.source, MAX_API),
      ...callerOf(from.address),
      FirstSeen: firstSeen ?? undefined,
      LastSeen: lastSeen ?? undefined,
    },
  };
}

/** The format has no place for an IPv6 address; the product fields have. */
function callerOf(address: string | null) {
  if (address === null) return {};
  if (isIP(address) === 4) return { CallerType: 'remoteIp', RemoteIpDetails: { IpAddressV4: address } };
  return sourceKind(address) === 'an AWS service' && address.includes('.')
    ? { CallerType: 'domain', DomainDetails: { Domain: shown(address, 256) } }
    : {};
}

/** What the format has no place for, under `privwatch/`; nothing for what is not known. At most 50 fields are taken. */
function productFieldsOf(notice: Notice, setting: Setting): Record<string, string> {
  const { finding } = notice;
  const { actor, action, from } = finding;
  const fields: Record<string, string | null> = {
    findingId: finding.id,
    thread: finding.thread,
    notificationId: notice.notificationId,
    kind: notice.kind,
    stage: finding.stage,
    drill: String(notice.drill),
    drillRun: drillOf(finding.group)?.run ?? null,
    supersededBy: notice.supersededBy,
    continues: finding.continues,
    detectorId: finding.detectorId,
    detectorTitle: finding.detectorTitle,
    detectorUrl: detectorLink(finding, setting),
    author: finding.author,
    license: finding.license,
    offenderAccountId: finding.account,
    offenderAccountName: finding.accountName,
    environment: finding.environment,
    region: finding.region,
    actorId: actor.id,
    actorName: actor.name,
    actorKind: actor.kind,
    actorAccountId: actor.account,
    session: actor.session,
    human: String(actor.human),
    mfa: actor.mfa,
    accessKeyId: actor.accessKeyId,
    onBehalfOf:
      finding.lineage &&
      [finding.lineage.root.name, ...waysOf(finding.lineage, actor)].map((way) => oneLine(way)).join(', '),
    action: `${action.source} ${action.name}`,
    error: action.error,
    sourceAddress: from.address,
    userAgent: from.userAgent,
    count: `${finding.countExact ? '' : '>= '}${finding.count}`,
    tactics: tacticsOf(finding.tags)
      .map(({ id, name }) => `${id} ${name}`)
      .join(', '),
    techniques: techniquesOf(finding.tags).join(', '),
  };
  const lists: Record<string, string[]> = {
    compliance: finding.compliance,
    eventIds: finding.eventIds,
    group: Object.entries(finding.group).map(([name, value]) => `${name}=${value}`),
    resources: finding.resources.map(({ type, name }) => `${type} ${name}`),
    expiredExceptions: finding.expiredExceptions,
    approvals: finding.approvals ?? [],
    references: referencesOf(finding),
    falsepositives: finding.falsepositives,
  };
  const entries = [
    ...Object.entries(fields).map(([key, value]) => [key, shown(value ?? '')]),
    ...Object.entries(lists).map(([key, items]) => [
      key,
      joined(
        items.map((item) => oneLine(item)),
        ', ',
        MAX_FIELD,
      ),
    ]),
    ['runbook', stepsOf(finding, MAX_FIELD)],
  ] as [string, string][];
  return Object.fromEntries(
    entries.filter(([, value]) => hasInk(value)).map(([key, value]) => [`${PRODUCT}/${key}`, value]),
  );
}

/** The API refuses texts of nothing but spaces. */
function inkOr(otherwise: string, text: string): string {
  return hasInk(text) ? text : otherwise;
}
