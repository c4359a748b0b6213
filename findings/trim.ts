import { cap } from '../engine/text';
import { printable } from './escape';

/** Half of a surrogate pair without its other half: no UTF-8 can say it, and some parsers refuse its escape. */
const UNPAIRED = /\p{Cs}/gu;

const MAX_TEXT = 512;

/** A text with the mark U+FFFD instead of each half of a character. */
export function wellFormed(text: string): string {
  return text.replace(UNPAIRED, '\uFFFD');
}

/**
 * Any text as it may be shown: without control and bidirectional characters, cut with an ellipsis.
 *
 * @param length in UTF-16 units, of the result
 */
export function shown(text: string, length = MAX_TEXT): string {
  return cap(printable(wellFormed(text)), length);
}

/** {@link shown} for the prose of detectors: what was written on several lines is one. */
export function oneLine(text: string, length = MAX_TEXT): string {
  return shown(text.replace(/\s+/g, ' ').trim(), length);
}

/** True for a text with something to see in it: services refuse a text of spaces as they refuse an empty one. */
export function hasInk(text: string): boolean {
  return /\S/.test(text);
}

/** As many whole items as fit into so many UTF-16 units, and an ellipsis instead of those that do not. */
export function joined(items: string[], separator: string, length: number): string {
  const whole = items.join(separator);
  if (whole.length <= length) return whole;
  const kept: string[] = [];
  let room = length - 1;
  for (const item of items) {
    room -= item.length + separator.length;
    if (room < 0) break;
    kept.push(item);
  }
  return [...kept, '…'].join(separator);
}

/**
 * What SNS, SQS and EventBridge take everywhere is 256 KB with what goes around it, and Security Hub takes 240 KB.
 */
export const MAX_BYTES = 240 * 1024;

/** Ids of findings have 32 characters, so nothing is ever cut below that. */
const LENGTHS = [Infinity, 4096, 1024, 512, 256, 128, 64, 32];

/**
 * The first of ever smaller values that is at most {@link MAX_BYTES} as JSON in UTF-8.
 *
 * @param build a value with texts of so many UTF-16 units and lists of so many items at most
 */
export function fitted<T>(build: (length: number) => T): { value: T; trimmed: boolean } {
  for (const length of LENGTHS) {
    const value = build(length);
    if (Buffer.byteLength(JSON.stringify(value)) <= MAX_BYTES) return { value, trimmed: length !== Infinity };
  }
  throw new RangeError('a message without texts and lists is too large');
}

/** The same value with texts {@link shown} in so many UTF-16 units, and so many items of each list. */
export function cut<T>(value: T, length: number): T {
  if (typeof value === 'string') return shown(value, length) as T;
  if (Array.isArray(value)) return value.slice(0, length).map((item: unknown) => cut(item, length)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [shown(key, length), cut<unknown>(item, length)]),
  ) as T;
}
