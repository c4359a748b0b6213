import { Memo } from '../events/memo';

const sharedValues = new Memo<object | string>(50_000);

/** One object, or text, for all that say the same: most of what is remembered recurs, and a replay remembers a great many. */
export function shared<T extends object | string>(value: T): T {
  const json = JSON.stringify(value);
  return (sharedValues.get(json) ?? sharedValues.set(json, value)) as T;
}
