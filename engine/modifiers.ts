import ipaddr from 'ipaddr.js';
import { parseTime } from '../events/time';
import type { FieldValues, Scalar } from './fields';
import { KeyError } from './problems';
import { compileRegex } from './regex';
import {
  compilePattern,
  fold,
  hasWildcard,
  literalOf,
  parsePattern,
  withStars,
  type Pattern,
  type TextTest,
} from './strings';

/** What the other field of a `fieldref` says; only that modifier asks. */
export type OtherField = (name: string) => FieldValues;

/** Built once from the values of an item, asked for every event that may match. */
export type Matcher = (field: FieldValues, other: OtherField) => boolean;

/** A value on its way through the chain of modifiers. */
interface Value {
  raw: Scalar;
  /** For strings: escapes read, wildcards apart. */
  pattern?: Pattern;
  /** Set by the UTF-16 modifiers: what Base64 then encodes. */
  bytes?: Buffer;
}

type Kind = 'value' | 're' | 'cidr' | 'exists' | 'fieldref' | 'lt' | 'lte' | 'gt' | 'gte' | TimePart;
type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';

/** The state that modifiers change, left to right. */
interface Draft {
  kind: Kind;
  values: Value[];
  /** Modifiers read so far. */
  seen: string[];
  /** Stars added before and after; for `fieldref`, what of the other field to compare with. */
  before: boolean;
  after: boolean;
  cased: boolean;
  all: boolean;
  negated: boolean;
  flags: { ignoreCase: boolean; multiline: boolean; dotAll: boolean };
}

export interface ModifierContext {
  /** Values of `%name%` for `expand`. */
  placeholder: (name: string) => string[] | undefined;
  warn: (message: string) => void;
  /** See `SourceDocument.isChecked`. */
  isChecked: boolean;
}

type Modifier = (draft: Draft, context: ModifierContext) => void;

/**
 * Every modifier of the Sigma specification ("Sigma Modifiers"), and those that pySigma adds. To add one: a function that
 * changes the draft, or throws a {@link KeyError} if its values make no sense.
 */
