import type { Event, Logsource } from '../events/event';
import { at, type JsonObject } from '../events/json';
import { resolveField } from './fields';
import { isDerived } from '../events/derived';
import type { Node } from './nodes';
import { appliesTo, type Rule } from './rule';
import { fold } from './strings';

/** If the rule matches, one of these fields has one of its literals. */
type Necessity = { field: string; literals: string[] }[];

/** Fields from most to least telling; any other comes last. */
const PREFERENCE = ['eventName', 'type', 'eventSource'];

/**
 * The fields and texts without which a condition cannot hold, read off its tree:
 *
 * ```
 * eventName: [A, B]    eventName in {a, b}
 * x and y              the better one of what x and y need
 * x or y               what x needs, or what y needs; nothing, if either needs nothing
 * not x, wildcards     nothing
 * ```
 *
 * @returns undefined if nothing is necessary
 */
function necessityOf(node: Node): Necessity | undefined {
  switch (node.kind) {
    case 'item':
      return node.literals && isPlainField(node.name)
        ? [{ field: node.name.split('|')[0]!, literals: node.literals }]
        : undefined;
    case 'identifier':
      return necessityOf(node.node);
    case 'and': {
      const choices = node.nodes.map(necessityOf).filter((choice) => choice !== undefined);
      return choices.sort((a, b) => cost(a) - cost(b))[0];
    }
    case 'or': {
      const parts = node.nodes.map(necessityOf);
      return parts.some((part) => part === undefined) ? undefined : (parts as Necessity[]).flat();
    }
    case 'not':
      return undefined;
  }
}

/** Derived fields would have to be computed for every event. */
function isPlainField(name: string): boolean {
  return name !== '' && !name.startsWith('|') && !isDerived(name);
}

function cost(necessity: Necessity): number {
  return Math.max(
    ...necessity.map(({ field }) => {
      const place = PREFERENCE.indexOf(field);
      return place < 0 ? PREFERENCE.length : place;
    }),
  );
}

interface IndexedField {
  name: string;
  path: string[];
  rules: Map<string, Rule[]>;
  all: Rule[];
}

interface SourceIndex {
  fields: IndexedField[];
  /** Rules without a necessary literal: asked for every event. */
  always: Rule[];
}

const NO_RULES: readonly Rule[] = [];
const MAX_FOLDED = 10_000;

/**
 * Finds, for an event, the few rules that may match it. It only ever leaves out rules that cannot: letter case, numbers,
 * lists and objects in the indexed fields are allowed for.
 */
export class RuleIndex {
  private readonly sources = new Map<string, SourceIndex>();
  private readonly folded = new Map<string, string>();

  constructor(private readonly rules: Rule[]) {}

  candidates(event: Event): readonly Rule[] {
    const index = this.sourceIndex(event.logsource);
    let found: readonly Rule[] = index.always.length > 0 ? index.always : NO_RULES;
    for (const field of index.fields) {
      const rules = this.lookUp(field, event);
      if (rules.length === 0) continue;
      found = found.length === 0 ? rules : [...new Set([...found, ...rules])];
    }
    return found;
  }

  private lookUp(field: IndexedField, event: Event): readonly Rule[] {
    const only = onlyText(event.record, field);
    if (only !== undefined) return field.rules.get(this.fold(only)) ?? NO_RULES;
    const values = resolveField(event.record, field.name, field.path);
    if (!values.present) return NO_RULES;
    if (values.objects.length > 0) return field.all;
    if (values.texts.length === 1) return field.rules.get(this.fold(values.texts[0]!)) ?? NO_RULES;
    return [...new Set(values.texts.flatMap((text) => field.rules.get(this.fold(text)) ?? []))];
  }

  /** Event names recur; other texts must not fill the memory. */
  private fold(text: string): string {
    let folded = this.folded.get(text);
    if (folded === undefined) {
      folded = fold(text);
      if (this.folded.size < MAX_FOLDED) this.folded.set(text, folded);
    }
    return folded;
  }

  private sourceIndex(logsource: Logsource): SourceIndex {
    let index = this.sources.get(logsource.service);
    if (!index) {
      index = build(this.rules.filter((rule) => appliesTo(rule, logsource)));
      this.sources.set(logsource.service, index);
    }
    return index;
  }
}

/** The value of a field if it is one text, as nearly all are; undefined if it takes a closer look. */
function onlyText(record: JsonObject, { name, path }: IndexedField): string | undefined {
  const value = Object.hasOwn(record, name) ? record[name] : at(record, ...path);
  return typeof value === 'string' ? value : undefined;
}

function build(rules: Rule[]): SourceIndex {
  const always: Rule[] = [];
  const fields = new Map<string, IndexedField>();
  for (const rule of rules) {
    const necessity = necessityOf(rule.condition);
    if (!necessity) {
      always.push(rule);
      continue;
    }
    for (const { field: name, literals } of necessity) {
      const field: IndexedField = fields.get(name) ?? { name, path: name.split('.'), rules: new Map(), all: [] };
      fields.set(name, field);
      if (!field.all.includes(rule)) field.all.push(rule);
      for (const literal of literals) {
        const list = field.rules.get(literal) ?? [];
        if (!list.includes(rule)) list.push(rule);
        field.rules.set(literal, list);
      }
    }
  }
  return { fields: [...fields.values()], always };
}
