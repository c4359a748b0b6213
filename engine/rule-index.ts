import type { Event, Logsource } from '../events/event';
import { onlyText, resolveField, View, type FieldTable } from './fields';
import { isDerived, type Context } from '../events/derived';
import { Kinds } from './kinds';
import type { Node } from './nodes';
import { residualOf } from './residual';
import { appliesTo, type Rule } from './rule';
import { fold } from './strings';

/** If the rule matches, one of these fields has one of its literals. */
type Necessity = { field: string; literals: string[] }[];

/**
 * Fields that have few values, from most to least telling: those by which rules are found, and those that most of their
 * conditions read.
 */
const KIND_FIELDS = [
  'eventName',
  'type',
  'eventSource',
  'userIdentity.type',
  'errorCode',
  'eventType',
  'eventCategory',
];
const KIND = new Set(KIND_FIELDS);

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
      const place = KIND_FIELDS.indexOf(field);
      return place < 0 ? KIND_FIELDS.length : place;
    }),
  );
}

interface IndexedField {
  name: string;
  path: string[];
  rules: Map<string, Rule[]>;
  all: Rule[];
}

/** A rule that an event may match, and what of its condition is left to ask. */
export interface Candidate {
  rule: Rule;
  rest: Node;
}

interface SourceIndex {
  /** Rules that need a text in one of the fields that tell kinds apart. */
  fields: IndexedField[];
  /** Rules that need one in any other field. */
  others: IndexedField[];
  /** Rules without a necessary literal. */
  always: Rule[];
  /** What the first and the last come to for events of a kind. */
  kinds: Kinds<readonly Candidate[]>;
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

  constructor(
    private readonly rules: Rule[],
    private readonly fields: FieldTable,
    private readonly context: Context,
  ) {}

  candidates(event: Event): readonly Candidate[] {
    const index = this.sourceIndex(event.logsource);
    const ofKind = index.kinds.get(event.record, () => this.ofKind(event, index));
    if (index.others.length === 0) return ofKind;
    const found = new Set(index.others.flatMap((field) => this.lookUp(field, event)));
    return found.size === 0 ? ofKind : [...ofKind, ...[...found].map((rule) => ({ rule, rest: rule.condition }))];
  }

  private ofKind(event: Event, index: SourceIndex): readonly Candidate[] {
    const found = new Set([...index.always, ...index.fields.flatMap((field) => this.lookUp(field, event))]);
    const view = new View(event, this.fields, this.context);
    return [...found].flatMap((rule) => {
      const rest = residualOf(rule.condition, view, KIND);
      return rest ? [{ rule, rest }] : [];
    });
  }

  private lookUp(field: IndexedField, event: Event): readonly Rule[] {
    const only = onlyText(event.record, field.name, field.path);
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

function build(rules: Rule[]): SourceIndex {
  const always: Rule[] = [];
  const fields = new Map<string, IndexedField>();
  const others = new Map<string, IndexedField>();
  for (const rule of rules) {
    const necessity = necessityOf(rule.condition);
    if (!necessity) {
      always.push(rule);
      continue;
    }
    const indexed = necessity.every(({ field }) => KIND.has(field)) ? fields : others;
    for (const { field: name, literals } of necessity) {
      const field: IndexedField = indexed.get(name) ?? { name, path: name.split('.'), rules: new Map(), all: [] };
      indexed.set(name, field);
      if (!field.all.includes(rule)) field.all.push(rule);
      for (const literal of literals) {
        const list = field.rules.get(literal) ?? [];
        if (!list.includes(rule)) list.push(rule);
        field.rules.set(literal, list);
      }
    }
  }
  // The first always tells; the others only where some rule asks.
  const read = new Set(rules.flatMap(({ condition }) => readsOf(condition)));
  const kinds = new Kinds<readonly Candidate[]>(KIND_FIELDS.filter((field, i) => i === 0 || read.has(field)));
  return { fields: [...fields.values()], others: [...others.values()], always, kinds };
}

function readsOf(node: Node): string[] {
  switch (node.kind) {
    case 'item':
      return node.reads ?? [];
    case 'identifier':
    case 'not':
      return readsOf(node.node);
    case 'and':
    case 'or':
      return node.nodes.flatMap(readsOf);
  }
}