const modifiers: Record<string, Modifier> = {
  contains: (draft, context) => addStars(draft, context, 'contains', true, true),
  startswith: (draft, context) => addStars(draft, context, 'startswith', false, true),
  endswith: (draft, context) => addStars(draft, context, 'endswith', true, false),
  all: (draft, { warn }) => {
    if (draft.values.length < 2) warn('all does nothing on a single value');
    draft.all = true;
  },
  cased: (draft) => {
    if (draft.kind !== 'fieldref') needStrings(draft, 'cased');
    draft.cased = true;
  },
  neq: (draft) => {
    draft.negated = true;
  },
  exists: (draft) => {
    alone(draft, 'exists');
    if (draft.values.some(({ raw }) => typeof raw !== 'boolean') || draft.values.length !== 1) {
      throw new KeyError('exists takes true or false, unquoted');
    }
    draft.kind = 'exists';
  },
  re: (draft) => {
    alone(draft, 're');
    if (draft.values.some(({ raw }) => typeof raw !== 'string')) throw new KeyError('re takes text');
    draft.kind = 're';
  },
  i: (draft) => setFlag(draft, 'i', 'ignoreCase'),
  ignorecase: (draft) => setFlag(draft, 'ignorecase', 'ignoreCase'),
  m: (draft) => setFlag(draft, 'm', 'multiline'),
  multiline: (draft) => setFlag(draft, 'multiline', 'multiline'),
  s: (draft) => setFlag(draft, 's', 'dotAll'),
  dotall: (draft) => setFlag(draft, 'dotall', 'dotAll'),
  cidr: (draft) => {
    alone(draft, 'cidr');
    needStrings(draft, 'cidr');
    draft.kind = 'cidr';
  },
  lt: (draft) => compareWith(draft, 'lt'),
  lte: (draft) => compareWith(draft, 'lte'),
  gt: (draft) => compareWith(draft, 'gt'),
  gte: (draft) => compareWith(draft, 'gte'),
  base64: (draft) => encode(draft, 'base64', (bytes) => [bytes.toString('base64')]),
  base64offset: (draft) => encode(draft, 'base64offset', base64Offsets),
  wide: (draft) => widen(draft, 'wide', (text) => Buffer.from(text, 'utf16le')),
  utf16le: (draft, { warn }) => {
    warn('pySigma does not know utf16le: write wide');
    widen(draft, 'utf16le', (text) => Buffer.from(text, 'utf16le'));
  },
  utf16be: (draft) => widen(draft, 'utf16be', (text) => Buffer.from(text, 'utf16le').swap16()),
  utf16: (draft) => widen(draft, 'utf16', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')),
  windash: (draft) => {
    needStrings(draft, 'windash');
    draft.values = draft.values.flatMap(dashVariants);
  },
  fieldref: (draft) => {
    needStrings(draft, 'fieldref');
    noWildcards(draft, 'fieldref');
    draft.kind = 'fieldref';
  },
  expand: (draft, context) => {
    needStrings(draft, 'expand');
    const encoded = draft.seen.find((name) => ENCODERS.includes(name));
    if (encoded) throw new KeyError(`expand comes before ${encoded}`);
    draft.values = draft.values.flatMap(({ raw }) => expand(raw as string, context).map(stringValue));
  },
  minute: (draft) => timePart(draft, 'minute', 0, 59),
  hour: (draft) => timePart(draft, 'hour', 0, 23),
  day: (draft) => timePart(draft, 'day', 1, 31),
  week: (draft) => timePart(draft, 'week', 1, 53),
  month: (draft) => timePart(draft, 'month', 1, 12),
  year: (draft) => timePart(draft, 'year', 1970, 9999),
};

/** Modifiers after which a value is not what was written any more. */
const ENCODERS = ['base64', 'base64offset', 'wide', 'utf16le', 'utf16be', 'utf16', 'windash'];

export const modifierNames = Object.keys(modifiers);

/**
 * What a test asks of its field, where texts or absence say it: a necessary condition, for those who sort out events
 * before they are matched. If `exactly`, the test also holds for whatever satisfies it.
 */
export type Demand = { negated: boolean; exactly: boolean } & ({ anyOf: Pattern[] } | { present: boolean });

export interface CompiledValues {
  match: Matcher;
  /** The same for a field that has one text and nothing else, if texts are all that it compares. */
  matchText: TextTest | undefined;
  /** See `Item.literals`. */
  literals: string[] | undefined;
  /** See `Item.demand`. */
  demand: Demand | undefined;
  /** Names of other fields that the matcher asks for. */
  fieldrefs: string[];
}

/**
 * The matcher of `field|modifier|…: values`.
 *
 * @param values what stands right of the colon, always as a list
 * @throws KeyError if a modifier is unknown or does not fit its values
 */
export function compileValues(names: string[], values: Scalar[], context: ModifierContext): CompiledValues {
  const draft: Draft = {
    ...{ kind: 'value', seen: [], before: false, after: false, cased: false, all: false, negated: false },
    values: values.map((raw) => (typeof raw === 'string' ? stringValue(raw) : { raw })),
    flags: { ignoreCase: false, multiline: false, dotAll: false },
  };
  for (const name of names) {
    const modifier = Object.hasOwn(modifiers, name) ? modifiers[name] : undefined;
    if (!modifier) throw new KeyError(`unknown modifier ${name}`);
    if (draft.kind === 'exists' || draft.kind === 'cidr' || isTimePart(draft.kind)) {
      // `all` and `neq` say how the values are joined; anything else would change what is compared.
      if (name !== 'all' && name !== 'neq') throw new KeyError(`${draft.kind} does not go with ${name}`);
      if (draft.kind === 'exists') throw new KeyError(`exists stands alone, without ${name}`);
    }
    modifier(draft, context);
    draft.seen.push(name);
  }
  const allAt = names.indexOf('all');
  if (allAt >= 0 && names.slice(allAt + 1).some((name) => name !== 'neq')) context.warn('all goes last');
  return finish(draft, context);
}

function finish(draft: Draft, context: ModifierContext): CompiledValues {
  const tests =
    draft.kind === 'value' ? valueTests(draft) : draft.values.map((value) => kindTest(draft, value, context));
  const joined: Matcher =
    tests.length === 1
      ? tests[0]!
      : draft.all
        ? (field, other) => tests.every((test) => test(field, other))
        : (field, other) => tests.some((test) => test(field, other));
  return {
    match: draft.negated ? (field, other) => !joined(field, other) : joined,
    matchText: textTest(draft),
    literals: draft.kind === 'value' && !draft.negated && !draft.all ? literalsOf(draft) : undefined,
    demand: demandOf(draft),
    fieldrefs: draft.kind === 'fieldref' ? draft.values.map((value) => literalOf(value.pattern!)) : [],
  };
}

// ---- values: strings, numbers, booleans, null ---------------------------------------------------------------------

function patternsOf(draft: Draft): Pattern[] {
  return draft.values
    .filter((value) => value.pattern !== undefined)
    .map(({ pattern }) => {
      const starred = draft.before || draft.after ? withStars(pattern!, draft.before, draft.after) : pattern!;
      return draft.cased ? starred : starred.map((part) => (typeof part === 'string' ? fold(part) : part));
    });
}

function literalsOf(draft: Draft): string[] | undefined {
  if (draft.before || draft.after || draft.values.some(({ pattern }) => !pattern || hasWildcard(pattern)))
    return undefined;
  return draft.values.map(({ pattern }) => fold(literalOf(pattern!)));
}

function demandOf(draft: Draft): Demand | undefined {
  const { kind, values, negated } = draft;
  if (kind === 'exists') return { present: values[0]!.raw === true, negated, exactly: true };
  if (kind !== 'value' || values.some(({ raw }) => raw === null || typeof raw === 'number')) return undefined;
  // True and false are compared with their texts, too.
  const patterns = values.map(({ raw, pattern }) => withStars(pattern ?? [String(raw)], draft.before, draft.after));
  // Of `all` any one is necessary; a test of letter case asks for more than texts that ignore it can say.
  const anyOf = draft.all ? patterns.slice(0, 1) : patterns;
  return { anyOf, negated, exactly: !draft.cased && anyOf.length === patterns.length };
}

/** One test for each value; where some value is enough, all literals are one test and all patterns another. */
function valueTests(draft: Draft): Matcher[] {
  const patterns = patternsOf(draft);
  const others = draft.values.filter((value) => value.pattern === undefined).map((value) => scalarTest(value.raw));
  const textsOf = (field: FieldValues): string[] => (draft.cased ? field.texts : field.folded);
  if (draft.all) {
    return [...patterns.map((pattern) => someText(textsOf, compilePattern(pattern))), ...others];
  }
  const literals = new Set(patterns.filter((pattern) => !hasWildcard(pattern)).map(literalOf));
  const tests = patterns.filter(hasWildcard).map(compilePattern);
  const matchers: Matcher[] = [...others];
  if (literals.size > 0) matchers.push(someText(textsOf, (text) => literals.has(text)));
  if (tests.length > 0) matchers.push(someText(textsOf, (text) => tests.some((test) => test(text))));
  return matchers;
}

function textTest(draft: Draft): TextTest | undefined {
  const { kind, values, all, cased, negated } = draft;
  if (kind !== 'value' || values.some(({ pattern }) => pattern === undefined)) return undefined;
  const literals = all || cased ? undefined : literalsOf(draft);
  if (literals) {
    const wanted = new Set(literals);
    return (text) => wanted.has(fold(text)) !== negated;
  }
  const tests = patternsOf(draft).map(compilePattern);
  const holds = (text: string): boolean => (all ? tests.every((test) => test(text)) : tests.some((test) => test(text)));
  return (text) => holds(cased ? text : fold(text)) !== negated;
}

function someText(textsOf: (field: FieldValues) => string[], test: (text: string) => boolean): Matcher {
  return (field) => textsOf(field).some(test);
}

/** A text that is a plain decimal number as a whole. */
const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

function scalarTest(wanted: Scalar): Matcher {
  if (wanted === null) return (field) => field.isNull;
  if (typeof wanted === 'number') return (field) => field.scalars.some((value) => numberOf(value) === wanted);
  return (field) =>
    field.scalars.some(
      (value) => value === wanted || (typeof value === 'string' && value.toLowerCase() === String(wanted)),
    );
}

function numberOf(value: Scalar): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : undefined;
}

