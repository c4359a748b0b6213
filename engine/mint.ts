import { actorOf, isHuman, sourceIdentityOf, type Actor, type Context } from '../events/derived';
import type { Event } from '../events/event';
import { at, isObject, text, type JsonObject } from '../events/json';
import { redactText } from '../events/redact';
import type { FindingActor } from './finding';
import { shared } from './shared';
import { capBytes } from './text';

/** Who made credentials, as far as a lineage tells. */
export type Minter = Pick<
  FindingActor,
  'id' | 'kind' | 'name' | 'account' | 'human' | 'accessKeyId' | 'sourceIdentity'
>;

/**
 * That somebody made credentials: the link from a session, or a key, to the one before it. Small, and without secrets: an
 * access key id is none.
 */
export interface Mint {
  kind: 'mint';
  /** What it is found under: `key ID` of the credentials, or `call ID` of a call that two accounts record. */
  name: string;
  action: MintAction;
  by: Minter;
  /** The call of which another account's record says more: `sharedEventID`. */
  call: string | null;
  /** Milliseconds since the epoch. */
  time: number | undefined;
  /** By somebody of another account than the one whose identity the credentials are of. */
  crossesAccounts: boolean;
}

const STS = 'sts.amazonaws.com';
const STS_KEY = ['responseElements', 'credentials', 'accessKeyId'];

/**
 * Calls that answer with credentials, and where their access key id is. A session of Identity Center is made by
 * AssumeRoleWithSAML. Sources: the API references of AWS STS and IAM, "Logging IAM and AWS STS API calls with CloudTrail".
 */
const MINTING = {
  AssumeRole: { source: STS, key: STS_KEY },
  AssumeRoleWithSAML: { source: STS, key: STS_KEY },
  AssumeRoleWithWebIdentity: { source: STS, key: STS_KEY },
  AssumeRoot: { source: STS, key: STS_KEY },
  GetSessionToken: { source: STS, key: STS_KEY },
  GetFederationToken: { source: STS, key: STS_KEY },
  CreateAccessKey: { source: 'iam.amazonaws.com', key: ['responseElements', 'accessKey', 'accessKeyId'] },
} as const;

export type MintAction = keyof typeof MINTING;
export const MINT_ACTIONS = Object.keys(MINTING) as MintAction[];

const ACCESS_KEY_ID = /^[A-Z0-9]{16,32}$/;
const MAX_NAME_BYTES = 64;
const MAX_TEXT_BYTES = 200;

/** The mints of an event: none, mostly. Pure; reads no more than two fields of what is none. */
export function mintsOf(event: Event, context: Context): Mint[] {
  const { record } = event;
  const action = record['eventName'] as MintAction;
  if (typeof action !== 'string' || !Object.hasOwn(MINTING, action)) return [];
  const { source, key } = MINTING[action];
  if (record['eventSource'] !== source || event.logsource.service !== 'cloudtrail') return [];
  const actor = actorOf(event);
  // A role that a service takes for itself is the beginning of what its sessions do: there is nobody behind it.
  if (actor.kind === 'service') return [];
  const by = minterOf(event, actor, context);
  const call = text(record, 'sharedEventID') ?? null;
  const mint = (name: string, of: string | null): Mint => ({
    ...{ kind: 'mint', name, action, by, call: of, time: event.time },
    crossesAccounts: crossesAccounts(record, by),
  });
  const mints: Mint[] = [];
  const id = text(record, ...key);
  if (id !== undefined && ACCESS_KEY_ID.test(id))
    mints.push(mint(`key ${id}`, call === null ? null : capBytes(call, 64)));
  // The account of the role only sees which account called; the caller's own record says who.
  if (call !== null && by.kind !== 'other-account') mints.push(mint(`call ${capBytes(call, 64)}`, null));
  return mints;
}

function minterOf(event: Event, actor: Actor, context: Context): Minter {
  const key = text(event.record, 'userIdentity', 'accessKeyId');
  const sourceIdentity = sourceIdentityOf(event);
  const kept = (value: string, bytes = MAX_TEXT_BYTES): string => capBytes(redactText(value), bytes);
  return shared({
    id: kept(actor.id),
    kind: actor.kind,
    name: kept(actor.name, MAX_NAME_BYTES),
    account: actor.account === undefined ? null : kept(actor.account, MAX_NAME_BYTES),
    human: isHuman(event, context),
    accessKeyId: key !== undefined && ACCESS_KEY_ID.test(key) ? key : null,
    ...(sourceIdentity && { sourceIdentity: kept(sourceIdentity, MAX_NAME_BYTES) }),
  });
}

/** Of AssumeRoot the credentials are those of the target, else of the role. */
function crossesAccounts(record: JsonObject, { account }: Minter): boolean {
  const parameters = at(record, 'requestParameters');
  if (!isObject(parameters)) return false;
  const target = text(parameters, 'targetPrincipal') ?? text(parameters, 'roleArn');
  const owner = /\d{12}/.exec(target ?? '')?.[0];
  return owner !== undefined && account !== null && owner !== account;
}

/**
 * What is remembered of mints where events come one by one: those of people, or of users that may be people, and those
 * across accounts. Few: most are made by services and for roles of the same account.
 */
export function isRemembered({ action, by, crossesAccounts: crosses }: Mint): boolean {
  const isPersonal = by.kind === 'iam-user' || by.kind === 'root' || action === 'AssumeRoleWithSAML';
  const mayBeHuman = by.human !== false && isPersonal;
  return by.human === true || mayBeHuman || crosses;
}

/** Of two records under one name, which one counts: that which knows who, then the smaller JSON text. */
export function isBetterMint(candidate: Mint, known: Mint): boolean {
  return rankOf(candidate) < rankOf(known);
}

function rankOf(mint: Mint): string {
  const { by } = mint;
  const knows = by.kind === 'other-account' || by.kind === 'unknown' ? '1' : '0';
  return `${knows}${by.accessKeyId === null ? '1' : '0'}${JSON.stringify(mint)}`;
}
