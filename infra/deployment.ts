import { dirname, resolve } from 'node:path';
import type { Config, Deploy } from '../events/config';
import { configOf, failOn, readConfigDocument } from '../cli/config';
import { readDetectors, shippedDetectors } from '../cli/detectors';
import { report, UsageError } from '../cli/errors';
import { rulesetOf, type CheckedDocument } from '../engine/compiled';
import type { Problems, SourceDocument } from '../engine/document';
import { formatProblem, inLineOrder } from '../engine/problems';
import { loadRuleset, type Ruleset } from '../engine/ruleset';
import { chooseDetectors } from './choose';
import { compilePatterns, type CompiledPatterns } from './patterns/compile';

/** The part `deploy:` of a configuration with everything said, and the detectors that it chooses. */
export interface Deployment {
  mode: Deploy['mode'];
  /** Begins the names of stacks and resources. */
  name: string;
  partition: string;
  hub: { account: string; region: string };
  /** Of the organization, `o-…`; undefined in single-account mode. */
  organizationId: string | undefined;
  regions: string[];
  organizationalUnits: string[];
  managementAccount: string | undefined;
  stackSetAccount: 'hub' | 'management';
  /** Where GuardDuty and Access Analyzer gather what they find in all accounts. */
  findingsAccount: string;
  sinks: {
    securityHub: boolean;
    people: string[] | undefined;
    digest: string[] | undefined;
    chat: boolean;
    machines: boolean;
    eventBus: boolean;
  };
  alarms: { emails: string[]; lagMinutes: number };
  trail: { bucket: string; account: string; prefix: string; keyArn: string | undefined } | undefined;
  heartbeat: {
    everyMinutes: number;
    silentAfterMinutes: number;
    neverSpokeAfterHours: number;
    /** Accounts that are waited for, besides those that spoke; or what Organizations lists. */
    accounts: string[] | 'organization';
  };
  maxWriteUnits: number;
  concurrency: { detect: number; sinks: number };
  logs: { retentionDays: number; level: string };
  stormGroups: number;
  tags: Record<string, string>;
  /** For the functions: without `deploy`, which none of them reads. */
  config: Config;
  documents: CheckedDocument[];
  ruleset: Ruleset;
  /** What members send, so that these detectors see it. */
  patterns: CompiledPatterns;
  /** What is odd, but may be meant. */
  warnings: string[];
}

/**
 * Reads a configuration and the detectors that it names.
 *
 * @throws UsageError, DetectorError with every problem: file, line, key and reason
 */
export function readDeployment(file: string): Deployment {
  const problems: Problems = { errors: [], warnings: [] };
  const document = readConfigDocument(file, problems);
  if (!document) problems.errors.push({ file, line: 1, key: '', message: 'the file is empty' });
  failOn(problems);
  const { deploy, ...config } = configOf(document!, file);
  if (!deploy) throw new UsageError(`${file}:1: deploy: this part is missing; docs/deploy.md says what belongs in it`);
  checkDeploy(deploy, config, document!);
  failOn(problems);
  const { shipped = true, paths = [] } = deploy.detectors ?? {};
  const places = [...(shipped ? [shippedDetectors] : []), ...paths.map((path) => resolve(dirname(file), path))];
  const all = loadRuleset(readDetectors(places), config);
  const documents = chooseDetectors(all, deploy.detectors ?? {}, document!);
  failOn(problems);
  const ruleset = rulesetOf(documents, config);
  return {
    ...settingsOf(deploy, config),
    ...{ config, documents, ruleset, patterns: compilePatterns(ruleset) },
    warnings: inLineOrder(problems.warnings).map(formatProblem),
  };
}

type Settings = Omit<Deployment, 'config' | 'documents' | 'ruleset' | 'patterns' | 'warnings'>;

function settingsOf(deploy: Deploy, config: Config): Settings {
  const { mode, hub, members, sinks, trail, heartbeat = {} } = deploy;
  const isAlone = mode === 'single-account';
  const listed = isAlone ? [hub.account] : (config.organization?.accounts ?? []).map(({ id }) => id);
  return {
    mode,
    name: deploy.name ?? 'privwatch',
    partition: partitionOf(hub.region),
    hub,
    organizationId: isAlone ? undefined : config.organization?.id,
    regions: members.regions,
    organizationalUnits: members.organizationalUnits ?? [],
    managementAccount: members.managementAccount,
    stackSetAccount: members.stackSetAccount ?? 'hub',
    findingsAccount: deploy.findingsAccount ?? hub.account,
    sinks: {
      securityHub: sinks.securityHub ?? false,
      people: sinks.people,
      digest: sinks.digest,
      chat: sinks.chat ?? false,
      machines: sinks.machines ?? false,
      eventBus: sinks.eventBus ?? false,
    },
    alarms: { emails: deploy.alarms?.emails ?? [], lagMinutes: deploy.alarms?.lagMinutes ?? 15 },
    trail: trail && {
      bucket: trail.bucket,
      account: trail.account ?? hub.account,
      prefix: trail.prefix ?? '',
      keyArn: trail.keyArn,
    },
    heartbeat: {
      everyMinutes: heartbeat.everyMinutes ?? EVERY_MINUTES,
      silentAfterMinutes: heartbeat.silentAfterMinutes ?? SILENT_AFTER_MINUTES,
      neverSpokeAfterHours: heartbeat.neverSpokeAfterHours ?? 24,
      accounts: heartbeat.accounts === 'organization' ? 'organization' : listed,
    },
    maxWriteUnits: deploy.table?.maxWriteUnits ?? 4000,
    concurrency: { detect: deploy.concurrency?.detect ?? 20, sinks: deploy.concurrency?.sinks ?? 5 },
    logs: { retentionDays: deploy.logs?.retentionDays ?? 90, level: deploy.logs?.level ?? 'info' },
    stormGroups: deploy.stormGroups ?? 20,
    tags: deploy.tags ?? {},
  };
}