// ---- the other kinds ----------------------------------------------------------------------------------------------

function kindTest(draft: Draft, value: Value, { isChecked }: ModifierContext): Matcher {
  const { kind } = draft;
  switch (kind) {
    case 're': {
      const test = compileRegex(value.raw as string, draft.flags, isChecked);
      return (field) => field.texts.some(test);
    }
    case 'exists':
      return (field) => field.present === value.raw;
    case 'cidr': {
      const range = parseRange(value.raw as string);
      return (field) => field.scalars.some((address) => typeof address === 'string' && inRange(address, range));
    }
    case 'fieldref':
      return fieldrefTest(draft, literalOf(value.pattern!));
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const compare = comparisons[kind];
      const bound = value.raw as number;
      return (field) =>
        field.scalars.some((scalar) => {
          const number = numberOf(scalar);
          return number !== undefined && compare(number, bound);
        });
    }
    case 'value':
      return scalarTest(value.raw);
    default:
      return (field) =>
        field.scalars.some((scalar) => {
          const time = parseTime(scalar);
          return time !== undefined && timeParts[kind](new Date(time)) === value.raw;
        });
  }
}

const comparisons = {
  lt: (a: number, b: number) => a < b,
  lte: (a: number, b: number) => a <= b,
  gt: (a: number, b: number) => a > b,
  gte: (a: number, b: number) => a >= b,
};

