/** A text cut to so many UTF-16 units, with an ellipsis where something is missing. */
export function cap(value: string, length: number): string {
  if (value.length <= length) return value;
  // Not through the middle of a character of two units.
  return `${value.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** A text cut to so many bytes of UTF-8, with an ellipsis where something is missing. */
export function capBytes(text: string, bytes: number): string {
  // No UTF-16 unit takes more than three bytes.
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  const encoded = Buffer.from(text.slice(0, bytes));
  // Not through the middle of a character: its other bytes begin with the bits 10.
  let end = bytes - Buffer.byteLength('…');
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end--;
  return `${encoded.toString('utf8', 0, end)}…`;
}
