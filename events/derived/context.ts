import type { Account, Config } from '../config';

/** True, false, or that the event and the configuration do not say. */
export type Known = boolean | 'unknown';

/** What the configuration says of accounts and principals, ready to be asked for every event. */
export interface Context {
  account(id: string | undefined): Account | undefined;
  /** Unknown where the configuration lists no accounts. */
  isMember(accountId: string | undefined): Known;
  isTrusted(accountId: string | undefined): boolean;
  isAutomation(principalArn: string | undefined): boolean;
  readonly organizationId: string | undefined;
}

export function makeContext(config: Config = {}): Context {
  const members = new Map((config.organization?.accounts ?? []).map((account) => [account.id, account]));
  const trusted = new Set(config.trusted?.accounts ?? []);
  const automation = (config.automation ?? []).map((arn) => arn.split('*'));
  return {
    organizationId: config.organization?.id,
    account: (id) => (id === undefined ? undefined : members.get(id)),
    isMember: (id) => (members.size === 0 || id === undefined ? 'unknown' : members.has(id)),
    isTrusted: (id) => id !== undefined && trusted.has(id),
    isAutomation: (arn) => arn !== undefined && automation.some((parts) => inOrder(arn, parts)),
  };
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