/** In UTC; the week is ISO 8601's. */
const timeParts: Record<TimePart, (date: Date) => number> = {
  minute: (date) => date.getUTCMinutes(),
  hour: (date) => date.getUTCHours(),
  day: (date) => date.getUTCDate(),
  week: isoWeek,
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

function isoWeek(date: Date): number {
  const thursday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  return Math.ceil(((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86_400_000 + 1) / 7);
}

function isTimePart(kind: Kind): kind is TimePart {
  return kind in timeParts;
}

/** The other field's value is what a rule would have for a value; one that is missing or null equals nothing. */
function fieldrefTest(draft: Draft, name: string): Matcher {
  const { before, after, cased } = draft;
  const compare = (mine: string, theirs: string): boolean => {
    if (before && after) return mine.includes(theirs);
    if (before) return mine.endsWith(theirs);
    return after ? mine.startsWith(theirs) : mine === theirs;
  };
  return (field, other) => {
    const theirs = other(name);
    const [mine, wanted] = cased ? [field.texts, theirs.texts] : [field.folded, theirs.folded];
    if (wanted.some((text) => mine.some((value) => compare(value, text)))) return true;
    return (
      !before && !after && theirs.scalars.some((value) => typeof value === 'number' && scalarTest(value)(field, other))
    );
  };
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

function parseRange(source: string): Range {
  let range: Range;
  try {
    const bits = source.includes(':') ? 128 : 32;
    range = ipaddr.parseCIDR(source.includes('/') ? source : `${source}/${bits}`);
  } catch {
    throw new KeyError(`${JSON.stringify(source)} is not an IP range`);
  }
  const [address, length] = range;
  const bytes = address.toByteArray();
  const hasHostBits = bytes.some((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, length - i * 8)))) !== 0);
  if (hasHostBits) throw new KeyError(`${source} has bits set behind the prefix`);
  return range;
}

/** CloudTrail writes service names where an address is expected: those are in no range. */
function inRange(value: string, range: Range): boolean {
  let address: ipaddr.IPv4 | ipaddr.IPv6;
  if (ipaddr.IPv4.isValidFourPartDecimal(value)) address = ipaddr.IPv4.parse(value);
  else if (value.includes(':') && ipaddr.IPv6.isValid(value)) address = ipaddr.process(value);
  else return false;
  return address.kind() === range[0].kind() && address.match(range);
}

// ---- what modifiers do to the draft -------------------------------------------------------------------------------

function stringValue(raw: string): Value {
  return { raw, pattern: parsePattern(raw) };
}

function needStrings(draft: Draft, name: string): void {
  if (draft.kind !== 'value' && draft.kind !== 'fieldref') throw new KeyError(`${name} does not go with ${draft.kind}`);
  const wrong = draft.values.find(({ raw }) => typeof raw !== 'string');
  if (wrong) throw new KeyError(`${name} takes text, not ${JSON.stringify(wrong.raw)}`);
}

function noWildcards(draft: Draft, name: string): void {
  if (draft.values.some(({ pattern }) => hasWildcard(pattern!))) throw new KeyError(`${name} takes no wildcards`);
}

function alone(draft: Draft, name: string): void {
  if (draft.seen.length > 0) throw new KeyError(`${name} comes first, not after ${draft.seen.join(' and ')}`);
}

function addStars(draft: Draft, { warn }: ModifierContext, name: string, before: boolean, after: boolean): void {
  if (draft.kind === 're') return warn(`${name} does nothing here: a regular expression is searched for anywhere`);
  needStrings(draft, name);
  draft.before ||= before;
  draft.after ||= after;
}

