import type { Event } from '../event';
import type { Json } from '../json';
import { actorOf, isAutomation, isHuman, mfaOf } from './actor';
import { callerAccount, isCounted, isSelf, outcomeOf, sideOf, targetUser } from './call';
import type { Context } from './context';
import { encryptingAccounts, encryptsForOutsiders } from './encryption';
import { grantedBy } from './grant';
import { exposureOf } from './network';
import { passedRoles, selectionOf, targetAccount, targetRole } from './request';
import { isConsoleElsewhere, isFromConsole, isSourceTrusted, keyKind, sourceKind } from './source';
import {
  allowsAllBut,
  grantedEscalations,
  grantedPower,
  isReadable,
  policyKind,
  reach,
  trustGuards,
  trustedSubjects,
  trustsWithoutExternalId,
  trustsWithoutMfa,
  type PolicyKind,
  type Reach,
} from '../policy';

export { actorOf, isHuman, mfaOf, sourceIdentityOf, type Actor } from './actor';
export { outcomeOf } from './call';
export { grantedBy, grantText, type GrantState } from './grant';
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
  'derived.target.role': {
    description: 'Name of the role that the call changes or takes on.',
    derive: (event) => targetRole(event),
  },
  'derived.target.account': {
    description: 'Account that the call is about, where the request names one: of a role, a root user, an assignment.',
    derive: (event) => targetAccount(event),
  },
  'derived.actor.automation': {
    description:
      'Whether the actor is an AWS service, a service-linked role, or among `automation` or `ci` of the configuration.',
    derive: (event, context) => isAutomation(event, context),
  },
  'derived.actor.ci': {
    description: 'Whether the configuration names the actor under `ci`: it deploys infrastructure.',
    derive: (event, context) => context.isCi(actorOf(event).id),
  },
  'derived.actor.breakGlass': {
    description: 'Whether the configuration names the actor under `breakGlass`: it is for emergencies only.',
    derive: (event, context) => context.isBreakGlass(actorOf(event).id),
  },
  'derived.hours': {
    description: '`inside` or `outside` the business hours of the configuration; `unknown` if it has none.',
    derive: (event, context) => context.hours(event.time),
  },
  'derived.grant.state': {
    description:
      'Whether a just-in-time grant covers the act: `inside`, `expired` (one did and has ended), `outside` (one is for the role in another account, or begins later), `none`, or `unknown` (no grants are configured).',
    derive: (event, context) => grantedBy(event, context).state,
  },
  'derived.grant.approval': {
    description: 'Approval of the grant that this is about.',
    derive: (event, context) => grantedBy(event, context).grant?.approval,
  },
  'derived.source.kind': {
    description:
      'Where the call came from: `public` or `private` address, `aws-service` (its DNS name), `internal` (`AWS Internal`) or `unknown`.',
    derive: (event) => sourceKind(event),
  },
  'derived.source.trusted': {
    description:
      'Whether its address is in a trusted network of the configuration; `unknown` if there are none, absent if it has no address.',
    derive: (event, context) => isSourceTrusted(event, context),
  },
  'derived.key.kind': {
    description: "`long-term` or `temporary`, by the access key's id; absent if there is none.",
    derive: (event) => keyKind(event),
  },
  'derived.session.fromConsole': {
    description: 'Whether the console issued the credentials.',
    derive: (event) => isFromConsole(event),
  },
  'derived.session.consoleElsewhere': {
    description: 'Whether credentials that the console issued were used by another client than the console.',
    derive: (event) => isConsoleElsewhere(event),
  },
  'derived.policy.kind': {
    description:
      'What the policy in the request is about: `identity` (what somebody may do), `boundary`, `session`, `trust` (who may assume a role), `resource` (who may use it) or `share` (a list of accounts or a single permission in place of a document).',
    derive: (event) => policyKind(event),
  },
  'derived.policy.readable': {
    description:
      "Whether all of it is known: false for a truncated record, a document that cannot be read, and a customer's managed policy, of which the call has the ARN alone.",
    derive: (event) => isReadable(event),
  },
  'derived.policy.power': {
    description:
      'What the document in the request, or the AWS-managed policy it names, grants over all resources: `admin`, `iam`, `power-user`, `none` or `unknown`. Of identity, boundary and session policies.',
    derive: (event) => grantedPower(event),
  },
  'derived.policy.grantsAdmin': {
    description: 'Whether that is `admin`, in any spelling.',
    derive: (event) => {
      const power = grantedPower(event);
      return power === undefined || power === 'unknown' ? power : power === 'admin';
    },
  },
  'derived.policy.allowsAllBut': {
    description:
      'Whether it allows all but the actions or resources that it names (NotAction, NotResource), however few are left.',
    derive: (event) => allowsAllBut(event),
  },
  'derived.policy.escalations': {
    description:
      'Ways to more power that it opens towards anybody or anything, by their actions: `iam:CreatePolicyVersion`, `iam:PassRole+lambda:CreateFunction`. Empty if none; `unknown` if the policy is. The list is in `events/policy/escalations.ts`.',
    derive: (event) => grantedEscalations(event, 'wide'),
  },
  'derived.policy.narrowEscalations': {
    description: 'Ways to more power that it opens towards resources that it names, and no others.',
    derive: (event) => grantedEscalations(event, 'narrow'),
  },
  'derived.access.everyone': {
    description: 'Whether the resource policy or the share in the request lets in anybody at all.',
    derive: (event, context) => reached(event, context, ACCESS, ({ everyone }) => everyone),
  },
  'derived.access.accounts': {
    description: 'Accounts that it lets in.',
    derive: (event, context) => reached(event, context, ACCESS, ({ accounts }) => accounts),
  },
  'derived.access.outsiders': {
    description:
      'Who it lets in that is neither of the organization nor trusted, as far as is known: accounts, organizations, principals of which no account is known, address ranges; `anybody` for everyone.',
    derive: (event, context) => reached(event, context, ACCESS, ({ outsiders }) => outsiders),
  },
  'derived.access.outsideOrganization': {
    description: 'Whether there is such an outsider: true, false, or `unknown`.',
    derive: (event, context) => reached(event, context, ACCESS, ({ outside }) => outside),
  },
  'derived.trust.everyone': {
    description: 'Whether the trust policy in the request lets in anybody at all.',
    derive: (event, context) => reached(event, context, TRUST, ({ everyone }) => everyone),
  },
  'derived.trust.accounts': {
    description: 'Accounts that it lets in.',
    derive: (event, context) => reached(event, context, TRUST, ({ accounts }) => accounts),
  },
  'derived.trust.outsiders': {
    description: 'Who it lets in that is neither of the organization nor trusted; see `derived.access.outsiders`.',
    derive: (event, context) => reached(event, context, TRUST, ({ outsiders }) => outsiders),
  },
  'derived.trust.outsideOrganization': {
    description: 'Whether there is such an outsider: true, false, or `unknown`.',
    derive: (event, context) => reached(event, context, TRUST, ({ outside }) => outside),
  },
  'derived.trust.withoutExternalId': {
    description:
      'Whether it lets in an account from outside the organization, trusted or not, that needs no external id.',
    derive: (event, context) => trustsWithoutExternalId(event, context),
  },
  'derived.trust.withoutMfa': {
    description: 'Whether it lets in an AWS principal that need not have used a second factor.',
    derive: (event) => trustsWithoutMfa(event),
  },
  'derived.trust.guards': {
    description:
      'Conditions that it asks of all whom they can be asked of: `external-id` (of accounts outside the organization), `mfa` (of AWS principals), `organization` (that of the caller, of other accounts), `subject` (of the users of OIDC providers).',
    derive: (event, context) => guards(event, context, 'asked'),
  },
  'derived.trust.unguarded': {
    description: 'Those that it asks of some of them only, or of none.',
    derive: (event, context) => guards(event, context, 'omitted'),
  },
  'derived.trust.federatedWithoutSubject': {
    description:
      'OIDC providers that it trusts without a condition on `sub` (for Cognito: `aud`), so that all their users are let in.',
    derive: (event) => subjects(event, 'unbound'),
  },
  'derived.trust.wildcardSubject': {
    description:
      'Subjects of OIDC providers with a wildcard before they name an organization or a namespace: `repo:*`.',
    derive: (event) => subjects(event, 'wild'),
  },
  'derived.network.openPorts': {
    description:
      'Port ranges that a security group or a network ACL is opened to the world for: `22`, `1024-65535`, `all`; protocols without ports by name. Empty if none.',
    derive: (event) => exposed(event, 'ports'),
  },
  'derived.network.openAdminPorts': {
    description: 'Those of the well-known administration ports among them (SSH, RDP, WinRM, Docker, Kubernetes …).',
    derive: (event) => exposed(event, 'adminPorts'),
  },
  'derived.network.openDataPorts': {
    description: 'Those of the well-known ports of data stores among them.',
    derive: (event) => exposed(event, 'dataPorts'),
  },
  'derived.passedRole': {
    description:
      'Roles and instance profiles that the call hands to a service for what it makes or changes: ARNs or names.',
    derive: (event) => passedRoles(event),
  },
  'derived.encryption.accounts': {
    description: 'Accounts of the KMS keys, named by ARN, with which the call has something encrypted.',
    derive: (event) => encryptingAccounts(event),
  },
  'derived.encryption.outsideOrganization': {
    description: 'Whether one of them is neither of the organization nor trusted: true, false, or `unknown`.',
    derive: (event, context) => encryptsForOutsiders(event, context),
  },
  'derived.selectors.managementEvents': {
    description:
      'What of management events a trail records after PutEventSelectors: `all`, `read-only`, `write-only`, `none` or `unknown`.',
    derive: (event) => selectionOf(event)?.management,
  },
  'derived.selectors.excluded': {
    description: 'Event sources that it leaves out of them.',
    derive: (event) => selectionOf(event)?.excluded,
  },
};

