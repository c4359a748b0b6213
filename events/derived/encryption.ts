import type { Event } from '../event';
import { at, isObject, type Json } from '../json';
import type { Context, Known } from './context';

const MAX_DEPTH = 8;
/** Requests hold few members; more are not looked through. */
const MAX_VALUES = 500;

/**
 * Names under which requests hold the key that something is to be encrypted with: `kmsKeyId` (EC2, RDS), `KMSMasterKeyID`
 * (default encryption of a bucket), and the header of S3's PutObject and CopyObject.
 */
const KEY_NAME = /(?:kms-?(?:master-?)?key-?(?:id|arn)|encryption-aws-kms-key-id)$/i;
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]*:(\d{12}):(?:key|alias)\//;

/** Accounts of the KMS keys with which a call has something encrypted, as far as it names them by their ARNs; sorted. */
export function encryptingAccounts(event: Event): string[] | undefined {
  if (event.record['eventSource'] === 'kms.amazonaws.com') return undefined;
  const accounts = new Set<string>();
  let left = MAX_VALUES;
  const look = (value: Json, name: string, depth: number): void => {
    if (left-- <= 0 || depth > MAX_DEPTH) return;
    if (Array.isArray(value)) value.forEach((member) => look(member, name, depth + 1));
    else if (isObject(value)) for (const key of Object.keys(value)) look(value[key]!, key, depth + 1);
    else if (typeof value === 'string' && KEY_NAME.test(name)) {
      const account = KEY_ARN.exec(value)?.[1];
      if (account !== undefined) accounts.add(account);
    }
  };
  look(at(event.record, 'requestParameters') ?? null, '', 0);
  return accounts.size === 0 ? undefined : [...accounts].sort();
}

/** Whether one of those keys belongs to an account outside the organization that is not trusted; undefined of other calls. */
export function encryptsForOutsiders(event: Event, context: Context): Known | undefined {
  const accounts = encryptingAccounts(event);
  const verdicts = accounts?.map((account): Known => {
    if (account === event.account || context.isTrusted(account)) return false;
    const member = context.isMember(account);
    return member === 'unknown' ? 'unknown' : !member;
  });
  if (!verdicts) return undefined;
  return verdicts.includes(true) ? true : verdicts.includes('unknown') ? 'unknown' : false;
}
