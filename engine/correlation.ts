import { at, isObject, text, type Json, type JsonObject } from '../events/json';
import { DAY_MILLISECONDS, parseTimespan } from '../events/time';
import { parseCondition } from './condition';
import { checkField, type CompileContext } from './detection';
import { compileDetector, extensionOf, texts as textsOf, type Detector } from './detector';
import type { Path, SourceDocument } from './document';
import type { FieldTable } from './fields';
import type { Item, Node } from './nodes';
import { KeyError } from './problems';
import { warnOfShortQuiet, type FieldSlot, type Rule } from './rule';
import {
  compare,
  isAverage,
  isMonotone,
  OPERATORS,
  type CorrelationType,
  type NameExpression,
  type WindowCondition,
  type WindowRule,
} from './window-rule';

/** A field of a correlation, as it is called in the events of each input. */
export interface InputField {
  name: string;
  /** By input; undefined where the input is a correlation, which offers its group by name. */
  slots: (number | undefined)[];
  /** By input. */
  names: string[];
}

/** A compiled correlation: Sigma Correlation Rules Specification. */
export interface Correlation extends Detector {
  kind: 'correlation';
  window: WindowRule;
  /** Ids or names of rules and correlations, in order; `inputs` once they are resolved. */
  rules: string[];
  inputs: (Rule | Correlation)[];
  /** Resolved with the inputs: names of the alias or the field. */
  groupNames: string[];
  valueNames: string[];
  group: InputField[];
  values: InputField[];
  /** Fields that correlations which take this one as an input ask for, and that its own group lacks. */
  carries: FieldSlot[];
  quietMilliseconds: number;
  generate: boolean;
  /** See {@link Rule.feeds}, for chains. */
  feeds: { correlation: Correlation; input: number }[];
  silenced: boolean;
}

const MAX_CHAIN = 10;

/** Compiles a correlation document whose shape the schema has checked; problems go to the document. */
export function compileCorrelation(context: CompileContext): Correlation | undefined {
  const { document } = context;
  const { data } = document;
  const correlation = data['correlation'];
  const detector = compileDetector(context);
  if (!isObject(correlation)) return undefined;
  const type = (text(correlation, 'type') ?? '') as CorrelationType;
  const condition = correlation['condition'];
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  const listed = textsOf(correlation['rules']);
  let tree: Node | undefined;
  let named: string[] = [];
  if (typeof condition === 'string') {
    if (!isTemporal)
      document.error(['correlation', 'condition'], `${type} takes a condition of operators, e.g. gte: 3`);
    tree = document.attempt(['correlation', 'condition'], () => parseNames(condition));
    named = tree ? [...new Set(namesOf(tree))] : [];
    if (listed.length > 0 && named.length > 0 && !isSameSet(listed, named)) {
      document.error(['correlation', 'rules'], 'rules and condition name different rules');
    }
  } else if (!isObject(condition) && !isTemporal) document.error(['correlation'], `${type} needs a condition`);
  if (type === 'temporal_ordered' && condition !== undefined) {
    document.error(['correlation', 'condition'], 'temporal_ordered asks for all of its rules, in order: no condition');
  }
  const rules = listed.length > 0 ? listed : named;
  if (rules.length === 0 && typeof condition !== 'string') document.error(['correlation'], 'no rules');
  if (isObject(condition)) checkCondition(document, type, condition, isTemporal ? new Set(rules).size : Infinity);
  if (isAverage(type)) document.warn(['correlation', 'type'], `${type} is judged in a replay only`);
  checkAliases(document, rules);
  checkFields(document, correlation, context);
  const timespan = parseSigmaTimespan(text(correlation, 'timespan') ?? '');
  const extension = extensionOf(document);
  const quiet = parseTimespan(extension['quiet']) ?? timespan;
  if ('last_only' in extension && type !== 'temporal_ordered')
    document.error(['privwatch', 'last_only'], `only a temporal_ordered correlation has a last rule, not ${type}`);
  const generate = data['generate'] ?? correlation['generate'];
  if (!detector || timespan === undefined || quiet === undefined) return undefined;
  const window: WindowRule = {
    type,
    timespanMilliseconds: timespan,
    rules: rules.length,
    condition: conditionOf(type, condition, tree, rules, extension['last_only'] === true),
    percentile: Number(at(condition, 'percentile') ?? 50),
  };
  checkTimespan(document, window);
  warnOfShortQuiet(document, quiet);
  return {
    kind: 'correlation',
    ...detector,
    window,
    rules,
    inputs: [],
    groupNames: textsOf(correlation['group-by']),
    valueNames: textsOf(at(condition, 'field')),
    group: [],
    values: [],
    carries: [],
    quietMilliseconds: quiet,
    generate: generate === true,
    feeds: [],
    silenced: false,
  };
}

