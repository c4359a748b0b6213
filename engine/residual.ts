import { isDerived } from '../events/derived';
import type { View } from './fields';
import { holds, type Item, type Node } from './nodes';

/** Conditions that always hold, and never. */
const TRUE: Node = { kind: 'and', nodes: [] };
const FALSE: Node = { kind: 'or', nodes: [] };

/**
 * What is left of a condition to ask of events that agree with one in some fields: tests that read only those are answered
 * once, by that event. Of the rest, what costs least is asked first. It holds for each of those events exactly if the
 * condition does (partial evaluation).
 *
 * @returns undefined if it cannot hold
 */
export function residualOf(condition: Node, view: View, agreed: ReadonlySet<string>): Node | undefined {
  const rest = reduce(condition, view, agreed);
  return rest === FALSE ? undefined : rest;
}

function reduce(node: Node, view: View, agreed: ReadonlySet<string>): Node {
  switch (node.kind) {
    case 'item':
      if (!node.reads?.every((field) => agreed.has(field))) return node;
      return holds(node, view) ? TRUE : FALSE;
    case 'identifier':
      return reduce(node.node, view, agreed);
    case 'not': {
      const inner = reduce(node.node, view, agreed);
      if (inner === TRUE) return FALSE;
      return inner === FALSE ? TRUE : { kind: 'not', node: inner };
    }
    case 'and':
    case 'or': {
      const [neutral, decisive] = node.kind === 'and' ? [TRUE, FALSE] : [FALSE, TRUE];
      const parts: Node[] = [];
      for (const child of node.nodes) {
        const part = reduce(child, view, agreed);
        if (part === decisive) return decisive;
        if (part !== neutral) parts.push(part);
      }
      if (parts.length < 2) return parts[0] ?? neutral;
      return { kind: node.kind, nodes: parts.sort((a, b) => cost(a) - cost(b)) };
    }
  }
}

const LOOKUP = 1;
const SEARCH = 2;
const EXPRESSION = 10;
const DERIVATION = 100;
const EVERYWHERE = 1000;

/** Roughly what it takes to ask, in look-ups of a text. */
function cost(node: Node): number {
  switch (node.kind) {
    case 'item':
      return itemCost(node);
    case 'identifier':
    case 'not':
      return cost(node.node);
    case 'and':
    case 'or':
      return node.nodes.reduce((sum, child) => sum + cost(child), 0);
  }
}

function itemCost({ name, reads, literals, demand }: Item): number {
  if (!reads) return EVERYWHERE;
  if (reads.some(isDerived)) return DERIVATION;
  if (name.includes('|re')) return EXPRESSION;
  return literals || (demand && 'present' in demand) ? LOOKUP : SEARCH;
}
