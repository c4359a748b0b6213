import type { Context, Known } from '../derived/context';
import type { Event } from '../event';
import type { JsonObject } from '../json';
import { admissionsOf, type Admission } from './admission';
import { carriedBy, type Carried, type PolicyKind } from './carriers';
import type { Statement } from './document';
import { escalationsOf, type Escalations } from './escalations';
import { TooCostly } from './glob';
import { Grants } from './grants';
import { managedPolicy } from './managed';
import { powerOf, type Power } from './power';
import { reachOf, type Reach } from './reach';
import { guardsOf, lacksExternalId, lacksMfa, subjectsOf, type Guards, type Subjects } from './trust';

export type { Power, PolicyKind, Reach };

/** Kinds of policies by which somebody may do something. */
const GRANTING = new Set<PolicyKind>(['identity', 'boundary', 'session']);

/** What a call's policies grant: of the document in the request, and of the AWS-managed policies that it names. */
interface Granted {
  power: Power;
  /** Undefined where a policy is not known. */
  escalations: Escalations | undefined;
  /** Whether everything about it is known. */
  readable: boolean;
}

const grantedBefore = new WeakMap<JsonObject, Granted>();
const admittedBefore = new WeakMap<JsonObject, Admission[] | null>();

export function policyKind(event: Event): PolicyKind | undefined {
  return carriedBy(event)?.kind;
}

/** Whether what the policy in the request says is known. */
export function isReadable(event: Event): boolean | undefined {
  const carried = carriedBy(event);
  if (!carried) return undefined;
  return GRANTING.has(carried.kind) ? granted(event, carried).readable : admittedBy(event, carried) !== undefined;
}

/** The power that a call hands out; undefined of a call that carries no policy by which somebody may do something. */
export function grantedPower(event: Event): Power | undefined {
  const carried = carriedBy(event);
  return carried && GRANTING.has(carried.kind) ? granted(event, carried).power : undefined;
}

/** The escalation paths that it opens; `unknown` where the policy is. */
export function grantedEscalations(event: Event, scope: keyof Escalations): string[] | 'unknown' | undefined {
  const carried = carriedBy(event);
  if (!carried || !GRANTING.has(carried.kind)) return undefined;
  return granted(event, carried).escalations?.[scope] ?? 'unknown';
}

/** Whether an Allow statement of the document in the request names what it leaves out: NotAction, NotResource. */
export function allowsAllBut(event: Event): Known | undefined {
  const carried = carriedBy(event);
  if (!carried || !GRANTING.has(carried.kind)) return undefined;
  if (!carried.statements) return 'unknown';
  return carried.statements.some(
    ({ allows, notActions, notResources }) => allows && (notActions ?? notResources) !== undefined,
  );
}

const UNKNOWN: Granted = { power: 'unknown', escalations: undefined, readable: false };

function granted({ record }: Event, carried: Carried): Granted {
  const before = grantedBefore.get(record);
  if (before) return before;
  const now = judge(carried);
  grantedBefore.set(record, now);
  return now;
}

function judge({ statements, managed, self }: Carried): Granted {
  if (!statements) return UNKNOWN;
  const parts = [...(statements.length > 0 ? [documentGrants(statements, self)] : []), ...managed.map(managedGrants)];
  const strongest = POWERS.find((power) => parts.some((part) => part.power === power)) ?? 'none';
  const escalations = parts.map((part) => part.escalations);
  const all = escalations.filter((part) => part !== undefined);
  const wide = [...new Set(all.flatMap((part) => part.wide))];
  return {
    power: strongest,
    escalations:
      all.length < escalations.length && wide.length === 0
        ? undefined
        : { wide, narrow: [...new Set(all.flatMap((part) => part.narrow))].filter((path) => !wide.includes(path)) },
    readable: parts.every((part) => part.readable),
  };
}

/** What is known to be much counts before what is not known. */
const POWERS: Power[] = ['admin', 'iam', 'power-user', 'unknown'];

function documentGrants(statements: Statement[], self: string | undefined): Granted {
  try {
    const grants = new Grants(statements);
    return { power: powerOf(grants), escalations: escalationsOf(grants, self), readable: true };
  } catch (error) {
    if (error instanceof TooCostly) return UNKNOWN;
    throw error;
  }
}

function managedGrants(arn: string): Granted {
  const policy = managedPolicy(arn);
  return policy ? { ...policy, readable: true } : UNKNOWN;
}

function admittedBy({ record }: Event, { statements }: Carried): Admission[] | undefined {
  let admissions = admittedBefore.get(record);
  if (admissions === undefined) admittedBefore.set(record, (admissions = admitted(statements)));
  return admissions ?? undefined;
}

function admitted(statements: Statement[] | undefined): Admission[] | null {
  if (!statements) return null;
  try {
    return admissionsOf(statements);
  } catch (error) {
    if (error instanceof TooCostly) return null;
    throw error;
  }
}

/** Asks whom the policy in a request lets in; `unknown` where it cannot be read, undefined of calls that carry none. */
export function ofAdmissions<T>(
  event: Event,
  kinds: readonly PolicyKind[],
  ask: (admissions: Admission[]) => T,
): T | 'unknown' | undefined {
  const carried = carriedBy(event);
  if (!carried || !kinds.includes(carried.kind)) return undefined;
  const admissions = admittedBy(event, carried);
  return admissions ? ask(admissions) : 'unknown';
}

const TRUST = ['trust'] as const;

/** Whom a policy of some kinds lets in. */
export function reach(event: Event, context: Context, kinds: readonly PolicyKind[]): Reach | 'unknown' | undefined {
  return ofAdmissions(event, kinds, (admissions) => reachOf(admissions, { account: event.account, context }));
}

/** Whether a trust policy lets in accounts of others that need no external id. */
export function trustsWithoutExternalId(event: Event, context: Context): Known | undefined {
  return ofAdmissions(event, TRUST, (admissions) => lacksExternalId(admissions, { account: event.account, context }));
}

/** Whether a trust policy lets in AWS principals that need no second factor. */
export function trustsWithoutMfa(event: Event): Known | undefined {
  return ofAdmissions(event, TRUST, lacksMfa);
}

/** What a trust policy asks of those whom it lets in. */
export function trustGuards(event: Event, context: Context): Guards | 'unknown' | undefined {
  return ofAdmissions(event, TRUST, (admissions) => guardsOf(admissions, { account: event.account, context }));
}

/** How a trust policy tells apart the users of OIDC providers. */
export function trustedSubjects(event: Event): Subjects | 'unknown' | undefined {
  return ofAdmissions(event, TRUST, subjectsOf);
}