/** Windows that more events may make untrue are judged by days, and every event may touch all that its windows reach. */
function checkTimespan(document: SourceDocument, window: WindowRule): void {
  const path = ['correlation', 'timespan'];
  const { timespanMilliseconds } = window;
  if (timespanMilliseconds > 366 * DAY_MILLISECONDS) document.error(path, 'at most a year');
  else if (timespanMilliseconds > 14 * DAY_MILLISECONDS && !isMonotone(window))
    document.warn(path, 'more than 14d: on AWS each event then reads and writes the state of some months');
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, M: 2_629_746, y: 31_556_952 };

/** Milliseconds of a timespan; the specification's units, and those that pySigma adds. */
function parseSigmaTimespan(timespan: string): number | undefined {
  const m = /^([1-9]\d*)([smhdwMy])$/.exec(timespan);
  return m ? Number(m[1]) * SECONDS[m[2]!]! * 1000 : undefined;
}

function conditionOf(
  type: CorrelationType,
  condition: Json | undefined,
  tree: Node | undefined,
  rules: string[],
  lastOnly: boolean,
): WindowCondition {
  if (tree) return { kind: 'expression', expression: expressionOf(tree, rules) };
  if (!isObject(condition)) return { kind: 'all', ordered: type === 'temporal_ordered', lastOnly };
  const tests = OPERATORS.filter((operator) => operator in condition);
  return { kind: 'tests', tests: tests.map((operator) => ({ operator, bound: Number(condition[operator]) })) };
}

function expressionOf(node: Node, rules: string[]): NameExpression {
  switch (node.kind) {
    case 'identifier':
      return { kind: 'rule', rule: rules.indexOf(node.name) };
    case 'not':
      return { kind: 'not', operands: [expressionOf(node.node, rules)] };
    case 'and':
    case 'or':
      return { kind: node.kind, operands: node.nodes.map((child) => expressionOf(child, rules)) };
    case 'item':
      throw new Error('an item in the condition of a correlation');
  }
}

/** Connects a correlation with its inputs, once every detector is compiled. */
export function connectInputs(
  correlation: Correlation,
  fields: FieldTable,
  resolve: (reference: string) => Rule | Correlation,
): void {
  const aliases = at(correlation.document.data, 'correlation', 'aliases');
  correlation.inputs = correlation.rules.map(resolve);
  const inputField = (name: string): InputField => {
    const names = correlation.rules.map((rule) => text(aliases, name, rule) ?? name);
    const slots = names.map((own, i) => (correlation.inputs[i]!.kind === 'rule' ? fields.slot(own) : undefined));
    return { name, names, slots };
  };
  correlation.group = correlation.groupNames.map(inputField);
  correlation.values = correlation.valueNames.map(inputField);
  correlation.inputs.forEach((input, i) => {
    input.feeds.push({ correlation, input: i });
    input.silenced ||= !correlation.generate;
  });
}

