import type { Demand } from '../../engine/modifiers';
import { fold, type Pattern } from '../../engine/strings';

/** Texts that are, begin with or end with a text, whatever the letter case: all that EventBridge compares without it. */
export interface Shape {
  kind: 'whole' | 'prefix' | 'suffix';
  /** As a rule spells it. */
  text: string;
}

/**
 * The values that a field may have: those of the shapes, or all but those. Null is among "all but". All operations may
 * give more values than there are, never fewer; so what is empty is empty.
 */
export interface Values {
  /** Whether the field may be absent. */
  absent: boolean;
  except: boolean;
  shapes: Shape[];
}

export const ANY: Values = { absent: true, except: true, shapes: [] };

export function isAny({ absent, except, shapes }: Values): boolean {
  return absent && except && shapes.length === 0;
}

export function isEmpty({ absent, except, shapes }: Values): boolean {
  return !absent && !except && shapes.length === 0;
}

/** Whether the values are a list of whole texts. */
export function isListed(values: Values | undefined): values is Values {
  return (
    values !== undefined && !values.except && !values.absent && values.shapes.every(({ kind }) => kind === 'whole')
  );
}

export function complement({ absent, except, shapes }: Values): Values {
  return { absent: !absent, except: !except, shapes };
}

/** What a test of a rule, or its negation, asks of its field. */
export function valuesOf(demand: Demand, negated: boolean): Values {
  const refuses = demand.negated !== negated;
  if (refuses && !demand.exactly) return ANY;
  // That a field is there cannot be asked: an object counts here, and to EventBridge only what is in it.
  if ('present' in demand) return demand.present === refuses ? { absent: true, except: false, shapes: [] } : ANY;
  const shapes = demand.anyOf.map(shapeOf);
  if (refuses) {
    // A wider shape would refuse more than the rule does.
    return { absent: true, except: true, shapes: distinct(shapes.flatMap((s) => (s?.exact ? [s.shape] : []))) };
  }
  if (shapes.some((shape) => shape === undefined)) return ANY;
  return { absent: false, except: false, shapes: distinct(shapes.map((s) => s!.shape)) };
}

/** The shape that takes all that a pattern takes, and whether no more; undefined if it would take everything. */
function shapeOf(pattern: Pattern): { shape: Shape; exact: boolean } | undefined {
  const [first, ...rest] = pattern;
  const last = pattern.at(-1);
  if (first === undefined) return { shape: { kind: 'whole', text: '' }, exact: true };
  if (typeof first === 'string') {
    if (rest.length === 0) return { shape: { kind: 'whole', text: first }, exact: true };
    return { shape: { kind: 'prefix', text: first }, exact: isStar(rest) };
  }
  if (typeof last !== 'string') return undefined;
  return { shape: { kind: 'suffix', text: last }, exact: isStar(pattern.slice(0, -1)) };
}

function isStar(parts: Pattern): boolean {
  return parts.length === 1 && typeof parts[0] === 'symbol' && parts[0].description === '*';
}

/** In a fixed order, and without those that others cover. */
function distinct(shapes: Shape[]): Shape[] {
  let kept: Shape[] = [];
  for (const shape of shapes) {
    if (kept.some((other) => covers(other, shape))) continue;
    kept = [...kept.filter((other) => !covers(shape, other)), shape];
  }
  return kept.sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** Whether one shape takes every text that another takes. */
function covers(wide: Shape, narrow: Shape): boolean {
  const [outer, inner] = [fold(wide.text), fold(narrow.text)];
  if (wide.kind === 'whole') return narrow.kind === 'whole' && outer === inner;
  if (wide.kind === 'prefix') return narrow.kind !== 'suffix' && inner.startsWith(outer);
  return narrow.kind !== 'prefix' && inner.endsWith(outer);
}

/** Whether some text may have both shapes. */
function mayMeet(a: Shape, b: Shape): boolean {
  return covers(a, b) || covers(b, a) || (a.kind !== 'whole' && b.kind !== 'whole' && a.kind !== b.kind);
}

export function intersect(a: Values, b: Values): Values {
  return { absent: a.absent && b.absent, ...intersectTexts(a, b) };
}

function intersectTexts(a: Values, b: Values): Pick<Values, 'except' | 'shapes'> {
  if (a.except && b.except) return { except: true, shapes: distinct([...a.shapes, ...b.shapes]) };
  if (a.except) return intersectTexts(b, a);
  if (b.except) {
    return { except: false, shapes: a.shapes.filter((shape) => !b.shapes.some((other) => covers(other, shape))) };
  }
  const within = (inner: Shape[], outer: Shape[]): Shape[] =>
    inner.filter((shape) => outer.some((other) => covers(other, shape)));
  const crossing = a.shapes.filter((shape) =>
    b.shapes.some((other) => mayMeet(shape, other) && !covers(shape, other) && !covers(other, shape)),
  );
  return {
    except: false,
    shapes: distinct([...within(a.shapes, b.shapes), ...within(b.shapes, a.shapes), ...crossing]),
  };
}

export function union(a: Values, b: Values): Values {
  return { absent: a.absent || b.absent, ...uniteTexts(a, b) };
}

function uniteTexts(a: Values, b: Values): Pick<Values, 'except' | 'shapes'> {
  if (!a.except && !b.except) return { except: false, shapes: distinct([...a.shapes, ...b.shapes]) };
  if (a.except && b.except) {
    const both = (inner: Shape[], outer: Shape[]): Shape[] =>
      inner.filter((shape) => outer.some((other) => covers(other, shape)));
    return { except: true, shapes: distinct([...both(a.shapes, b.shapes), ...both(b.shapes, a.shapes)]) };
  }
  if (a.except) return uniteTexts(b, a);
  return { except: true, shapes: b.shapes.filter((shape) => !a.shapes.some((other) => mayMeet(shape, other))) };
}

/** Whether every value of `inner` is surely one of `outer`. */
export function isWithin(inner: Values, outer: Values): boolean {
  return isEmpty(intersect(inner, complement(outer)));
}
