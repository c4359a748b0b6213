import type { Path } from './document';
import type { View } from './fields';
import type { Demand } from './modifiers';

/** One `field|modifiers: value` of a detection, or one list of keywords. */
export interface Item {
  kind: 'item';
  /** As written, e.g. `eventName|startswith`; empty for keywords. */
  name: string;
  /** Undefined for keywords. */
  slot: number | undefined;
  /** Names of the fields that the test reads; undefined for keywords, which read everything. */
  reads: string[] | undefined;
  /** The values as written, for people. */
  shown: string;
  path: Path;
  test: (view: View) => boolean;
  /** Folded texts of which the field must have one for the test to hold, where that is known: what the index uses. */
  literals: string[] | undefined;
  /** What the test asks of the field's texts, where that is known: what patterns for EventBridge are compiled from. */
  demand: Demand | undefined;
}

/** A compiled condition. The tree is what `match` evaluates, what the index reads and what `explain` shows. */
export type Node =
  | Item
  | { kind: 'and' | 'or'; nodes: Node[] }
  | { kind: 'not'; node: Node }
  /** A search identifier within the condition. */
  | { kind: 'identifier'; name: string; node: Node };

/** Whether a condition holds for an event. Pure; never throws, whatever the event holds. */
export function holds(node: Node, view: View): boolean {
  switch (node.kind) {
    case 'item':
      return node.test(view);
    case 'and':
      for (const child of node.nodes) if (!holds(child, view)) return false;
      return true;
    case 'or':
      for (const child of node.nodes) if (holds(child, view)) return true;
      return false;
    case 'not':
      return !holds(node.node, view);
    case 'identifier':
      return holds(node.node, view);
  }
}