/** Tells the inputs of a correlation which fields it needs of their events, also for its title; outer correlations first. */
export function connectCarried(correlation: Correlation, fields: FieldTable): void {
  correlation.inputs.forEach((input, i) => {
    if (input.kind !== 'correlation') return;
    const own = [...correlation.group, ...correlation.values].map(({ names }) => names[i]!);
    const passedOn = correlation.carries.map(({ name }) => name);
    for (const name of [...own, ...correlation.findingTitle.names, ...passedOn]) {
      const isKnown = [...input.group, ...input.carries].some((field) => field.name === name);
      if (!isKnown) input.carries.push({ name, slot: fields.slot(name) });
    }
  });
}

/** @param most how much there can be to count at most */
function checkCondition(document: SourceDocument, type: string, condition: JsonObject, most: number): void {
  const path = ['correlation', 'condition'];
  const used = OPERATORS.filter((operator) => operator in condition);
  if (used.length === 0) document.error(path, `no operator; one of ${OPERATORS.join(', ')}`);
  if (used.length > 1) document.warn(path, 'pySigma accepts one operator only');
  const isValue = type.startsWith('value_');
  if (isValue && !('field' in condition)) document.error(path, `${type} needs a field`);
  if (!isValue && 'field' in condition) document.error([...path, 'field'], `${type} counts events: it takes no field`);
  if (Array.isArray(condition['field']) && type !== 'value_count') {
    document.error([...path, 'field'], `${type} takes one field`);
  }
  if (type === 'value_percentile' && !('percentile' in condition))
    document.error(path, 'value_percentile needs a percentile');
  if (type !== 'value_percentile' && 'percentile' in condition)
    document.error([...path, 'percentile'], `${type} takes no percentile`);
  const isCount = !isValue || type === 'value_count';
  if (isCount && used.length > 0 && !canHold(condition, most)) {
    document.error(path, 'no count from 1 on satisfies this, and where nothing is counted no event says when to look');
  }
}

/** Whether some count from 1 to `most` satisfies every operator: if any does, one next to a bound does. */
function canHold(condition: JsonObject, most: number): boolean {
  const bounds = OPERATORS.map((operator) => condition[operator]).filter((bound) => typeof bound === 'number');
  const counts = [1, ...bounds.flatMap((bound) => [Math.ceil(bound) - 1, Math.floor(bound), Math.floor(bound) + 1])];
  return counts.some(
    (count) =>
      count >= 1 &&
      count <= most &&
      OPERATORS.every((operator) => {
        const bound = condition[operator];
        return typeof bound !== 'number' || compare(count, { operator, bound });
      }),
  );
}

/**
 * The tree of an extended condition, which joins names of rules with `and`, `or`, `not` and parentheses: the grammar of a
 * detection's condition without "of".
 *
 * @throws KeyError if it is none, or if every name in it is negated
 */
function parseNames(condition: string): Node {
  const words: string[] = condition.match(/[^\s()]+/g) ?? [];
  const names = new Map<string, Item>();
  if (words.includes('of'))
    throw new KeyError('a condition of a correlation joins names of rules with and, or and not');
  for (const word of words) {
    if (['and', 'or', 'not'].includes(word)) continue;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(word))
      throw new KeyError(`${word} is not the name of a rule: letters, digits and _`);
    names.set(word, NO_ITEM);
  }
  const tree = parseCondition(condition, names);
  if (!hasPositive(tree)) throw new KeyError('without a rule that is not negated no event says when to look');
  return tree;
}

function namesOf(node: Node): string[] {
  if (node.kind === 'identifier') return [node.name];
  if (node.kind === 'not') return namesOf(node.node);
  return 'nodes' in node ? node.nodes.flatMap(namesOf) : [];
}

/** What stands for a rule in the tree of an extended condition. */
const NO_ITEM: Item = {
  kind: 'item',
  name: '',
  slot: undefined,
  reads: [],
  shown: '',
  path: [],
  test: () => false,
  literals: undefined,
  demand: undefined,
};

