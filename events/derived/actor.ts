import type { Event } from '../event';
import { at, flag, isObject, text, type JsonObject } from '../json';
import type { Context, Known } from './context';

export type ActorKind =
  | 'root'
  | 'assumed-root'
  | 'iam-user'
  | 'role'
  | 'identity-center-user'
  | 'federated-user'
  | 'service'
  | 'other-account'
  | 'unknown';

/** Who acted, by the identity that stays the same from one session to the next. */
export interface Actor {
  kind: ActorKind;
  /**
   * role → ARN of the role, user → its ARN, root → `111122223333:root`, Identity Center → the user id, service → its
   * DNS name, another account → `account 444455556666`. Never a session ARN: every session would be somebody new.
   */
  id: string;
  /** For people: `root of 111122223333`, `alice@example.com (AWSReservedSSO_Admin_1f…)`. */
  name: string;
  account: string | undefined;
  session: string | undefined;
}

/** CloudTrail userIdentity element: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
export function actorOf(event: Event): Actor {
  if (event.logsource.service === 'guardduty') return findingActor(event.record);
  const identity = at(event.record, 'userIdentity');
  if (!isObject(identity)) return unknownActor(event);
  const account = text(identity, 'accountId');
  const arn = text(identity, 'arn');
  const service = text(identity, 'invokedBy');
  const userName = text(identity, 'userName');
  const base = { account, session: undefined };
  switch (text(identity, 'type')) {
    case 'Root': {
      const where = account ?? event.account ?? 'an unknown account';
      const assumed = flag(identity, 'sessionContext', 'assumedRoot') === true;
      const kind = assumed ? 'assumed-root' : 'root';
      return { ...base, kind, id: `${where}:root`, name: `${assumed ? 'AssumeRoot session in' : 'root of'} ${where}` };
    }
    case 'IAMUser': {
      // Failed sign-ins have no ARN; with this one they are the same actor's as what follows.
      const named = account && userName ? `arn:aws:iam::${account}:user/${userName}` : undefined;
      const id = arn ?? named ?? text(identity, 'principalId') ?? userName;
      if (id === undefined) return unknownActor(event);
      return { ...base, kind: 'iam-user', id, name: `user ${userName ?? id.split('/').pop()}` };
    }
    case 'AssumedRole':
    case 'Role':
      return roleActor(identity, account, arn) ?? unknownActor(event);
    case 'IdentityCenterUser': {
      const id = text(identity, 'onBehalfOf', 'userId') ?? text(identity, 'principalId') ?? 'unknown';
      const name = text(event.record, 'additionalEventData', 'UserName') ?? userName ?? id;
      return { ...base, kind: 'identity-center-user', id, name: `Identity Center user ${name}` };
    }
    case 'FederatedUser': {
      const issuer = text(identity, 'sessionContext', 'sessionIssuer', 'arn');
      const session = arn?.split('/').pop();
      const id = issuer ?? arn;
      if (id === undefined) return unknownActor(event);
      return { ...base, session, kind: 'federated-user', id, name: `federated user ${session ?? id}` };
    }
    case 'SAMLUser':
    case 'WebIdentityUser': {
      const id = text(identity, 'principalId') ?? userName ?? text(identity, 'identityProvider');
      if (id === undefined) return unknownActor(event);
      return { ...base, kind: 'federated-user', id, name: `federated user ${userName ?? id}` };
    }
    case 'AWSAccount': {
      if (account === undefined) return service ? serviceActor(service) : unknownActor(event);
      return { ...base, kind: 'other-account', id: `account ${account}`, name: `account ${account}` };
    }
    case 'AWSService':
      return serviceActor(service ?? text(event.record, 'sourceIPAddress') ?? 'an AWS service');
    default: {
      // "Unknown" and absent types: real records of Identity Center and of services have them.
      const user = text(identity, 'onBehalfOf', 'userId');
      if (user !== undefined) {
        return { ...base, kind: 'identity-center-user', id: user, name: `Identity Center user ${userName ?? user}` };
      }
      if (arn?.includes(':assumed-role/')) return roleActor(identity, account, arn) ?? unknownActor(event);
      if (service !== undefined) return serviceActor(service);
      const id = arn ?? userName ?? text(identity, 'principalId');
      return id === undefined ? unknownActor(event) : { ...base, kind: 'unknown', id, name: id };
    }
  }
}

/**
 * Whom a session acts for by its source identity: whoever took the first role said so, and no session that comes of it can
 * change it: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
 */
export function sourceIdentityOf(event: Event): string | undefined {
  return text(event.record, 'userIdentity', 'sessionContext', 'sourceIdentity') || undefined;
}

