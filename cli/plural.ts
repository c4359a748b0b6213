export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 event`, `1,234 events`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
