import type { Escalations } from './escalations';
import table from './managed.json';
import type { Power } from './power';

/** What a managed policy grants; of a customer's own the ARN does not tell. */
export interface Managed {
  power: Power;
  escalations: Escalations;
}

const ARN = /^arn:aws[a-z-]*:iam::aws:policy\/(?:.*\/)?([^/]+)$/;
/** What {@link table} holds. */
interface Table {
  powers: Record<string, Power>;
  wide: Record<string, string[]>;
  narrow: Record<string, string[]>;
  names: string[];
}

const { names, ...granted } = table as Table;
const known = new Set(names);
const powers = new Map(Object.entries(granted.powers));
const wide = new Map(Object.entries(granted.wide));
const narrow = new Map(Object.entries(granted.narrow));

/**
 * What an AWS-managed policy grants, by its ARN; undefined of policies that are not AWS's, and of those that are newer
 * than the table. `tools/managed-policies.ts` makes the table out of their documents.
 */
export function managedPolicy(arn: string): Managed | undefined {
  const name = ARN.exec(arn)?.[1];
  if (name === undefined || !known.has(name)) return undefined;
  return {
    power: powers.get(name) ?? 'none',
    escalations: { wide: wide.get(name) ?? [], narrow: narrow.get(name) ?? [] },
  };
}
