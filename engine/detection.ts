import { isObject, type Json, type JsonObject } from '../events/json';
import { derivedFields, isDerived } from '../events/derived';
import { OPERATORS, parseCondition } from './condition';
import type { Path, SourceDocument } from './document';
import { DRILL_FIELD } from './drill';
import { FieldValues, type FieldTable, type Scalar, type View } from './fields';
import { compileValues, type CompiledValues, type ModifierContext } from './modifiers';
import type { Item, Node } from './nodes';
import { KeyError } from './problems';

/** What compiling a detection needs from around it. */
export interface CompileContext {
  document: SourceDocument;
  fields: FieldTable;
  /** Whether derived fields may be named: `taxonomy: privwatch`. */
  derived: boolean;
  placeholder: ModifierContext['placeholder'];
}

/**
 * Compiles a `detection` (or the body of a `filter`): its search identifiers and its condition. What is wrong is
 * reported to the document; the result then is undefined.
 *
 * @param path where the map stands in the document, e.g. `['detection']`
 * @param apart keys of the map that are no search identifiers, besides `condition`
 */
export function compileDetection(
  detection: JsonObject,
  path: Path,
  context: CompileContext,
  apart: string[] = [],
): Node | undefined {
  const { document } = context;
  const identifiers = new Map<string, Node>();
  let complete = true;
  if ('timeframe' in detection) {
    document.error(
      [...path, 'timeframe'],
      'timeframe belonged to aggregations, which Sigma has retired: write a correlation',
    );
    complete = false;
  }
  for (const [name, value] of Object.entries(detection)) {
    if (name === 'condition' || name === 'timeframe' || apart.includes(name)) continue;
    if (!/^[A-Za-z0-9_-]+$/.test(name))
      document.error([...path, name], 'a search identifier is made of letters, digits, _ and -');
    if (OPERATORS.test(name)) document.error([...path, name], 'this is a word of conditions: choose another name');
    if (/^(?:not|and|or)_/.test(name)) {
      document.warn(
        [...path, name],
        'pySigma reads such a name in a condition as an operator and a name: choose another',
      );
    }
    const node = compileIdentifier(value, [...path, name], context);
    // The condition is checked all the same: what is wrong in one place does not hide what is wrong in another.
    identifiers.set(name, node ?? { kind: 'or', nodes: [] });
    if (!node) complete = false;
  }
  const conditions = Array.isArray(detection['condition']) ? detection['condition'] : [detection['condition']];
  if (conditions.length === 0) document.error([...path, 'condition'], 'no condition');
  const used = new Set<string>();
  const nodes = conditions.map((condition, i) => {
    const at = Array.isArray(detection['condition']) ? [...path, 'condition', i] : [...path, 'condition'];
    if (typeof condition !== 'string') {
      document.error(at, condition === undefined ? 'no condition' : 'a condition is text');
      return undefined;
    }
    return document.attempt(at, () => parseCondition(condition, identifiers, used));
  });
  if (!complete || nodes.length === 0 || nodes.some((node) => node === undefined)) return undefined;
  for (const name of identifiers.keys()) {
    if (!used.has(name) && !name.startsWith('_'))
      document.warn([...path, name], 'the condition does not use this search identifier');
  }
  return nodes.length === 1 ? nodes[0] : { kind: 'or', nodes: nodes as Node[] };
}

/** The value of one search identifier, in any of the forms of the specification; undefined if something was reported. */
export function compileIdentifier(value: Json, path: Path, context: CompileContext): Node | undefined {
  if (isObject(value)) return compileMap(value, path, context);
  if (!Array.isArray(value)) return compileKeywords('', [value], path, context);
  if (value.length === 0) {
    context.document.error(path, 'an empty list matches nothing');
    return undefined;
  }
  const nodes: (Node | undefined)[] = [];
  const keywords = value.filter((member) => !isObject(member));
  if (keywords.length > 0) nodes.push(compileKeywords('', keywords, path, context));
  value.forEach((member, i) => {
    if (isObject(member)) nodes.push(compileMap(member, [...path, i], context));
  });
  return join('or', nodes);
}

function compileMap(map: JsonObject, path: Path, context: CompileContext): Node | undefined {
  const entries = Object.entries(map);
  if (entries.length === 0) {
    context.document.error(path, 'an empty map matches everything');
    return undefined;
  }
  return join(
    'and',
    entries.map(([name, value]) => compileItem(name, value, [...path, name], context)),
  );
}

function join(kind: 'and' | 'or', nodes: (Node | undefined)[]): Node | undefined {
  if (nodes.some((node) => node === undefined)) return undefined;
  return nodes.length === 1 ? nodes[0] : { kind, nodes: nodes as Node[] };
}