const ACCESS: readonly PolicyKind[] = ['resource', 'share'];
const TRUST: readonly PolicyKind[] = ['trust'];

function reached(
  event: Event,
  context: Context,
  kinds: readonly PolicyKind[],
  pick: (found: Reach) => Json,
): Json | undefined {
  const found = reach(event, context, kinds);
  return typeof found === 'object' ? pick(found) : found;
}

function subjects(event: Event, which: 'unbound' | 'wild'): Json | undefined {
  const found = trustedSubjects(event);
  return typeof found === 'object' ? found[which] : found;
}

function guards(event: Event, context: Context, which: 'asked' | 'omitted'): Json | undefined {
  const found = trustGuards(event, context);
  return typeof found === 'object' ? found[which] : found;
}

function exposed(event: Event, which: 'ports' | 'adminPorts' | 'dataPorts'): Json | undefined {
  const found = exposureOf(event);
  return typeof found === 'object' ? found[which] : found;
}

/** Whether a name belongs to the derived fields, known or not. */
export function isDerived(name: string): boolean {
  return name.startsWith('derived.');
}

/** The value of a derived field, or undefined where the event has none. */
export function deriveField(name: string, event: Event, context: Context): Json | undefined {
  return Object.hasOwn(derivedFields, name) ? derivedFields[name]!.derive(event, context) : undefined;
}
