import ipaddr from 'ipaddr.js';
import type { Event } from '../event';
import { at, flag, text } from '../json';
import type { Context, Known } from './context';

/** Ranges that are nobody's on the internet, as ipaddr.js names them; those for documentation are told as what they stand for. */
const PRIVATE = new Set(['private', 'uniqueLocal', 'loopback', 'linkLocal', 'carrierGradeNat', 'unspecified']);

export type SourceKind = 'public' | 'private' | 'aws-service' | 'internal' | 'unknown';

/**
 * Where a call came from. `sourceIPAddress` may be an address, the DNS name of the AWS service that made the call, or
 * `AWS Internal`: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function sourceKind(event: Event): SourceKind {
  const source = text(event.record, 'sourceIPAddress');
  if (source === undefined) return 'unknown';
  if (/^AWS Internal/i.test(source)) return 'internal';
  if (/^[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?$/i.test(source)) return 'aws-service';
  if (!ipaddr.isValid(source)) return 'unknown';
  return PRIVATE.has(ipaddr.process(source).range()) ? 'private' : 'public';
}

/** Whether a call came from a trusted network; unknown where none is configured, undefined where it has no address. */
export function isSourceTrusted(event: Event, context: Context): Known | undefined {
  const source = text(event.record, 'sourceIPAddress');
  return source !== undefined && ipaddr.isValid(source) ? context.isTrustedNetwork(source) : undefined;
}

/** Whether the credentials of a call were issued by the console. */
export function isFromConsole(event: Event): boolean {
  return flag(event.record, 'sessionCredentialFromConsole') === true;
}

/**
 * Whether credentials of the console were used by something else than the console. Calls that the console makes pass its
 * proxy and have no `tlsDetails`: see `sessionCredentialFromConsole` in CloudTrail's record contents.
 */
export function isConsoleElsewhere(event: Event): boolean {
  return isFromConsole(event) && text(event.record, 'tlsDetails', 'tlsVersion') !== undefined;
}

/** By the prefix of the id: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids */
export function keyKind(event: Event): 'long-term' | 'temporary' | undefined {
  const id = text(at(event.record, 'userIdentity'), 'accessKeyId');
  if (id?.startsWith('AKIA')) return 'long-term';
  return id?.startsWith('ASIA') ? 'temporary' : undefined;
}
