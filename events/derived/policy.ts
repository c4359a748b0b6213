import type { Event } from '../event';
import { at, isObject, own, text, type Json, type JsonObject } from '../json';
import type { Context, Known } from './context';

/** The power that a policy gives over everything it is asked for, from most to least; see {@link powerOf}. */
export type Power = 'admin' | 'iam' | 'power-user' | 'none' | 'unknown';

/** What well-known AWS-managed policies grant. A managed policy that is not listed grants none of these. */
const MANAGED: Record<string, Power> = {
  AdministratorAccess: 'admin',
  IAMFullAccess: 'iam',
  PowerUserAccess: 'power-user',
};

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
  return list?.every(isObject) ? (list as JsonObject[]) : undefined;
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
  return name === undefined ? 'unknown' : (MANAGED[name] ?? 'none');
}

/** Actions by which whoever holds them can become administrator. */
const IAM_PROBES = ['iam:attachuserpolicy', 'iam:putrolepolicy', 'iam:createpolicyversion', 'iam:createaccesskey'];
/** One action of a service that does not exist for each letter: only `*`, or all letters spelt out, allows them all. */
const ANY_PROBES = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => `${letter}zq:${letter}zq`);

/** What Allow statements over all resources amount to. Conditions and Deny statements are not counted in its favour. */
export function grantedPower(statements: JsonObject[]): Power {
  const wide = statements.filter((statement) => statement['Effect'] === 'Allow' && coversAllResources(statement));
  const allows = (action: string): boolean => wide.some((statement) => allowsAction(statement, action));
  const iam = IAM_PROBES.every(allows);
  if (!ANY_PROBES.every(allows)) return iam ? 'iam' : 'none';
  return iam ? 'admin' : 'power-user';
}

function allowsAction(statement: JsonObject, action: string): boolean {
  if ('NotAction' in statement) return !strings(statement['NotAction']).some((pattern) => globs(pattern, action));
  return strings(statement['Action']).some((pattern) => globs(pattern, action));
}

/** `*`, `arn:aws:*`, `arn:*:*:*:*:*`, or everything but something. */
function coversAllResources(statement: JsonObject): boolean {
  if ('NotResource' in statement) return true;
  return strings(statement['Resource']).some((resource) => /^(\*+|arn:(\*+|aws[a-z-]*:[*:]*\*)[*:]*)$/.test(resource));
}

function strings(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((member): member is string => typeof member === 'string');
}

/** IAM's wildcards: `*` any run, `?` one character; letter case does not count in actions. */
function globs(pattern: string, action: string): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted.length > 256) return false;
  let p = 0;
  let a = 0;
  let star = -1;
  let mark = 0;
  while (a < action.length) {
    if (wanted[p] === '*') {
      star = p++;
      mark = a;
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === action[a])) {
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
const EQUALITY = /^(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)$/i;

function narrowing(condition: Json | undefined): { accounts: string[]; organizations: string[] } | undefined {
  if (!isObject(condition)) return undefined;
  const accounts: string[] = [];
  const organizations: string[] = [];
  for (const [operator, tests] of Object.entries(condition)) {
    if (!EQUALITY.test(operator) || !isObject(tests)) continue;
    for (const [key, value] of Object.entries(tests)) {
      const wanted = key.toLowerCase();
      const values = strings(value);
      if (wanted === 'aws:principalorgid') organizations.push(...values.filter((id) => id.startsWith('o-')));
      if (wanted === 'aws:principalaccount' || wanted === 'aws:principalarn') {
        accounts.push(...values.map(accountOf).filter((id) => id !== undefined));
      }
    }
  }
  return accounts.length + organizations.length > 0 ? { accounts, organizations } : undefined;
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
