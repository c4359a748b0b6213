import { contains, parseNetwork } from '../addresses';
import type { Account, Config } from '../config';
import { indexGrants, type TimedGrant } from './grant';
import { makeClock, type Hours } from './hours';

/** True, false, or that the event and the configuration do not say. */
export type Known = boolean | 'unknown';

/** What the configuration says of accounts, networks and principals, ready to be asked for every event. */
export interface Context {
  account(id: string | undefined): Account | undefined;
  /** Unknown where the configuration lists no accounts. */
  isMember(accountId: string | undefined): Known;
  isTrusted(accountId: string | undefined): boolean;
  /** Whether an address, or all of a range in CIDR notation, is in a trusted network; unknown where none is configured. */
  isTrustedNetwork(network: string): Known;
  /** Principals by whose ARN, or another stable identity, the configuration tells what they are. */
  isAutomation(principal: string | undefined): boolean;
  isCi(principal: string | undefined): boolean;
  isBreakGlass(principal: string | undefined): boolean;
  /** Whether a time, in milliseconds since the epoch, is within business hours. */
  hours(time: number | undefined): Hours;
  readonly organizationId: string | undefined;
  /** Just-in-time grants by the names of whom they are for, in lower case; undefined where none are configured. */
  readonly grants: ReadonlyMap<string, TimedGrant[]> | undefined;
}

export function makeContext(config: Config = {}): Context {
  const members = new Map((config.organization?.accounts ?? []).map((account) => [account.id, account]));
  const trusted = new Set(config.trusted?.accounts ?? []);
  const networks = (config.trusted?.networks ?? []).map(parseNetwork).filter((network) => network !== undefined);
  const isCi = matcher(config.ci);
  const isAutomation = matcher(config.automation);
  return {
    organizationId: config.organization?.id,
    account: (id) => (id === undefined ? undefined : members.get(id)),
    isMember: (id) => (members.size === 0 || id === undefined ? 'unknown' : members.has(id)),
    isTrusted: (id) => id !== undefined && trusted.has(id),
    isTrustedNetwork(text) {
      const network = parseNetwork(text);
      if (networks.length === 0 || !network) return 'unknown';
      return networks.some((trustedNetwork) => contains(trustedNetwork, network));
    },
    isAutomation: (principal) => isAutomation(principal) || isCi(principal),
    isCi,
    isBreakGlass: matcher(config.breakGlass),
    hours: makeClock(config.businessHours),
    grants: indexGrants(config.grants),
  };
}

/** Whether one of the patterns, in which `*` is any run of characters, is for a text. */
function matcher(patterns: string[] = []): (value: string | undefined) => boolean {
  const split = patterns.map((pattern) => pattern.split('*'));
  return (value) => value !== undefined && split.some((parts) => inOrder(value, parts));
}

/** Whether a text consists of the parts, with anything in between. */
function inOrder(value: string, parts: string[]): boolean {
  const [head, ...rest] = parts as [string, ...string[]];
  if (rest.length === 0) return value === head;
  const tail = rest.pop()!;
  if (!value.startsWith(head) || !value.endsWith(tail) || value.length < head.length + tail.length) return false;
  let from = head.length;
  for (const part of rest) {
    const found = value.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= value.length - tail.length;
}
