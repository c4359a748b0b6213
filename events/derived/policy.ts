import type { Event } from '../event';
import { at, isObject, own, text, type Json, type JsonObject } from '../json';
import type { Context, Known } from './context';

/** The power that a policy gives over everything it is asked for, from most to least; see {@link powerOf}. */
export type Power = 'admin' | 'iam' | 'power-user' | 'none' | 'unknown';

/** What well-known AWS-managed policies grant. A managed policy that is not listed grants none of these. */
const MANAGED = new Map<string, Power>([
  ['AdministratorAccess', 'admin'],
  ['IAMFullAccess', 'iam'],
  ['PowerUserAccess', 'power-user'],
]);

const MANAGED_ARN = /^arn:aws[a-z-]*:iam::aws:policy\/(?:.*\/)?([^/]+)$/;

/** Longer documents are refused by IAM; a longer text here is not a policy. */
const MAX_DOCUMENT = 200_000;

/**
 * The statements of a policy document as records carry it: an object, or a JSON string that may be URL-encoded.
 * Undefined if it cannot be read.
 */
export function statementsOf(document: Json | undefined): JsonObject[] | undefined {
  const policy = typeof document === 'string' ? parseDocument(document) : document;
  const statement = own(policy, 'Statement');
  const list = Array.isArray(statement) ? statement : statement === undefined ? undefined : [statement];
  return list?.every(isObject) ? list : undefined;
}

function parseDocument(document: string): Json | undefined {
  if (document.length > MAX_DOCUMENT) return undefined;
  try {
    const decoded = document.trimStart().startsWith('{') ? document : decodeURIComponent(document.replace(/\+/g, ' '));
    return JSON.parse(decoded) as Json;
  } catch {
    return undefined;
  }
}

/**
 * The power that a call hands out: by the ARN of an AWS-managed policy, or by what the document in the request allows
 * on all resources. A customer-managed policy is attached by its ARN alone: what it grants is unknown.
 */
export function powerOf(event: Event): Power {
  const parameters = at(event.record, 'requestParameters');
  if (own(parameters, 'omitted') === true) return 'unknown';
  const arn = text(parameters, 'policyArn') ?? text(parameters, 'managedPolicyArn');
  if (arn !== undefined && event.record['eventName'] !== 'CreatePolicyVersion') return managedPower(arn);
  const document = own(parameters, 'policyDocument') ?? own(parameters, 'inlinePolicy');
  if (document === undefined || document === null) return 'none';
  const statements = statementsOf(document);
  return statements ? grantedPower(statements) : 'unknown';
}

function managedPower(arn: string): Power {
  const name = MANAGED_ARN.exec(arn)?.[1];
  return name === undefined ? 'unknown' : (MANAGED.get(name) ?? 'none');
}

/** An action on a resource, to ask a policy about. */
type Probe = [action: string, resource: string];

/** Of the acts by which whoever may do them to anybody can become administrator. */
const IAM_PROBES: Probe[] = [
  ['iam:attachuserpolicy', 'arn:aws:iam::0:user/zq'],
  ['iam:createaccesskey', 'arn:aws:iam::0:user/zq'],
  ['iam:putrolepolicy', 'arn:aws:iam::0:role/zq'],
  ['iam:createpolicyversion', 'arn:aws:iam::0:policy/zq'],
];
/** One act in a service that does not exist for each letter: only `*`, or all letters spelt out, allows them all. */
const ANY_PROBES = Array.from('abcdefghijklmnopqrstuvwxyz', (letter): Probe => [
  `${letter}zq:${letter}zq`,
  `arn:aws:${letter}zq:${letter}zq:0:${letter}zq`,
]);

/** What Allow statements over all resources amount to. Conditions and Deny statements are not counted in its favour. */
export function grantedPower(statements: JsonObject[]): Power {
  const allowing = statements.filter((statement) => statement['Effect'] === 'Allow');
  const allows = (probe: Probe): boolean => allowing.some((statement) => allowsProbe(statement, probe));
  const iam = IAM_PROBES.every(allows);
  if (!ANY_PROBES.every(allows)) return iam ? 'iam' : 'none';
  return iam ? 'admin' : 'power-user';
}

function allowsProbe(statement: JsonObject, [action, resource]: Probe): boolean {
  return covers(statement, 'Action', action) && covers(statement, 'Resource', resource);
}

/** Whether an element, or what its `Not…` twin leaves over, includes a value. */
function covers(statement: JsonObject, element: 'Action' | 'Resource', value: string): boolean {
  const isIn = (name: string): boolean => strings(statement[name]).some((pattern) => globs(anywhere(pattern), value));
  return `Not${element}` in statement ? !isIn(`Not${element}`) : isIn(element);
}

/** The account and the partition that an ARN spells out are the ones it is used in, and take nothing away. */
function anywhere(pattern: string): string {
  return pattern.replace(/^arn:aws[a-z-]*:/i, 'arn:aws:').replace(/:\d{12}:/, ':0:');
}

function strings(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((member): member is string => typeof member === 'string');
}

