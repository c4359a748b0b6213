import type { Escalations } from './escalations';
import table from './managed.json';
import type { Power } from './power';

/** What a managed policy grants; of a customer's own the ARN does not tell. */
export interface Managed {
  power: Power;
  escalations: Escalations;
}

const ARN = /^arn:aws[a-z-]*:iam::aws:policy\/(?:.*\/)?([^/]+)$/;

/** The table in `managed.json`: small, and quick to read, since every function that judges events carries it. */
export interface Table {
  /** Where it is from, and of which version. */
  from: string;
  /** Ways to escalate. */
  paths: string[];
  /**
   * A line for each policy: name, power (nothing for `none`), wide and narrow ways to escalate by their numbers in `paths`.
   * What grants nothing of that is its name alone.
   *
   * @example 'AWSLambda_FullAccess  4,7 12'
   */
  policies: string;
}

let index: Map<string, Managed> | undefined;

/**
 * What an AWS-managed policy grants, by its ARN; undefined of policies that are not AWS's, and of those that are newer
 * than the table. `tools/managed-policies.ts` makes the table out of their documents.
 */
export function managedPolicy(arn: string): Managed | undefined {
  const name = ARN.exec(arn)?.[1];
  return name === undefined ? undefined : (index ??= indexOf(table)).get(name);
}

function indexOf({ paths, policies }: Table): Map<string, Managed> {
  const pathsOf = (numbers = ''): string[] =>
    numbers === '' ? [] : numbers.split(',').map((one) => paths[Number(one)]!);
  return new Map(
    policies.split('\n').map((line) => {
      const [name, power, wide, narrow] = line.split(' ') as [string, Power | '' | undefined, string?, string?];
      return [name, { power: power || 'none', escalations: { wide: pathsOf(wide), narrow: pathsOf(narrow) } }];
    }),
  );
}
