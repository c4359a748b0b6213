import { isWorld, parseNetwork } from '../addresses';
import type { Condition, Principal, Statement } from './document';
import { Budget, type Glob } from './glob';

/** Whom the Allow statement of a document lets in, and what narrows it. */
export interface Admission {
  /** Principal `*`, or all but some. */
  everyone: boolean;
  /** Accounts whose principals are named, in any spelling. */
  accounts: string[];
  /** Principals of which no account is known: ids of deleted or hidden ones, canonical user ids. */
  strangers: string[];
  services: string[];
  /** Identity providers, by ARN or host name. */
  providers: string[];
  /** Each of them holds, and what it leaves is all that is let in. */
  narrowings: Narrowing[];
  conditions: Condition[];
  actions: Glob[];
}

/** What one condition leaves of everybody: whoever is of one of these. */
export interface Narrowing {
  accounts: string[];
  organizations: string[];
  /** Address ranges in CIDR notation. */
  networks: string[];
  /** It leaves only callers of whom no account can be told: a VPC, a service, a session. */
  others: boolean;
}

const EVERYONE = /[*?]/;

/** Whom each Allow statement lets in, in the light of the Deny statements. */
export function admissionsOf(statements: Statement[], budget = new Budget()): Admission[] {
  const denying = statements.filter(({ allows }) => !allows);
  return statements
    .filter(({ allows }) => allows)
    .map((statement) => {
      const admission = admissionOf(statement);
      const denied = denying
        .filter((denial) => isOver(denial, statement, budget))
        .map(leftBy)
        .filter((narrowing) => narrowing !== undefined);
      return { ...admission, narrowings: [...admission.narrowings, ...denied] };
    });
}

function admissionOf({ principals = [], notPrincipals, conditions, actions = [] }: Statement): Admission {
  const admission: Admission = {
    // NotPrincipal with Allow lets in everybody else.
    everyone: notPrincipals !== undefined,
    accounts: [],
    strangers: [],
    services: [],
    providers: [],
    narrowings: conditions.map(narrowingOf).filter((narrowing) => narrowing !== undefined),
    conditions,
    actions,
  };
  for (const principal of principals) admit(admission, principal);
  return admission;
}

function admit(admission: Admission, { type, name }: Principal): void {
  if (type === 'service') admission.services.push(name.toLowerCase());
  else if (name === '*') admission.everyone = true;
  else if (type === 'federated') admission.providers.push(name);
  else {
    const account = accountOf(name);
    if (account !== undefined) admission.accounts.push(account);
    else if (EVERYONE.test(name)) admission.everyone = true;
    // An identity of CloudFront belongs to no account: `arn:aws:iam::cloudfront:user/…`.
    else if (!/^arn:aws[a-z-]*:iam::cloudfront:/i.test(name)) admission.strangers.push(name);
  }
}

/** The account of an ARN, or an account id that stands bare. */
export function accountOf(name: string): string | undefined {
  // A number has lost the zeros that it began with.
  if (/^\d{9,12}$/.test(name)) return name.padStart(12, '0');
  return /^arn:aws[a-z-]*:[a-z0-9-]*:[^:]*:(\d{12}):/i.exec(name)?.[1];
}

/** An organization's id, in a path or an ARN: `o-…/r-…/ou-…/*`, `arn:aws:organizations::…:organization/o-…`. */
export function organizationOf(name: string): string | undefined {
  return /^(?:arn:aws[a-z-]*:organizations::\d{12}:(?:organization|ou)\/)?(o-[a-z0-9]+)(?:\/|$)/i
    .exec(name)?.[1]
    ?.toLowerCase();
}

const EQUALS = /^(?:stringequals|stringequalsignorecase|stringlike|arnequals|arnlike|numericequals)$/;
const NOT_EQUALS = /^(?:stringnotequals|stringnotequalsignorecase|stringnotlike|arnnotequals|arnnotlike)$/;

/** Keys that name an organization, an account (or an ARN of it), or something that anybody cannot be. */
const ORGANIZATION_KEY = /^aws:(?:principalorgid|principalorgpaths|sourceorgid|sourceorgpaths)$/;
const ACCOUNT_KEY =
  /^(?:aws:(?:principalaccount|principalarn|sourceaccount|sourcearn|sourceowner)|kms:calleraccount|s3:dataaccesspointaccount)$/;
const OTHER_KEY =
  /^(?:aws:(?:sourcevpc|sourcevpce|sourcevpcarn|userid|principalservicename)|s3:dataaccesspointarn|lambda:sourcefunctionarn)$/;