/** IAM's wildcards: `*` any run, `?` one character; letter case does not count in actions, and probes are lower-case. */
function globs(pattern: string, value: string): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted.length > 256) return false;
  let p = 0;
  let a = 0;
  let star = -1;
  let mark = 0;
  while (a < value.length) {
    if (wanted[p] === '*') {
      star = p++;
      mark = a;
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === value[a])) {
      p++;
      a++;
    } else if (star >= 0) {
      p = star + 1;
      a = ++mark;
    } else return false;
  }
  while (wanted[p] === '*') p++;
  return p === wanted.length;
}

/** Whom a trust policy lets in. */
export interface Trust {
  /** The document could be read. */
  readable: boolean;
  /** Anybody at all: principal `*` that no condition narrows to an organization, account or ARN. */
  everyone: boolean;
  /** Accounts named, in any spelling, sorted. */
  accounts: string[];
  /** Organization ids to which principal `*` is narrowed. */
  organizations: string[];
}

/** The trust policy that a call sets: CreateRole, UpdateAssumeRolePolicy. Undefined for other calls. */
export function trustOf(event: Event): Trust | undefined {
  const name = event.record['eventName'];
  if (name !== 'CreateRole' && name !== 'UpdateAssumeRolePolicy') return undefined;
  const parameters = at(event.record, 'requestParameters');
  const document = own(parameters, name === 'CreateRole' ? 'assumeRolePolicyDocument' : 'policyDocument');
  const statements = statementsOf(document);
  const trust: Trust = { readable: statements !== undefined, everyone: false, accounts: [], organizations: [] };
  const accounts = new Set<string>();
  const organizations = new Set<string>();
  for (const statement of statements ?? []) {
    if (statement['Effect'] !== 'Allow') continue;
    // NotPrincipal with Allow lets in everybody else.
    const principals = 'NotPrincipal' in statement ? ['*'] : principalsOf(statement['Principal']);
    for (const principal of principals) {
      if (principal !== '*') {
        const account = accountOf(principal);
        if (account !== undefined) accounts.add(account);
        continue;
      }
      const narrowed = narrowing(statement['Condition']);
      if (!narrowed) trust.everyone = true;
      narrowed?.accounts.forEach((account) => accounts.add(account));
      narrowed?.organizations.forEach((organization) => organizations.add(organization));
    }
  }
  return { ...trust, accounts: [...accounts].sort(), organizations: [...organizations].sort() };
}

/** AWS principals only: services and identity providers belong to no account. */
function principalsOf(principal: Json | undefined): string[] {
  return principal === '*' ? ['*'] : strings(own(principal, 'AWS'));
}

function accountOf(principal: string): string | undefined {
  if (/^\d{12}$/.test(principal)) return principal;
  return /^arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):/.exec(principal)?.[1];
}

/** Positive operators only: a "NotEquals" narrows nothing down to somebody. */
const EQUALITY = /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)$/i;

/** The accounts and organizations that a condition narrows principal `*` to; undefined if to none. */
function narrowing(condition: Json | undefined): { accounts: string[]; organizations: string[] } | undefined {
  if (!isObject(condition)) return undefined;
  const narrowed = { accounts: [] as string[], organizations: [] as string[] };
  for (const [operator, tests] of Object.entries(condition)) {
    if (!EQUALITY.test(operator) || !isObject(tests)) continue;
    for (const [key, value] of Object.entries(tests)) {
      const isOrganization = /^aws:PrincipalOrg(?:ID|Paths)$/i.test(key);
      if (!isOrganization && !/^aws:Principal(?:Account|Arn)$/i.test(key)) continue;
      const names = strings(value).map(isOrganization ? organizationOf : accountOf);
      // Values are alternatives: one that names nobody, such as "*", undoes the others.
      const isNarrow = names.every((name) => name !== undefined);
      if (isNarrow) narrowed[isOrganization ? 'organizations' : 'accounts'].push(...names);
    }
  }
  return narrowed.accounts.length + narrowed.organizations.length > 0 ? narrowed : undefined;
}

/** An organization's id, or a path in it: `o-…/r-…/ou-…/*`. */
function organizationOf(value: string): string | undefined {
  return /^(o-[a-z0-9]+)(?:\/|$)/.exec(value)?.[1];
}

/** Who of those a trust policy lets in is neither of the organization nor trusted, as far as is known. */
export function outsidersOf(event: Event, context: Context): string[] | undefined {
  const trust = trustOf(event);
  if (!trust?.readable) return undefined;
  const accounts = trust.accounts.filter(
    (account) => account !== event.account && !context.isTrusted(account) && context.isMember(account) !== true,
  );
  const organizations = trust.organizations.filter((organization) => organization !== context.organizationId);
  return [...(trust.everyone ? ['anybody'] : []), ...accounts, ...organizations];
}

/** Whether a trust policy lets in somebody from outside the organization who is not a trusted account. */
export function trustsOutside(event: Event, context: Context): Known | undefined {
  const trust = trustOf(event);
  if (!trust) return undefined;
  if (!trust.readable) return 'unknown';
  if (trust.everyone) return true;
  const others = trust.accounts.filter((account) => account !== event.account && !context.isTrusted(account));
  const verdicts: Known[] = others.map((account) => {
    const member = context.isMember(account);
    return member === 'unknown' ? 'unknown' : !member;
  });
  for (const organization of trust.organizations) {
    verdicts.push(context.organizationId === undefined ? 'unknown' : organization !== context.organizationId);
  }
  if (verdicts.includes(true)) return true;
  return verdicts.includes('unknown') ? 'unknown' : false;
}
