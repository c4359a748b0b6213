import type { Event } from '../event';
import type { Json } from '../json';
import { actorOf, isHuman, mfaOf } from './actor';
import { callerAccount, isCounted, isSelf, outcomeOf, sideOf, targetUser } from './call';
import type { Context } from './context';
import { outsidersOf, powerOf, trustOf, trustsOutside } from './policy';

export { actorOf, isHuman, mfaOf, type Actor } from './actor';
export { outcomeOf } from './call';
export { makeContext, type Context } from './context';

/** One derived field: what it says, and the pure function of event and configuration that gives it. */
export interface DerivedField {
  description: string;
  derive(event: Event, context: Context): Json | undefined;
}

/**
 * Fields that raw records do not have. Rules name them with `taxonomy: privwatch`; they are computed only when a rule
 * that may match asks for them. True and false are booleans; where a record leaves it open the value is `unknown`.
 */
export const derivedFields: Record<string, DerivedField> = {
  'derived.actor.id': {
    description: 'Stable identity of the actor: role ARN, user ARN, `ACCOUNT:root`, Identity Center user id, service.',
    derive: (event) => actorOf(event).id,
  },
  'derived.actor.kind': {
    description:
      '`root`, `assumed-root`, `iam-user`, `role`, `identity-center-user`, `federated-user`, `service`, `other-account` or `unknown`.',
    derive: (event) => actorOf(event).kind,
  },
  'derived.actor.name': { description: 'The actor as people call it.', derive: (event) => actorOf(event).name },
  'derived.actor.account': { description: 'Account of the actor.', derive: (event) => actorOf(event).account },
  'derived.actor.session': { description: 'Role session name.', derive: (event) => actorOf(event).session },
  'derived.actor.human': {
    description: 'Whether a person stands behind the act: true, false or `unknown`.',
    derive: (event, context) => isHuman(event, context),
  },
  'derived.mfa': {
    description: '`present`, `absent` or `unknown`. Absent is only ever said of IAM users and the root user.',
    derive: (event) => mfaOf(event),
  },
  'derived.outcome': {
    description: '`success`, `denied` (authorization) or `failure` (anything else, failed sign-ins included).',
    derive: (event) => outcomeOf(event),
  },
  'derived.side': {
    description: 'Of the two records of a cross-account call: `caller` or `owner`. `caller` for all other calls.',
    derive: (event) => sideOf(event),
  },
  'derived.counted': {
    description: 'Whether this is the one to count of the two records of a cross-account call.',
    derive: (event, context) => isCounted(event, context),
  },
  'derived.account.id': { description: 'Account whose log holds the record.', derive: (event) => event.account },
  'derived.account.inOrganization': {
    description: 'Whether that account is listed in the configuration; `unknown` if none is.',
    derive: (event, context) => context.isMember(event.account),
  },
  'derived.account.name': {
    description: 'Name of that account in the configuration.',
    derive: (event, context) => context.account(event.account)?.name,
  },
  'derived.account.environment': {
    description: 'Environment of that account in the configuration, e.g. `production`.',
    derive: (event, context) => context.account(event.account)?.environment,
  },
  'derived.caller.account': {
    description: 'Account that the call comes from.',
    derive: (event) => callerAccount(event),
  },
  'derived.caller.inOrganization': {
    description: 'Whether the calling account is listed in the configuration; `unknown` if none is.',
    derive: (event, context) => context.isMember(callerAccount(event)),
  },
  'derived.caller.trusted': {
    description: 'Whether the configuration names the calling account as trusted.',
    derive: (event, context) => context.isTrusted(callerAccount(event)),
  },
  'derived.target.user': {
    description: 'IAM user that the call changes; the caller, if the request names none.',
    derive: (event) => targetUser(event),
  },
  'derived.target.self': {
    description: 'Whether the caller is the IAM user that the call changes.',
    derive: (event) => isSelf(event),
  },
  'derived.policy.power': {
    description:
      'What the policy in the request, or the AWS-managed policy it names, grants over all resources: `admin`, `iam`, `power-user`, `none` or `unknown`.',
    derive: (event) => powerOf(event),
  },
  'derived.policy.grantsAdmin': {
    description: 'Whether that is `admin`, in any spelling.',
    derive: (event) => {
      const power = powerOf(event);
      return power === 'unknown' ? power : power === 'admin';
    },
  },
  'derived.trust.everyone': {
    description: 'Whether the trust policy in the request lets in anybody at all.',
    derive: (event) => {
      const trust = trustOf(event);
      return trust && (trust.readable ? trust.everyone : 'unknown');
    },
  },
  'derived.trust.accounts': {
    description: 'Accounts that the trust policy in the request names.',
    derive: (event) => trustOf(event)?.accounts,
  },
  'derived.trust.outsiders': {
    description:
      'Accounts and organizations that it lets in and that are neither of the organization nor trusted; `anybody` for everyone.',
    derive: (event, context) => outsidersOf(event, context),
  },
  'derived.trust.outsideOrganization': {
    description: 'Whether that trust policy lets in somebody outside the organization who is not a trusted account.',
    derive: (event, context) => trustsOutside(event, context),
  },
};

/** Whether a name belongs to the derived fields, known or not. */
export function isDerived(name: string): boolean {
  return name.startsWith('derived.');
}

/** The value of a derived field, or undefined where the event has none. */
export function deriveField(name: string, event: Event, context: Context): Json | undefined {
  return Object.hasOwn(derivedFields, name) ? derivedFields[name]!.derive(event, context) : undefined;
}