function hasPositive(node: Node, negated = false): boolean {
  if (node.kind === 'not') return hasPositive(node.node, !negated);
  if (node.kind === 'and' || node.kind === 'or') return node.nodes.some((child) => hasPositive(child, negated));
  return !negated;
}

function checkAliases(document: SourceDocument, rules: string[]): void {
  const aliases = at(document.data, 'correlation', 'aliases');
  if (!isObject(aliases)) return;
  for (const [alias, fields] of Object.entries(aliases)) {
    const missing = rules.find((rule) => !isObject(fields) || !Object.hasOwn(fields, rule));
    if (missing !== undefined) document.error(['correlation', 'aliases', alias], `it says nothing of ${missing}`);
  }
}

/** Derived fields are declared, and exist, here as in a detection. */
function checkFields(
  document: SourceDocument,
  correlation: JsonObject,
  context: Pick<CompileContext, 'derived'>,
): void {
  const aliases = isObject(correlation['aliases']) ? correlation['aliases'] : {};
  const check = (path: Path, names: Json | undefined): void => {
    for (const name of textsOf(names)) {
      if (!Object.hasOwn(aliases, name)) document.attempt(['correlation', ...path], () => checkField(name, context));
    }
  };
  check(['group-by'], correlation['group-by']);
  check(['condition', 'field'], at(correlation, 'condition', 'field'));
  for (const [alias, names] of Object.entries(aliases)) {
    for (const rule of Object.keys(isObject(names) ? names : {})) check(['aliases', alias, rule], at(names, rule));
  }
}

/**
 * References, circles and depth, which need the whole ruleset.
 *
 * @returns how many correlations follow one another up to each: inputs come before what they feed
 */
export function checkReferences(
  correlations: Correlation[],
  resolve: (reference: string) => Rule | Correlation | undefined,
): Map<Correlation, number> {
  const depths = new Map<Correlation, number>();
  /** How many correlations follow one another from this one on; infinite in a circle. */
  const depthOf = (correlation: Correlation, trail: Correlation[]): number => {
    if (trail.includes(correlation)) return Infinity;
    let depth = depths.get(correlation);
    if (depth === undefined) {
      const inner = correlation.rules.map(resolve).filter((target) => target?.kind === 'correlation');
      depth = 1 + Math.max(0, ...inner.map((target) => depthOf(target, [...trail, correlation])));
      depths.set(correlation, depth);
    }
    return depth;
  };
  for (const correlation of correlations) {
    const path = ['correlation', 'rules'];
    for (const reference of correlation.rules) {
      if (!resolve(reference)) correlation.document.error(path, `there is no rule with the id or name ${reference}`);
    }
    for (const target of correlation.rules.map(resolve)) {
      if (!target) continue;
      const { title } = target;
      if (target.kind === 'correlation' && !isMonotone(target.window)) {
        const message = `"${title}" can become untrue with more events: it cannot be an input of another correlation`;
        correlation.document.error(path, message);
      } else if (target.kind === 'correlation' && 'last_only' in extensionOf(target.document)) {
        correlation.document.error(path, `"${title}" has last_only: it cannot be an input of another correlation`);
      } else if (target.kind === 'rule' && target.firstSeen) {
        correlation.document.error(path, `"${title}" is about first sights: it cannot be an input of a correlation`);
      } else if (target.kind === 'rule' && target.notMintedBy.length > 0) {
        correlation.document.error(path, `"${title}" has not_minted_by: it cannot be an input of a correlation`);
      }
    }
    const depth = depthOf(correlation, []);
    if (depth === Infinity) correlation.document.error(path, 'the references go round in a circle');
    else if (depth > MAX_CHAIN) correlation.document.error(path, `a chain of over ${MAX_CHAIN} correlations`);
  }
  return depths;
}

function isSameSet(a: string[], b: string[]): boolean {
  return a.every((member) => b.includes(member)) && b.every((member) => a.includes(member));
}