function compileItem(name: string, value: Json, path: Path, context: CompileContext): Item | undefined {
  const { document } = context;
  const [field, ...modifiers] = name.split('|') as [string, ...string[]];
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0) {
    document.error(path, 'an empty list matches nothing');
    return undefined;
  }
  const nested = values.find((member) => typeof member === 'object' && member !== null);
  if (nested !== undefined) {
    document.error(
      path,
      Array.isArray(nested) ? 'a list within a list' : 'a nested field is written with a dotted name: a.b',
    );
    return undefined;
  }
  if (field === '') return compileKeywords(modifiers.join('|'), values, path, context);
  if (Array.isArray(value) && value.includes(null)) {
    document.warn(path, 'null in a list is outside the specification; it is read as "or null"');
  }
  if (/\[any\]/.test(field)) document.warn(path, '[any] is a literal part of the name in Sigma 2');
  return document.attempt(path, () => {
    checkField(field, context);
    const compiled = compileValues(modifiers, values as Scalar[], modifierContext(path, context));
    compiled.fieldrefs.forEach((other) => checkField(other, context));
    return fieldItem(name, field, compiled, show(value), path, context.fields);
  });
}

/** Derived fields are ours: a rule has to say that it is not portable, and may only name those that exist. */
export function checkField(field: string, context: Pick<CompileContext, 'derived'>): void {
  if (field === DRILL_FIELD) throw new KeyError(`${field} is what keeps drills apart: no event has such a field`);
  if (!isDerived(field)) return;
  if (!context.derived) throw new KeyError(`${field} is a derived field: say taxonomy: privwatch`);
  if (!Object.hasOwn(derivedFields, field)) throw new KeyError(`there is no derived field ${field}`);
}

function fieldItem(
  name: string,
  field: string,
  compiled: CompiledValues,
  shown: string,
  path: Path,
  fields: FieldTable,
): Item {
  const slot = fields.slot(field);
  const others = new Map(compiled.fieldrefs.map((other) => [other, fields.slot(other)]));
  const { match, matchText, literals, demand } = compiled;
  const closely = (view: View): boolean => match(view.field(slot), (other) => view.field(others.get(other)!));
  const test = (view: View): boolean => {
    const only = view.onlyText(slot);
    return only === undefined ? closely(view) : matchText!(only);
  };
  return {
    ...{ kind: 'item', name, slot, reads: [field, ...compiled.fieldrefs], shown, path, literals, demand },
    test: matchText && !isDerived(field) ? test : closely,
  };
}

/** Keywords match if a value anywhere in the event contains them; see "Search-Identifiers, Lists" of the specification. */
function compileKeywords(modifierText: string, values: Json[], path: Path, context: CompileContext): Item | undefined {
  const names = modifierText === '' ? [] : modifierText.split('|');
  return context.document.attempt(path, () => {
    if (values.some((value) => value === null)) throw new KeyError('null is no keyword');
    if (values.some((value) => typeof value === 'object')) throw new KeyError('a keyword is text or a number');
    const isRegex = names.includes('re');
    const allowed = ['all', 'cased', 'contains', 're', 'i', 'm', 's', 'ignorecase', 'multiline', 'dotall'];
    const wrong = names.find((name) => !allowed.includes(name));
    if (wrong !== undefined) throw new KeyError(`keywords do not take ${wrong}`);
    const texts = isRegex ? (values as Scalar[]) : values.map(String);
    const chain = isRegex || names.includes('contains') ? names : ['contains', ...names];
    const { match } = compileValues(chain, texts, modifierContext(path, context));
    return {
      ...{ kind: 'item', name: names.length > 0 ? `|${modifierText}` : '', slot: undefined, reads: undefined, path },
      ...{ literals: undefined, demand: undefined },
      shown: show(values),
      test: (view: View) => match(new Leaves(view), () => new FieldValues()),
    };
  });
}

/** Every value of the event, in the shape of a field. */
class Leaves extends FieldValues {
  constructor(private readonly view: View) {
    super();
    this.present = true;
  }
  override get texts(): string[] {
    return this.view.leaves.texts;
  }
  override get folded(): string[] {
    return this.view.leaves.folded;
  }
}

function modifierContext(path: Path, { placeholder, document }: CompileContext): ModifierContext {
  return { placeholder, warn: (message) => document.warn(path, message), isChecked: document.isChecked };
}

function show(value: Json): string {
  return Array.isArray(value) && value.length === 1 ? JSON.stringify(value[0]) : JSON.stringify(value);
}
