import type { Event } from '../events/event';
import { redactEvent } from '../events/redact';
import { View, type FieldValues } from './fields';
import { isExpired, levelOf } from './match';
import type { Level } from './level';
import { holds, type Item, type Node } from './nodes';
import { appliesTo, type Rule } from './rule';
import type { Ruleset } from './ruleset';

/** One clause of a detector, and what it found in the event. */
export interface Clause {
  /** Search identifiers on the way to it, e.g. `not denied`. */
  within: string;
  /** As written, e.g. `eventName: ["CreateUser"]`. */
  clause: string;
  holds: boolean;
  /** Whether that speaks for a match: a clause behind `not` does so by failing. */
  favours: boolean;
  /** The values seen, without secrets; empty if the event has no such field. */
  saw: string[];
  line: number;
}

/** Why a detector did or did not match an event. */
export interface Explanation {
  matched: boolean;
  /** In one sentence. */
  reason: string;
  /** If it matched, all clauses that made it so; if not, those that held before the first that failed, and that one. */
  clauses: Clause[];
  level: Level | undefined;
}

const MAX_SEEN = 5;
const MAX_TEXT = 160;

/** Walks a rule's condition over an event and says which clause decided. */
export function explain(event: Event, rule: Rule, ruleset: Ruleset): Explanation {
  const none = { matched: false, clauses: [], level: undefined };
  if (!appliesTo(rule, event.logsource)) {
    const wanted = Object.entries(rule.logsource).map(([key, value]) => `${key} ${value}`);
    const { product, service } = event.logsource;
    return {
      ...none,
      reason: `the detector is for ${wanted.join(', ')}; the event is of product ${product}, service ${service}`,
    };
  }
  const view = new View(event, ruleset.fields, ruleset.context);
  const shown = new View(redactEvent(event), ruleset.fields, ruleset.context);
  const walk = new Walk(rule, view, shown);
  if (!holds(rule.condition, view)) {
    walk.failing(rule.condition, []);
    return { ...none, reason: 'the last clause below decided', clauses: walk.clauses };
  }
  walk.holding(rule.condition, []);
  const level = levelOf(rule, view);
  const excepting = rule.filters.filter((filter) => !holds(filter.condition, view));
  const inForce = excepting.find((filter) => !isExpired(filter, event));
  if (inForce) {
    const { file } = inForce.document.source;
    return {
      ...none,
      reason: `the rule matches, but the exception "${inForce.title}" (${file}) suppresses it`,
      clauses: walk.clauses,
    };
  }
  const expired = excepting.map((filter) => `"${filter.title}"`);
  const note = expired.length > 0 ? `; the exception ${expired.join(', ')} has expired` : '';
  return { matched: true, reason: `every clause below held${note}`, clauses: walk.clauses, level };
}

class Walk {
  readonly clauses: Clause[] = [];

  constructor(
    private readonly rule: Rule,
    private readonly view: View,
    private readonly shown: View,
  ) {}

  /** The clauses that make a condition hold: all of an `and`, the first that holds of an `or`. */
  holding(node: Node, within: string[]): void {
    if (node.kind === 'item') this.add(node, within, true);
    else if (node.kind === 'identifier') this.holding(node.node, [...within, node.name]);
    else if (node.kind === 'not') this.failing(node.node, [...within, 'not']);
    else if (node.kind === 'and') node.nodes.forEach((child) => this.holding(child, within));
    else
      this.holding(
        node.nodes.find((child) => holds(child, this.view))!,
        within,
      );
  }

  /** The clauses that keep a condition from holding: of an `and` up to the first that fails, of an `or` all. */
  failing(node: Node, within: string[]): void {
    if (node.kind === 'item') this.add(node, within, false);
    else if (node.kind === 'identifier') this.failing(node.node, [...within, node.name]);
    else if (node.kind === 'not') this.holding(node.node, [...within, 'not']);
    else if (node.kind === 'or') node.nodes.forEach((child) => this.failing(child, within));
    else {
      for (const child of node.nodes) {
        if (!holds(child, this.view)) return this.failing(child, within);
        this.holding(child, within);
      }
    }
  }

  private add(item: Item, within: string[], isTrue: boolean): void {
    this.clauses.push({
      within: within.join(' '),
      clause: item.name === '' ? `a value contains ${item.shown}` : `${item.name}: ${item.shown}`,
      holds: isTrue,
      favours: isTrue === (within.filter((word) => word === 'not').length % 2 === 0),
      saw: item.slot === undefined ? [] : seen(this.shown.field(item.slot)),
      line: this.rule.document.line(item.path),
    });
  }
}

function seen({ present, texts, isNull }: FieldValues): string[] {
  if (!present) return [];
  if (texts.length === 0) return [isNull ? 'null' : 'an empty list or object'];
  const shown = texts
    .slice(0, MAX_SEEN)
    .map((text) => JSON.stringify(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text));
  return texts.length > MAX_SEEN ? [...shown, `and ${texts.length - MAX_SEEN} more`] : shown;
}