function setFlag(draft: Draft, name: string, flag: keyof Draft['flags']): void {
  if (draft.kind !== 're') throw new KeyError(`${name} belongs after re`);
  draft.flags[flag] = true;
}

function compareWith(draft: Draft, kind: 'lt' | 'lte' | 'gt' | 'gte'): void {
  if (draft.kind !== 'value') throw new KeyError(`${kind} does not go with ${draft.kind}`);
  alone(draft, kind);
  const wrong = draft.values.find(({ raw }) => typeof raw !== 'number');
  if (wrong) throw new KeyError(`${kind} takes a number, unquoted, not ${JSON.stringify(wrong.raw)}`);
  draft.kind = kind;
}

function timePart(draft: Draft, kind: TimePart, from: number, to: number): void {
  alone(draft, kind);
  const wrong = draft.values.find(
    ({ raw }) => !Number.isInteger(raw) || (raw as number) < from || (raw as number) > to,
  );
  if (wrong)
    throw new KeyError(
      `${kind} takes a whole number from ${from} to ${to}, unquoted, not ${JSON.stringify(wrong.raw)}`,
    );
  draft.kind = kind;
}

function encode(draft: Draft, name: string, variants: (bytes: Buffer) => string[]): void {
  needStrings(draft, name);
  noWildcards(draft, name);
  draft.values = draft.values.flatMap((value) =>
    variants(value.bytes ?? Buffer.from(literalOf(value.pattern!), 'utf8')).map((text) => ({
      raw: text,
      pattern: [text],
    })),
  );
}

/** The value at each of the three places that it can have within longer Base64 text. */
function base64Offsets(bytes: Buffer): string[] {
  const startCut = [0, 2, 3];
  const endCut = [0, 3, 2];
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset, 0x20), bytes]).toString('base64');
    return text.slice(startCut[offset], text.length - endCut[(bytes.length + offset) % 3]!);
  });
}

function widen(draft: Draft, name: string, encodeText: (text: string) => Buffer): void {
  needStrings(draft, name);
  noWildcards(draft, name);
  draft.values = draft.values.map((value) => {
    const bytes = encodeText(literalOf(value.pattern!));
    return { raw: value.raw, pattern: [bytes.toString('latin1')], bytes };
  });
}

const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'];
const MAX_DASHES = 4;

/** Each `-` or `/` that begins a word, as each dash that Windows takes for one. */
function dashVariants(value: Value): Value[] {
  let variants: (string | symbol)[][] = [[]];
  let count = 0;
  for (const part of value.pattern!) {
    if (typeof part !== 'string') {
      variants = variants.map((parts) => [...parts, part]);
      continue;
    }
    const pieces = part.split(/\B[-/]\b/);
    count += pieces.length - 1;
    if (count > MAX_DASHES) throw new KeyError(`windash: over ${MAX_DASHES} dashes in one value`);
    pieces.forEach((piece, i) => {
      const heads = i === 0 ? [''] : DASHES;
      variants = variants.flatMap((parts) => heads.map((dash) => [...parts, dash + piece]));
    });
  }
  return variants.map((parts) => ({ raw: value.raw, pattern: joinLiterals(parts) }));
}

function joinLiterals(parts: (string | symbol)[]): Pattern {
  const joined: (string | symbol)[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else if (part !== '') joined.push(part);
  }
  return joined as unknown as Pattern;
}

const MAX_EXPANDED = 10_000;

/** `%name%` by its configured values, one result a value; `\%` is a percent sign, after a `\\` it is not. */
function expand(source: string, context: ModifierContext): string[] {
  let results = [''];
  let rest = source;
  for (;;) {
    const found = /\\[\\%]|%([^%\s]+)%/.exec(rest);
    const before = found ? rest.slice(0, found.index) : rest;
    results = results.map((text) => text + before);
    if (!found) return results;
    // Other escapes stay as they are: they are read when the value is.
    const replacements = found[1] !== undefined ? context.placeholder(found[1]) : [found[0] === '\\%' ? '%' : found[0]];
    if (replacements === undefined || replacements.length === 0) {
      throw new KeyError(`no values for %${found[1]}%: give them under expand in the configuration`);
    }
    if (results.length * replacements.length > MAX_EXPANDED) throw new KeyError(`over ${MAX_EXPANDED} expanded values`);
    results = results.flatMap((text) => replacements.map((replacement) => text + replacement));
    rest = rest.slice(found.index + found[0].length);
  }
}
