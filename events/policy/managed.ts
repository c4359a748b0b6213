import type { Escalations } from './escalations';
import table from './managed.json';
import type { Power } from './power';

/** What a managed policy grants; of a customer's own the ARN does not tell. */
export interface Managed {
  power: Power;
  escalations: Escalations;
}

const ARN = /^arn:aws[a-z-]*:iam::aws:policy\/(?:.*\/)?([^/]+)$/;

/** The table in `managed.json`: small, since every function that judges events carries it. */
export interface Table {
  /** Where it is from, and of which version. */
  from: string;
  /** Ways to escalate; the lists by policy refer to them by number. */
  paths: string[];
  powers: Record<string, Power>;
  wide: Record<string, number[]>;
  narrow: Record<string, number[]>;
  /** Policies that are known to grant nothing of that. */
  harmless: string[];
}

let index: Map<string, Managed> | undefined;

/**
 * What an AWS-managed policy grants, by its ARN; undefined of policies that are not AWS's, and of those that are newer
 * than the table. `tools/managed-policies.ts` makes the table out of their documents.
 */
export function managedPolicy(arn: string): Managed | undefined {
  const name = ARN.exec(arn)?.[1];
  return name === undefined ? undefined : (index ??= indexOf(table as Table)).get(name);
}

function indexOf({ paths, powers, wide, narrow, harmless }: Table): Map<string, Managed> {
  const names = new Set([...Object.keys(powers), ...Object.keys(wide), ...Object.keys(narrow), ...harmless]);
  const pathsOf = (numbers: number[] = []): string[] => numbers.map((number) => paths[number]!);
  return new Map(
    [...names].map((name) => [
      name,
      { power: powers[name] ?? 'none', escalations: { wide: pathsOf(wide[name]), narrow: pathsOf(narrow[name]) } },
    ]),
  );
}
