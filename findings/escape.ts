/**
 * Characters that a terminal acts upon instead of showing, or that hide or reorder text: control characters (C0, C1),
 * zero-width and bidirectional marks, line and paragraph separators, tags.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text of events made harmless for a terminal: what is unprintable is shown as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** One line of JSON that is safe to look at in a terminal, and says the same. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (char) =>
    Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}
