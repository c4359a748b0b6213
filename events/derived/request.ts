import type { Event } from '../event';
import { at, isObject, own, text, texts, type Json } from '../json';

const MAX_DEPTH = 8;
/** Requests hold few members; more are not looked through. */
const MAX_VALUES = 2_000;
/** More roles than this are not passed in one call. */
const MAX_ROLES = 20;

/** Services where a role in the request is what the call is about, and not handed to a machine. */
const ABOUT_ROLES = new Set([
  'iam.amazonaws.com',
  'sts.amazonaws.com',
  'sso.amazonaws.com',
  'signin.amazonaws.com',
  'organizations.amazonaws.com',
  'kms.amazonaws.com',
  's3.amazonaws.com',
  'ram.amazonaws.com',
]);

/** Names under which requests hold a role that a service is to take on. */
const ROLE_NAME =
  /(?:role|rolearn|rolearns|iaminstanceprofile|instanceprofile|instanceprofilename|instanceprofilearn)$/i;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:(?:role|instance-profile)\/.+/;
/** EC2 says `{iamInstanceProfile: {name: …}}`. */
const PROFILE_MEMBER = /^(?:name|arn)$/i;

/**
 * Roles and instance profiles that a call hands to a service, for what it makes or changes to act in: of RunInstances,
 * CreateFunction, CreateStack, RegisterTaskDefinition and whatever else has a role in its request. ARNs or names, as the
 * request has them. Undefined if there are none.
 */
export function passedRoles(event: Event): string[] | undefined {
  if (ABOUT_ROLES.has(text(event.record, 'eventSource') ?? '')) return undefined;
  if (event.record['readOnly'] === true) return undefined;
  const roles = new Set<string>();
  let left = MAX_VALUES;
  const look = (value: Json, name: string, depth: number): void => {
    if (left-- <= 0 || depth > MAX_DEPTH) return;
    if (Array.isArray(value)) value.forEach((member) => look(member, name, depth + 1));
    else if (isObject(value)) {
      for (const key of Object.keys(value))
        look(value[key]!, ROLE_NAME.test(name) && PROFILE_MEMBER.test(key) ? name : key, depth + 1);
    } else if (typeof value === 'string' && ROLE_NAME.test(name) && isRole(value)) roles.add(value);
  };
  look(at(event.record, 'requestParameters') ?? null, '', 0);
  return roles.size === 0 ? undefined : [...roles].sort().slice(0, MAX_ROLES);
}

/** An ARN of a role, or a bare name of one. */
function isRole(value: string): boolean {
  return ROLE_ARN.test(value) || /^[\w+=,.@-]{1,128}$/.test(value);
}

/** The role that a call changes or takes on, by its name. */
export function targetRole(event: Event): string | undefined {
  const request = at(event.record, 'requestParameters');
  return text(request, 'roleName') ?? text(request, 'roleArn')?.split('/').pop();
}

/** The account that a call is about, where it is another than the one that it is made in: of a role, a root user, an assignment. */
export function targetAccount(event: Event): string | undefined {
  const request = at(event.record, 'requestParameters');
  const arn = text(request, 'roleArn') ?? text(request, 'targetPrincipal');
  const named = /^arn:aws[a-z-]*:iam::(\d{12}):/.exec(arn ?? '')?.[1] ?? arn;
  const candidates = [named, text(request, 'targetId'), text(request, 'accountId')];
  return candidates.find((candidate) => candidate !== undefined && /^\d{12}$/.test(candidate));
}

/** What of management events a trail still records after PutEventSelectors. */
export interface Selection {
  management: 'all' | 'read-only' | 'write-only' | 'none' | 'unknown';
  /** Sources of events that are left out: `kms.amazonaws.com`. */
  excluded: string[];
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html; undefined of other calls. */
export function selectionOf(event: Event): Selection | undefined {
  if (event.record['eventName'] !== 'PutEventSelectors') return undefined;
  const request = at(event.record, 'requestParameters');
  const [basic, advanced] = ['eventSelectors', 'advancedEventSelectors'].map((name) => own(request, name));
  const reads = new Set<boolean>();
  const excluded = new Set<string>();
  if (Array.isArray(basic)) {
    for (const selector of basic) {
      // Without the member, management events are in.
      if (at(selector, 'includeManagementEvents') === false) continue;
      addKinds(reads, text(selector, 'readWriteType')?.toLowerCase());
      for (const source of texts(at(selector, 'excludeManagementEventSources'))) excluded.add(source);
    }
  }
  if (Array.isArray(advanced)) {
    for (const selector of advanced) {
      const fields = at(selector, 'fieldSelectors');
      if (!Array.isArray(fields)) continue;
      const of = (name: string): Json | undefined => fields.find((field) => text(field, 'field') === name);
      if (!texts(at(of('eventCategory'), 'equals')).includes('Management')) continue;
      const only = texts(at(of('readOnly'), 'equals')).map((value) => value.toLowerCase());
      addKinds(reads, only.length !== 1 ? undefined : only[0] === 'true' ? 'readonly' : 'writeonly');
      for (const source of texts(at(of('eventSource'), 'notEquals'))) excluded.add(source);
    }
  }
  if (!Array.isArray(basic) && !Array.isArray(advanced)) return { management: 'unknown', excluded: [] };
  const management =
    reads.size === 2 ? 'all' : reads.has(true) ? 'read-only' : reads.has(false) ? 'write-only' : 'none';
  return { management, excluded: [...excluded].sort() };
}

function addKinds(reads: Set<boolean>, only: string | undefined): void {
  if (only !== 'writeonly') reads.add(true);
  if (only !== 'readonly') reads.add(false);
}
