import type { Event } from '../event';
import { at, isObject, text } from '../json';
import type { Context, Known } from './context';

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html, errorCode */
const DENIED = /AccessDenied|Unauthori[sz]ed|NotAuthorized|AuthorizationError|Forbidden/i;

/**
 * How a call ended. A failed sign-in has an errorMessage or says "Failure", and no errorCode; a record whose error is
 * the text "Success" did succeed.
 */
export function outcomeOf(event: Event): 'success' | 'denied' | 'failure' {
  const code = text(event.record, 'errorCode');
  const message = text(event.record, 'errorMessage');
  if (code !== undefined && code !== 'Success') return DENIED.test(code) ? 'denied' : 'failure';
  // Sign-in events say how they ended under their own name.
  const name = text(event.record, 'eventName') ?? '';
  const result = text(event.record, 'responseElements', name) ?? text(event.record, 'serviceEventDetails', name);
  if (result === 'Failure' || message !== undefined) return 'failure';
  return 'success';
}

/** The account that a call comes from. In the record of a role's owner, `userIdentity` holds little else. */
export function callerAccount(event: Event): string | undefined {
  return text(event.record, 'userIdentity', 'accountId');
}

/**
 * Which of the two records of a cross-account call this is. Both carry the same `sharedEventID`:
 *
 * ```
 * caller's account   recipientAccountId = userIdentity.accountId    caller
 * owner's account    recipientAccountId ≠ userIdentity.accountId    owner
 * ```
 */
export function sideOf(event: Event): 'caller' | 'owner' {
  const caller = callerAccount(event);
  return caller === undefined || caller === event.account ? 'caller' : 'owner';
}

/**
 * Whether this record is the one to count of the two of a cross-account call: the caller's where the caller belongs to
 * the organization, else the owner's, since the other is in somebody else's log. Unknown membership counts both.
 */
export function isCounted(event: Event, context: Context): boolean {
  if (sideOf(event) === 'caller') return true;
  return context.isMember(callerAccount(event)) !== true;
}

/**
 * The IAM user that a call changes; without `userName` in the request, IAM changes the caller. A refused call is mostly
 * recorded without its request, and of a truncated record the request is missing: whom they meant is unknown.
 */
export function targetUser(event: Event): string | undefined {
  const named = text(event.record, 'requestParameters', 'userName');
  if (named !== undefined || !hasRequest(event)) return named;
  return text(event.record, 'userIdentity', 'type') === 'Root' ? 'root' : callingUser(event);
}

/** Whether the caller is the IAM user, or the root user, that the call changes. */
export function isSelf(event: Event): Known {
  const type = text(event.record, 'userIdentity', 'type');
  const named = text(event.record, 'requestParameters', 'userName');
  if (type !== 'IAMUser') return named === undefined && type === 'Root' && hasRequest(event);
  if (named === undefined) return hasRequest(event) ? true : 'unknown';
  const caller = callingUser(event);
  return caller === undefined ? 'unknown' : caller.toLowerCase() === named.toLowerCase();
}

function callingUser(event: Event): string | undefined {
  const identity = at(event.record, 'userIdentity');
  const isUser = text(identity, 'type') === 'IAMUser';
  return text(identity, 'userName') ?? (isUser ? text(identity, 'arn')?.split('/').pop() : undefined);
}

function hasRequest(event: Event): boolean {
  const request = at(event.record, 'requestParameters');
  if (at(request, 'omitted') === true) return false;
  return isObject(request) || outcomeOf(event) !== 'denied';
}
