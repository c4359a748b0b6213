/** One wildcard of a Sigma string: any run of characters, or exactly one. */
export const STAR = Symbol('*');
export const QUESTION = Symbol('?');

/** A Sigma string: literal text and wildcards, escapes resolved. */
export type Pattern = readonly (string | typeof STAR | typeof QUESTION)[];

/**
 * Reads the escapes of a Sigma string, left to right, one at a time: `\*` and `\?` are literal, `\\` is one backslash,
 * a backslash before anything else (or at the end) is a plain backslash. Sigma Rules Specification, "Escaping".
 *
 * @example parsePattern('a\\*b*') // ['a*b', STAR]
 */
export function parsePattern(source: string): Pattern {
  const parts: (string | typeof STAR | typeof QUESTION)[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    const next = source[i + 1];
    if (char === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += next;
      i++;
    } else if (char === '*' || char === '?') {
      flush();
      parts.push(char === '*' ? STAR : QUESTION);
    } else literal += char;
  }
  flush();
  return parts;
}

export function hasWildcard(pattern: Pattern): boolean {
  return pattern.some((part) => typeof part !== 'string');
}

/** The text of a pattern that has no wildcard. */
export function literalOf(pattern: Pattern): string {
  return pattern.filter((part) => typeof part === 'string').join('');
}

/** `contains`, `startswith` and `endswith` add a star, unless one is there. */
export function withStars(pattern: Pattern, before: boolean, after: boolean): Pattern {
  const parts = [...pattern];
  if (before && parts[0] !== STAR) parts.unshift(STAR);
  if (after && parts.at(-1) !== STAR) parts.push(STAR);
  return parts;
}

// eslint-disable-next-line no-control-regex -- the range is ASCII, the common case
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Text as it is compared without regard to case: Unicode simple folding, character by character, so that the length
 * (which `?` counts) stays and a letter's neighbours do not matter. See CaseFolding.txt of Unicode, statuses C and S.
 */
export function fold(value: string): string {
  if (ASCII.test(value)) return value.toLowerCase();
  let folded = '';
  for (const char of value) {
    // The dotless i has the capital of the dotted one, and folds to itself.
    const upper = char === 'ı' ? char : char.toUpperCase();
    const single = isOneCharacter(upper) ? upper : char;
    const lower = single.toLowerCase();
    folded += isOneCharacter(lower) ? lower : single;
  }
  return folded;
}

function isOneCharacter(value: string): boolean {
  return value.length === 1 || (value.length === 2 && value.codePointAt(0)! > 0xffff);
}

export type TextTest = (value: string) => boolean;

/**
 * Whether a whole text matches a pattern. Never slower than (length of text x length of pattern), however many stars:
 * between stars the leftmost place that fits is always right.
 * Letter case counts: where it should not, pattern and text are {@link fold}ed before.
 */
export function compilePattern(pattern: Pattern): TextTest {
  const segments = splitAtStars(pattern);
  const first = segments[0]!;
  if (segments.length === 1) {
    if (first.every((part) => typeof part === 'string')) {
      const whole = first.join('');
      return (value) => value === whole;
    }
    const length = segmentLength(first);
    return (value) => {
      const text = units(value);
      return text.length === length && fits(text, 0, first);
    };
  }
  const plain = segments.every((segment) => segment.every((part) => typeof part === 'string'));
  return plain ? plainGlob(segments.map((segment) => segment.join(''))) : glob(segments);
}

type Segment = (string | typeof QUESTION)[];

function splitAtStars(pattern: Pattern): Segment[] {
  const segments: Segment[] = [[]];
  for (const part of pattern) {
    if (part === STAR) segments.push([]);
    else segments.at(-1)!.push(part);
  }
  return segments;
}

/** Without question marks, native search does the work. */
function plainGlob(segments: string[]): TextTest {
  const head = segments[0]!;
  const tail = segments.at(-1)!;
  const middle = segments.slice(1, -1).filter((segment) => segment !== '');
  return (value) => {
    if (value.length < head.length + tail.length || !value.startsWith(head) || !value.endsWith(tail)) return false;
    let from = head.length;
    const end = value.length - tail.length;
    for (const segment of middle) {
      const found = value.indexOf(segment, from);
      if (found < 0 || found + segment.length > end) return false;
      from = found + segment.length;
    }
    return true;
  };
}

/** `?` is one character, also where JavaScript counts two units. */
function units(value: string): string[] {
  return Array.from(value);
}

function segmentLength(segment: Segment): number {
  return segment.reduce((sum, part) => sum + (part === QUESTION ? 1 : units(part).length), 0);
}

function glob(segments: Segment[]): TextTest {
  const lengths = segments.map(segmentLength);
  return (value) => {
    const text = units(value);
    const last = segments.length - 1;
    if (text.length < lengths[0]! + lengths[last]!) return false;
    if (!fits(text, 0, segments[0]!) || !fits(text, text.length - lengths[last]!, segments[last]!)) return false;
    let from = lengths[0]!;
    const end = text.length - lengths[last]!;
    for (let s = 1; s < last; s++) {
      while (from + lengths[s]! <= end && !fits(text, from, segments[s]!)) from++;
      if (from + lengths[s]! > end) return false;
      from += lengths[s]!;
    }
    return true;
  };
}

function fits(text: string[], from: number, segment: Segment): boolean {
  let i = from;
  for (const part of segment) {
    if (part === QUESTION) i++;
    else for (const char of part) if (text[i++] !== char) return false;
  }
  return i <= text.length;
}