const EVERY_MINUTES = 60;
const SILENT_AFTER_MINUTES = 180;

/** Where a partition logs IAM, Organizations and sign-ins of root: AWS CloudTrail User Guide, global service events. */
const GLOBAL_REGIONS: Record<string, string> = {
  aws: 'us-east-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
};
/** Where sign-ins of IAM users appear besides: AWS CloudTrail User Guide, AWS Management Console sign-in events. */
const SIGNIN_REGIONS = ['us-east-2', 'eu-north-1', 'ap-southeast-2'];

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** What the schema cannot say: how one key agrees with another. */
function checkDeploy(deploy: Deploy, { organization }: Config, document: SourceDocument): void {
  const { mode, hub, members, sinks, heartbeat = {} } = deploy;
  const error = (path: string, message: string): void => document.error(['deploy', ...path.split('.')], message);
  const warn = (path: string, message: string): void => document.warn(['deploy', ...path.split('.')], message);
  const partition = partitionOf(hub.region);
  const globalRegion = GLOBAL_REGIONS[partition]!;
  if (!members.regions.includes(globalRegion))
    error('members.regions', `${globalRegion} is missing: IAM, Organizations and sign-ins of root are seen there only`);
  if (!members.regions.includes(hub.region))
    warn('members.regions', `the hub's own Region ${hub.region} is not watched`);
  const unseen = partition === 'aws' ? SIGNIN_REGIONS.filter((region) => !members.regions.includes(region)) : [];
  if (unseen.length > 0)
    warn('members.regions', `without ${unseen.join(', ')} some sign-ins of IAM users are not seen`);
  for (const [i, region] of members.regions.entries())
    if (partitionOf(region) !== partition)
      error(`members.regions.${i}`, `${region} is of another partition than the hub's Region ${hub.region}`);
  const { securityHub, people, chat, machines, eventBus } = sinks;
  if (!people && ![securityHub, chat, machines, eventBus].includes(true))
    error('sinks', 'no sink: findings would go nowhere');
  const { everyMinutes = EVERY_MINUTES, silentAfterMinutes = SILENT_AFTER_MINUTES } = heartbeat;
  if (silentAfterMinutes < 2 * everyMinutes)
    error(
      'heartbeat.silentAfterMinutes',
      `less than two heartbeats of ${everyMinutes} minutes: one that is late would be silence`,
    );
  if (mode === 'single-account') checkAlone(deploy, error);
  else checkOrganization(deploy, organization, error, document);
}

type Report = (path: string, message: string) => void;

function checkAlone({ members, hub, findingsAccount, heartbeat, trail }: Deploy, error: Report): void {
  const others = ['organizationalUnits', 'managementAccount', 'stackSetAccount'] as const;
  for (const key of others)
    if (members[key] !== undefined) error(`members.${key}`, 'there is no organization in the mode single-account');
  if (findingsAccount !== undefined && findingsAccount !== hub.account)
    error('findingsAccount', "in the mode single-account it is the hub's account");
  if (heartbeat?.accounts === 'organization')
    error('heartbeat.accounts', 'there is no organization in the mode single-account');
  if (trail?.account !== undefined && trail.account !== hub.account)
    error('trail.account', "in the mode single-account the trail's bucket is in the hub's account");
}

function checkOrganization(
  { hub, members, heartbeat, findingsAccount }: Deploy,
  organization: Config['organization'],
  error: Report,
  document: SourceDocument,
): void {
  const { organizationalUnits, managementAccount, stackSetAccount } = members;
  if (!organization?.id)
    document.error(['organization'], "id is missing: the hub's bus lets in this organization and nobody else");
  if (managementAccount === hub.account)
    error(
      'hub.account',
      'this is the management account, where no SCP protects the hub; take the account for security',
    );
  if (stackSetAccount === 'management' && !managementAccount)
    error('members.managementAccount', 'it owns the stack set, so it has to be named');
  if (organizationalUnits && !managementAccount)
    error(
      'members.managementAccount',
      'it is missing: stack sets leave this account out, so it gets stacks of its own',
    );
  const accounts = organization?.accounts?.map(({ id }) => id);
  if (!accounts && heartbeat?.accounts !== 'organization')
    document.error(['organization'], 'accounts is missing: a sign of life is waited for from each of them');
  for (const [path, account] of Object.entries({
    'hub.account': hub.account,
    'members.managementAccount': managementAccount,
    findingsAccount,
  }))
    if (accounts && account !== undefined && !accounts.includes(account))
      error(path, `${account} is not under organization.accounts, where every account is listed`);
}

/** Runs a command; where it throws, it says why (a stack only for a defect) and exits with 2. */
export function exitOnMistakes(run: () => void): void {
  try {
    run();
  } catch (error) {
    process.exitCode = report(error);
  }
}
