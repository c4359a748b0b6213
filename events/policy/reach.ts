import type { Context, Known } from '../derived/context';
import type { Admission, Narrowing } from './admission';

/** Whom a document lets in, seen from the account that it belongs to. */
export interface Reach {
  /** Anybody at all. */
  everyone: boolean;
  /** Accounts that are let in, sorted. */
  accounts: string[];
  /**
   * Who is let in and is neither of the organization nor trusted, as far as is known, sorted: accounts, organizations,
   * principals of which no account is known, address ranges, or `anybody`.
   */
  outsiders: string[];
  /** Whether there is one. */
  outside: Known;
}

/** The account that a document belongs to, and what is known of others. */
export interface Home {
  account: string | undefined;
  context: Context;
}

/** One of those who are let in. */
interface Party {
  name: string;
  outside: Known;
  isAccount?: boolean;
}

const ANYBODY: Party = { name: 'anybody', outside: true };

export function reachOf(admissions: Admission[], home: Home): Reach {
  const parties = admissions.flatMap((admission) => partiesOf(admission, home));
  const sorted = (list: Party[]): string[] => [...new Set(list.map(({ name }) => name))].sort();
  return {
    everyone: parties.includes(ANYBODY),
    accounts: sorted(parties.filter(({ isAccount }) => isAccount)),
    outsiders: sorted(parties.filter(({ outside }) => outside !== false)),
    outside: anyOf(parties.map(({ outside }) => outside)),
  };
}

/** Whether something holds of one of them. */
export function anyOf(verdicts: Known[]): Known {
  return verdicts.includes(true) || (verdicts.includes('unknown') ? 'unknown' : false);
}

function partiesOf({ everyone, accounts, strangers, services, narrowings }: Admission, home: Home): Party[] {
  const [closest] = narrowings
    .map((narrowing) => leftOver(narrowing, home))
    .filter((parties) => parties.length > 0)
    .sort((a, b) => distance(a) - distance(b));
  const named = [
    ...accounts.map((account) => accountParty(account, home)),
    ...strangers.map((name): Party => ({ name, outside: 'unknown' })),
  ];
  // Conditions hold all at once: one that leaves nobody outside keeps out whoever is named.
  if (closest && distance(closest) === 0) return [...named.map((party) => ({ ...party, outside: false })), ...closest];
  if (!everyone && services.length === 0) return named;
  // An AWS service that nothing narrows acts for whoever owns the resource that it acts on.
  return [...named, ...(closest ?? (everyone && narrowings.length === 0 ? [ANYBODY] : []))];
}

/** How far a list reaches beyond the organization. */
function distance(parties: Party[]): number {
  return parties.reduce((sum, { outside }) => sum + (outside === true ? 1_000 : outside === 'unknown' ? 1 : 0), 0);
}

/** Whom a narrowing leaves of everybody. */
function leftOver({ accounts, organizations, networks }: Narrowing, home: Home): Party[] {
  const { context } = home;
  const { organizationId } = context;
  return [
    ...accounts.map((account) => accountParty(account, home)),
    ...organizations.map((name): Party => {
      return { name, outside: organizationId === undefined ? 'unknown' : name !== organizationId };
    }),
    ...networks.map((name): Party => ({ name, outside: not(context.isTrustedNetwork(name)) })),
  ];
}

function accountParty(name: string, { account, context }: Home): Party {
  const isInside = name === account || context.isTrusted(name);
  return { name, outside: isInside ? false : not(context.isMember(name)), isAccount: true };
}

function not(known: Known): Known {
  return known === 'unknown' ? known : !known;
}
