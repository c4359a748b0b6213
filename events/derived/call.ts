import type { Event } from '../event';
import { at, text } from '../json';
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
  const result =
    text(event.record, 'responseElements', 'ConsoleLogin') ??
    text(event.record, 'responseElements', 'SwitchRole') ??
    text(event.record, 'serviceEventDetails', String(event.record['eventName']));
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

/** The IAM user that a call changes; without `userName` in the request, IAM changes the caller. */
export function targetUser(event: Event): string | undefined {
  const named = text(event.record, 'requestParameters', 'userName');
  if (named !== undefined) return named;
  if (text(event.record, 'userIdentity', 'type') === 'Root') return 'root';
  return text(event.record, 'userIdentity', 'userName');
}

/** Whether the caller is the IAM user that the call changes. */
export function isSelf(event: Event): Known {
  const type = text(event.record, 'userIdentity', 'type');
  const named = text(event.record, 'requestParameters', 'userName');
  if (named === undefined) return at(event.record, 'requestParameters', 'omitted') === true ? 'unknown' : true;
  if (type !== 'IAMUser') return false;
  const caller = text(event.record, 'userIdentity', 'userName') ?? text(event.record, 'userIdentity', 'arn')?.split('/').pop();
  return caller === undefined ? 'unknown' : caller.toLowerCase() === named.toLowerCase();
}
