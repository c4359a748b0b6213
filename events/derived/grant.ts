import type { Grant } from '../config';
import type { Event } from '../event';
import { text } from '../json';
import { actorOf, type Actor } from './actor';
import type { Context } from './context';
import { targetAccount } from './request';

/**
 * inside    an approved grant covers the act
 * expired   one did, and has ended
 * outside   one covers the role in another account, or begins later
 * none      no grant is for this person in this role
 * unknown   the configuration has no grants, or the event has no time
 */
export type GrantState = 'inside' | 'expired' | 'outside' | 'none' | 'unknown';

export interface Granted {
  state: GrantState;
  /** The one that tells. */
  grant?: TimedGrant;
}

/** A grant with its span in milliseconds since the epoch; the end is not part of it. */
export interface TimedGrant extends Grant {
  begins: number;
  ends: number;
}

/** Whether a just-in-time grant covers an act: of the person, in the role and the account, at the time of the event. */
export function grantedBy(event: Event, context: Context): Granted {
  if (!context.grants || event.time === undefined) return { state: 'unknown' };
  const { time } = event;
  const actor = actorOf(event);
  const roles = rolesOf(event, actor);
  const accounts = [event.account, targetAccount(event)];
  const ofRole = namesOf(event, actor)
    .flatMap((name) => context.grants!.get(name) ?? [])
    .filter(({ role }) => role === undefined || roles.some((arn) => isRole(role, arn)))
    // The last to end tells, and of those the first by its id: which one it is must not depend on the order of files.
    .sort((a, b) => b.ends - a.ends || (a.approval < b.approval ? -1 : 1));
  const inScope = ofRole.filter(({ account }) => account === undefined || accounts.includes(account));
  const isInForce = ({ begins, ends }: TimedGrant): boolean => begins <= time && time < ends;
  const told: [GrantState, TimedGrant | undefined][] = [
    ['inside', inScope.find(isInForce)],
    ['expired', inScope.find(({ ends }) => ends <= time)],
    ['outside', inScope[0] ?? ofRole.find(isInForce)],
  ];
  const [state, grant] = told.find(([, found]) => found) ?? ['none', undefined];
  return grant ? { state, grant } : { state };
}

/** What a finding says of it: `CHG-12, in force until 2026-03-03T18:00:00Z`. */
export function grantText({ state, grant }: Granted): string | undefined {
  if (!grant) return undefined;
  const { approval, from, until, role, account } = grant;
  const scope = [role, account].filter((part) => part !== undefined).join(' in ');
  if (state === 'inside') return `${approval}, in force until ${until}`;
  return state === 'expired'
    ? `${approval}, ended at ${until}`
    : `${approval}, which is for ${scope} from ${from} to ${until}`;
}

/**
 * The names that a grant may have for an actor, in lower case. Of a role session the name counts only where Identity
 * Center has given it: whoever assumes another role chooses the name freely.
 */
function namesOf(event: Event, { id, kind, session }: Actor): string[] {
  const names = [id];
  if (kind === 'iam-user') names.push(id.split('/').pop()!);
  if (kind === 'role' && session !== undefined && id.includes(':role/aws-reserved/sso.amazonaws.com/'))
    names.push(session);
  if (kind === 'identity-center-user') {
    const given = [
      text(event.record, 'additionalEventData', 'UserName'),
      text(event.record, 'userIdentity', 'userName'),
    ];
    names.push(...given.filter((name) => name !== undefined));
  }
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** ARNs of the role that acts, and of the one that is assumed. */
function rolesOf(event: Event, { id, kind }: Actor): string[] {
  const assumed =
    event.record['eventSource'] === 'sts.amazonaws.com' && text(event.record, 'requestParameters', 'roleArn');
  return [...(kind === 'role' ? [id] : []), ...(assumed ? [assumed] : [])];
}

/** Whether a role is the one that a grant names: by ARN, by name, or by the permission set that it was made for. */
function isRole(granted: string, arn: string): boolean {
  if (granted.startsWith('arn:')) return granted === arn;
  const name = arn.split('/').pop()!;
  return granted === name || granted === /^AWSReservedSSO_(.+)_[0-9a-f]{16}$/.exec(name)?.[1];
}

/** Grants by the names of whom they are for, in lower case. */
export function indexGrants(grants: Grant[] | undefined): ReadonlyMap<string, TimedGrant[]> | undefined {
  if (!grants) return undefined;
  const index = new Map<string, TimedGrant[]>();
  for (const grant of grants) {
    const timed = { ...grant, begins: Date.parse(grant.from), ends: Date.parse(grant.until) };
    for (const name of new Set(grant.who.map((one) => one.toLowerCase()))) {
      index.set(name, [...(index.get(name) ?? []), timed]);
    }
  }
  return index;
}
