import type { Known } from '../derived/context';
import type { Admission } from './admission';
import type { Condition } from './document';
import { anyOf, reachOf, type Home } from './reach';

/**
 * Whether a trust policy lets in an account from outside the organization, trusted or not, that need not know an external
 * id: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
export function lacksExternalId(admissions: Admission[], home: Home): Known {
  // A vendor is trusted, and the more in need of one.
  const strict: Home = { ...home, context: { ...home.context, isTrusted: () => false } };
  return anyOf(
    admissions
      .filter(({ conditions }) => !conditions.some(isExternalId))
      .map(
        ({ everyone, accounts, ...rest }) =>
          reachOf([{ ...rest, everyone, accounts, strangers: [], services: [] }], strict).outside,
      ),
  );
}

function isExternalId({ key, operator, ifExists, set, values }: Condition): boolean {
  return (
    key === 'sts:externalid' &&
    isStrict(operator, ifExists, set) &&
    values.length > 0 &&
    !values.some((value) => /^[*?]*$/.test(value))
  );
}

/** Whether a trust policy lets in an AWS principal that need not have proved a second factor. */
export function lacksMfa(admissions: Admission[]): boolean {
  return admissions.some(
    ({ everyone, accounts, strangers, conditions }) =>
      (everyone || accounts.length + strangers.length > 0) && !conditions.some(isMfa),
  );
}

function isMfa({ key, operator, ifExists, set, values }: Condition): boolean {
  // With IfExists, a long-term key passes.
  if (ifExists || set === 'all' || values.length === 0) return false;
  if (key === 'aws:multifactorauthage') return /^numericlessthan/.test(operator);
  return (
    key === 'aws:multifactorauthpresent' &&
    operator === 'bool' &&
    values.every((value) => value.toLowerCase() === 'true')
  );
}

/**
 * external-id    asked of accounts outside the organization
 * mfa            a second factor, asked of AWS principals
 * organization   that of the caller, asked of other accounts
 * subject        asked of the users of OIDC providers
 */
export type Guard = 'external-id' | 'mfa' | 'organization' | 'subject';

/** What a trust policy asks of those whom it lets in. */
export interface Guards {
  /** Asked of all of whom they can be asked. */
  asked: Guard[];
  /** Asked of some of them, or of none. */
  omitted: Guard[];
}

/** Whether a guard is missing from what one statement lets in; undefined if it lets in nobody of whom it can be asked. */
const MISSING: Record<Guard, (admission: Admission, home: Home) => boolean | undefined> = {
  'external-id': (admission, home) => {
    const isConcerned = lacksExternalId([{ ...admission, conditions: [] }], home) !== false;
    return isConcerned ? !admission.conditions.some(isExternalId) : undefined;
  },
  mfa: (admission) => (lacksMfa([{ ...admission, conditions: [] }]) ? lacksMfa([admission]) : undefined),
  organization: ({ everyone, accounts, strangers, narrowings }, { account }) => {
    const isConcerned = everyone || strangers.length > 0 || accounts.some((one) => one !== account);
    return isConcerned ? !narrowings.some(({ organizations }) => organizations.length > 0) : undefined;
  },
  subject: (admission) => {
    if (subjectsOf([{ ...admission, conditions: [] }]).unbound.length === 0) return undefined;
    const { unbound, wild } = subjectsOf([admission]);
    return unbound.length + wild.length > 0;
  },
};

/** Which guards a trust policy has, and which it lacks. */
export function guardsOf(admissions: Admission[], home: Home): Guards {
  const guards: Guards = { asked: [], omitted: [] };
  for (const [guard, isMissing] of Object.entries(MISSING) as [Guard, (typeof MISSING)[Guard]][]) {
    const missing = admissions.map((admission) => isMissing(admission, home)).filter((one) => one !== undefined);
    if (missing.length > 0) guards[missing.includes(true) ? 'omitted' : 'asked'].push(guard);
  }
  return guards;
}

/** How a trust policy tells the users of an OIDC provider apart. */
export interface Subjects {
  /** Providers whose every user is let in, since no condition asks for `sub`. */
  unbound: string[];
  /** Patterns of subjects so wide that they do not name whom they let in: `repo:*`, `system:serviceaccount:*`. */
  wild: string[];
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */
export function subjectsOf(admissions: Admission[]): Subjects {
  const unbound = new Set<string>();
  const wild = new Set<string>();
  for (const { providers, conditions } of admissions) {
    for (const provider of providers) {
      const host = hostOf(provider);
      if (host === undefined) continue;
      const subjects = conditions.filter((condition) => isSubject(condition, host));
      if (subjects.length === 0) unbound.add(provider);
      // Of several conditions one that is narrow suffices.
      else if (subjects.every(({ values }) => values.some(isWild)))
        subjects.flatMap(({ values }) => values.filter(isWild)).forEach((value) => wild.add(value));
    }
  }
  return { unbound: [...unbound].sort(), wild: [...wild].sort() };
}

/** The host of an OIDC provider, which its condition keys begin with; undefined of SAML providers. */
function hostOf(provider: string): string | undefined {
  const named = /^arn:aws[a-z-]*:iam::\d{12}:(oidc|saml)-provider\/(.+)$/i.exec(provider);
  if (named) return named[1]!.toLowerCase() === 'oidc' ? named[2]!.toLowerCase() : undefined;
  return provider.toLowerCase();
}

/** An identity pool of Cognito tells its users apart by the pool, `aud`. */
function isSubject({ key, operator, ifExists, set, values }: Condition, host: string): boolean {
  const claims = host === 'cognito-identity.amazonaws.com' ? ['aud', 'sub'] : ['sub'];
  if (!claims.some((claim) => key === `${host}:${claim}`)) return false;
  return isStrict(operator, ifExists, set) && values.length > 0;
}

function isStrict(operator: string, ifExists: boolean, set: Condition['set']): boolean {
  return /^(?:stringequals|stringequalsignorecase|stringlike)$/.test(operator) && !ifExists && set !== 'all';
}

/** What subjects of well-known providers begin with, whoever they name. */
const PREAMBLE =
  /^(?:repo:|repository_owner:|organization:|project_path:|project:|org:|workspace:|pipeline:|system:serviceaccount:|https?:\/\/)/i;

/** Whether a pattern has a wildcard before it has named an organization, a namespace or a project whole. */
function isWild(subject: string): boolean {
  const wildcard = subject.search(/[*?]/);
  if (wildcard < 0) return false;
  return !/[:/|]/.test(subject.slice(0, wildcard).replace(PREAMBLE, ''));
}