/** What a condition of an Allow statement leaves of everybody; undefined if it leaves everybody. */
function narrowingOf(condition: Condition): Narrowing | undefined {
  const { operator, key, values, ifExists, set } = condition;
  // Both hold where the key is absent.
  if (ifExists || set === 'all') return undefined;
  if (operator === 'ipaddress' && key === 'aws:sourceip') return networksOf(values);
  if (operator === 'bool' && values.every((value) => value.toLowerCase() === 'true')) {
    const isOther = key === 'aws:principalisawsservice' || key === 'elasticfilesystem:accessedviamounttarget';
    return isOther && values.length > 0 ? { ...NOBODY, others: true } : undefined;
  }
  return EQUALS.test(operator) ? named(key, values) : undefined;
}

const NOBODY: Narrowing = { accounts: [], organizations: [], networks: [], others: false };

/** Those that the values of a key name. Values are alternatives: one that names nobody undoes the others. */
function named(key: string, values: string[]): Narrowing | undefined {
  if (values.length === 0) return undefined;
  if (ORGANIZATION_KEY.test(key)) {
    const organizations = values.map(organizationOf).filter((value) => value !== undefined);
    return organizations.length === values.length ? { ...NOBODY, organizations } : undefined;
  }
  if (ACCOUNT_KEY.test(key)) {
    const accounts = values.map(accountOf).filter((value) => value !== undefined);
    if (accounts.length === values.length) return { ...NOBODY, accounts };
    // The ARNs of buckets name no account, and one bucket is not anybody.
    const isParticular =
      key === 'aws:sourcearn' &&
      values.every((value) => /^arn:aws[a-z-]*:s3:::[^*?]{3}/i.test(value) || accountOf(value));
    return isParticular ? { ...NOBODY, accounts, others: true } : undefined;
  }
  const isParticular = OTHER_KEY.test(key) && values.every((value) => /^[^*?]{4}/.test(value));
  return isParticular ? { ...NOBODY, others: true } : undefined;
}

function networksOf(networks: string[]): Narrowing | undefined {
  const isNarrow = networks.length > 0 && networks.every((network) => parseNetwork(network) && !isWorld(network));
  return isNarrow ? { ...NOBODY, networks } : undefined;
}

/** Whether a Deny statement is over everything that an Allow statement is for. */
function isOver(denial: Statement, statement: Statement, budget: Budget): boolean {
  const isAll = (over: Glob[] | undefined, of: Glob[] | undefined): boolean => {
    if (!of) return over?.some(({ text }) => text === '*') ?? false;
    return of.every(({ text }) => over?.some((glob) => glob.covers(text, budget)));
  };
  // Trust policies have no resource.
  const hasResources = statement.resources !== undefined || statement.notResources !== undefined;
  const isEverybody =
    denial.notPrincipals !== undefined ||
    (denial.principals ?? []).some(({ type, name }) => type === 'aws' && name === '*');
  return (
    isEverybody &&
    isAll(denial.actions, statement.actions) &&
    (!hasResources || isAll(denial.resources, statement.resources))
  );
}

/**
 * What a Deny statement leaves of everybody; undefined if it may leave everybody. It denies where all of its conditions
 * hold, so that one which anybody can fail undoes it.
 */
function leftBy({ conditions, notPrincipals }: Statement): Narrowing | undefined {
  const left: Narrowing = { accounts: [], organizations: [], networks: [], others: false };
  for (const { type, name } of notPrincipals ?? []) {
    const account = accountOf(name);
    if (account !== undefined) left.accounts.push(account);
    else if (type === 'aws' && EVERYONE.test(name)) return undefined;
    else left.others = true;
  }
  for (const { operator, key, values, set } of conditions) {
    const isService = key === 'aws:principalisawsservice' || key === 'aws:viaawsservice';
    if (isService && operator === 'bool' && values.every((value) => value.toLowerCase() === 'false')) {
      left.others = true;
      continue;
    }
    const spared =
      operator === 'notipaddress' && key === 'aws:sourceip'
        ? networksOf(values)
        : NOT_EQUALS.test(operator) && set === undefined
          ? named(key, values)
          : undefined;
    if (!spared) return undefined;
    left.accounts.push(...spared.accounts);
    left.organizations.push(...spared.organizations);
    left.networks.push(...spared.networks);
    left.others ||= spared.others;
  }
  return left;
}
