import type { Event } from '../events/event';
import { isObject, MAX_DEPTH, own, type Json, type JsonObject } from '../events/json';
import { deriveField, isDerived, type Context } from '../events/derived';
import { fold } from './strings';

export type Scalar = string | number | boolean | null;

/**
 * All values that a field name reaches in an event. A path that crosses a list continues into every member, and a list
 * at its end contributes its members: a test on the field holds if it holds for some value.
 */
export class FieldValues {
  /** The field is there, if only as null, `[]` or `{}`. */
  present = false;
  private scalarList: Scalar[] = NONE;
  private objectList: JsonObject[] = NONE;
  private textCache: string[] | undefined;
  private foldedCache: string[] | undefined;

  get scalars(): readonly Scalar[] {
    return this.scalarList;
  }

  get objects(): readonly JsonObject[] {
    return this.objectList;
  }

  /** What a string test looks at: every scalar as text; of an object, every leaf and its whole compact JSON text. */
  get texts(): string[] {
    return (this.textCache ??= textsOf(this.scalarList, this.objectList));
  }

  get folded(): string[] {
    return (this.foldedCache ??= this.texts.map(fold));
  }

  /** JSON null or no field at all: a CloudTrail record of a call that succeeded has no `errorCode`. */
  get isNull(): boolean {
    return !this.present || this.scalars.includes(null);
  }

  add(value: Json, depth = 0): void {
    this.present = true;
    if (Array.isArray(value)) {
      if (depth < MAX_DEPTH) for (const member of value) this.add(member, depth + 1);
    } else if (isObject(value)) this.objectList = withMember(this.objectList, value);
    else this.scalarList = withMember(this.scalarList, value);
  }
}

/** What most lists hold; never written to. */
const NONE: never[] = [];

/** Most fields have one value: a list of one takes a tenth of the room of one that has been pushed to. */
function withMember<T>(list: T[], member: T): T[] {
  if (list.length === 0) return [member];
  list.push(member);
  return list;
}

function textsOf(scalars: Scalar[], objects: JsonObject[]): string[] {
  const [only] = scalars;
  if (scalars.length === 1 && objects.length === 0) return only === null ? NONE : [String(only)];
  const texts: string[] = [];
  for (const scalar of scalars) if (scalar !== null) texts.push(String(scalar));
  for (const object of objects) {
    collectLeaves(object, texts, 0);
    texts.push(compactJson(object));
  }
  return texts;
}

/** A literal key equal to the whole name wins; otherwise the name is a dotted path of own properties. */
export function resolveField(record: JsonObject, name: string, path: string[] = name.split('.')): FieldValues {
  const values = new FieldValues();
  if (Object.hasOwn(record, name)) values.add(record[name]!);
  else if (path.length > 1) descend(record, path, 0, values, 0);
  return values;
}

function descend(value: Json, path: string[], step: number, values: FieldValues, depth: number): void {
  if (step === path.length) return values.add(value);
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const member of value) descend(member, path, step, values, depth + 1);
  } else if (isObject(value) && Object.hasOwn(value, path[step]!)) {
    descend(value[path[step]!]!, path, step + 1, values, depth + 1);
  }
}

function collectLeaves(value: Json, into: string[], depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) for (const member of value) collectLeaves(member, into, depth + 1);
  else if (isObject(value)) for (const key of Object.keys(value)) collectLeaves(value[key]!, into, depth + 1);
  else if (value !== null) into.push(String(value));
}

/** Nested beyond reason (JSON.stringify recurses), the leaves down to the cap have to do. */
function compactJson(value: JsonObject): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}

/**
 * The value of a field if it is one text, as nearly all are that rules ask for; undefined if it takes a closer look, by
 * {@link resolveField}.
 */
export function onlyText(record: JsonObject, name: string, path: string[]): string | undefined {
  let value: Json | undefined;
  if (Object.hasOwn(record, name)) value = record[name];
  else {
    value = record;
    for (const step of path) value = own(value, step);
  }
  return typeof value === 'string' ? value : undefined;
}

/** Gives every field name that a ruleset uses a number, so that an event resolves each at most once. */
export class FieldTable {
  private readonly slots = new Map<string, number>();
  readonly names: string[] = [];
  readonly paths: string[][] = [];

  slot(name: string): number {
    let slot = this.slots.get(name);
    if (slot === undefined) {
      slot = this.names.length;
      this.slots.set(name, slot);
      this.names.push(name);
      this.paths.push(name.split('.'));
    }
    return slot;
  }
}

/** An event as rules look at it: fields resolved when first asked for, and then kept. */
export class View {
  private values: Map<number, FieldValues> | undefined;
  private leafCache: { texts: string[]; folded: string[] } | undefined;

  constructor(
    readonly event: Event,
    private readonly fields: FieldTable,
    readonly context: Context,
  ) {}

  field(slot: number): FieldValues {
    this.values ??= new Map();
    let values = this.values.get(slot);
    if (!values) this.values.set(slot, (values = this.resolve(slot)));
    return values;
  }

  /** See {@link onlyText}. The field must be none that is derived. */
  onlyText(slot: number): string | undefined {
    return onlyText(this.event.record, this.fields.names[slot]!, this.fields.paths[slot]!);
  }

  /** Every scalar anywhere in the event, as text: what keywords are looked for in. */
  get leaves(): { texts: string[]; folded: string[] } {
    if (!this.leafCache) {
      const texts: string[] = [];
      collectLeaves(this.event.record, texts, 0);
      this.leafCache = { texts, folded: texts.map(fold) };
    }
    return this.leafCache;
  }

  private resolve(slot: number): FieldValues {
    const name = this.fields.names[slot]!;
    if (!isDerived(name)) return resolveField(this.event.record, name, this.fields.paths[slot]);
    const values = new FieldValues();
    const value = deriveField(name, this.event, this.context);
    if (value !== undefined) values.add(value);
    return values;
  }
}