function roleActor(identity: JsonObject, account: string | undefined, arn: string | undefined): Actor | undefined {
  const parts = arn?.split('/') ?? [];
  const isSession = arn?.includes(':assumed-role/') === true && parts.length >= 3;
  const session = isSession ? parts.slice(2).join('/') : text(identity, 'principalId')?.split(':')[1];
  const issuer = text(identity, 'sessionContext', 'sessionIssuer', 'arn');
  const roleName =
    text(identity, 'sessionContext', 'sessionIssuer', 'userName') ?? (isSession ? parts[1] : issuer?.split('/').pop());
  // Without an issuer the role is named as the STS ARN names it, with the session cut off.
  const id = issuer ?? (isSession ? parts.slice(0, 2).join('/') : arn);
  if (id === undefined) return undefined;
  const role = roleName ?? id;
  return { kind: 'role', id, name: session ? `${session} (role ${role})` : `role ${role}`, account, session };
}

function serviceActor(service: string): Actor {
  return { kind: 'service', id: service, name: service, account: undefined, session: undefined };
}

function unknownActor(event: Event): Actor {
  const id = text(event.record, 'userIdentity', 'principalId') ?? 'unknown';
  return {
    kind: 'unknown',
    id,
    name: id === 'unknown' ? 'somebody unknown' : id,
    account: undefined,
    session: undefined,
  };
}

/** GuardDuty: AccessKeyDetails, where for role sessions `userName` is the role's name; or the actor of an attack sequence. */
function findingActor(record: JsonObject): Actor {
  const details = at(record, 'resource', 'accessKeyDetails');
  const actors = at(record, 'service', 'detection', 'sequence', 'actors');
  const sequenceUser = Array.isArray(actors) ? at(actors[0], 'user') : undefined;
  const account = text(record, 'accountId');
  const userName = text(details, 'userName') ?? text(sequenceUser, 'name');
  const base = { account, session: undefined };
  const type = text(details, 'userType') ?? text(sequenceUser, 'type');
  if (type === 'Root') return { ...base, kind: 'root', id: `${account ?? ''}:root`, name: `root of ${account ?? '?'}` };
  if (userName === undefined) {
    const resource = text(record, 'resource', 'instanceDetails', 'instanceId');
    return { ...base, kind: 'unknown', id: resource ?? 'unknown', name: resource ?? 'somebody unknown' };
  }
  if (type === 'IAMUser') {
    return {
      ...base,
      kind: 'iam-user',
      id: `arn:aws:iam::${account ?? ''}:user/${userName}`,
      name: `user ${userName}`,
    };
  }
  if (type === 'AssumedRole' || type === 'Role') {
    return { ...base, kind: 'role', id: `arn:aws:iam::${account ?? ''}:role/${userName}`, name: `role ${userName}` };
  }
  return { ...base, kind: 'unknown', id: userName, name: userName };
}

/** Whether a machine is known to be behind an act: an AWS service, a service-linked role, or one of the configuration. */
export function isAutomation(event: Event, context: Context): boolean {
  const { id, kind } = actorOf(event);
  return kind === 'service' || isServiceLinked(id) || context.isAutomation(id);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html */
function isServiceLinked(roleArn: string): boolean {
  return roleArn.includes('/aws-service-role/') || /[/:]AWSServiceRoleFor[^/]*$/.test(roleArn);
}

/** Whether a person stands behind an act; unknown where the record leaves it open. */
export function isHuman(event: Event, context: Context): Known {
  const actor = actorOf(event);
  const identity = at(event.record, 'userIdentity');
  if (context.isAutomation(actor.id)) return false;
  if (actor.kind === 'root' || actor.kind === 'identity-center-user') return true;
  if (actor.kind === 'service') return false;
  if (event.record['eventType'] === 'AwsConsoleSignIn') return true;
  if (actor.kind === 'role') {
    const role = actor.id.split('/').pop() ?? '';
    if (role.startsWith('AWSReservedSSO_')) return true;
    if (isServiceLinked(actor.id)) return false;
    if (at(identity, 'sessionContext', 'ec2RoleDelivery') !== undefined) return false;
    if (/^i-[0-9a-f]{8,17}$/.test(actor.session ?? '')) return false;
  }
  if (flag(event.record, 'sessionCredentialFromConsole') === true) return true;
  if (flag(identity, 'sessionContext', 'attributes', 'mfaAuthenticated') === true) return true;
  return 'unknown';
}

/**
 * Whether the actor proved a second factor. CloudTrail knows this of IAM users and the root user only: a federated or
 * role session always says "No" or "false", because the second factor was the identity provider's affair; nor does a
 * long-term key say anything. A root session with temporary credentials that says "false" may come from AssumeRoot.
 */
export function mfaOf(event: Event): 'present' | 'absent' | 'unknown' {
  const identity = at(event.record, 'userIdentity');
  const type = text(identity, 'type');
  if (event.record['eventName'] === 'ConsoleLogin') {
    const used = text(event.record, 'additionalEventData', 'MFAUsed')?.toLowerCase();
    if (used === 'yes') return 'present';
    return (type === 'IAMUser' || type === 'Root') && used === 'no' ? 'absent' : 'unknown';
  }
  const authenticated = flag(identity, 'sessionContext', 'attributes', 'mfaAuthenticated');
  if (authenticated === true) return 'present';
  return authenticated === false && type === 'IAMUser' ? 'absent' : 'unknown';
}
