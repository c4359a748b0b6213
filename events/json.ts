/** Any value that JSON can hold. */
export type Json = string | number | boolean | null | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** No walk through a record goes deeper than this: event content is attacker-chosen. */
export const MAX_DEPTH = 64;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property of an object, or undefined: never one of `Object.prototype`. */
export function own(value: unknown, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/**
 * The value at a path of own properties.
 *
 * @example at({ a: { b: 1 } }, 'a', 'b') // 1
 */
export function at(value: unknown, ...path: string[]): Json | undefined {
  let here = value as Json | undefined;
  for (const key of path) here = own(here, key);
  return here;
}

/** The value at a path if it is a non-empty string, else undefined. */
export function text(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** The texts, numbers and truth values of a list, or of a single one that stands for a list, as texts. */
export function texts(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((member) => ['string', 'number', 'boolean'].includes(typeof member)).map(String);
}

/** The truth value at a path, written as a boolean or as its name in any letter case; undefined if it is neither. */
export function flag(value: unknown, ...path: string[]): boolean | undefined {
  const found = at(value, ...path);
  if (typeof found === 'boolean') return found;
  const name = typeof found === 'string' ? found.toLowerCase() : '';
  return name === 'true' ? true : name === 'false' ? false : undefined;
}
