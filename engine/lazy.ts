/**
 * Gives an object a member that is made when it is first asked for, and then kept: most detectors of a ruleset never hit
 * anything, so that what only their hits need would be made for nothing.
 */
export function defineLazily<T extends object, K extends keyof T>(object: T, key: K, make: () => T[K]): void {
  const get = (): T[K] => {
    const value = make();
    Object.defineProperty(object, key, { value, enumerable: true });
    return value;
  };
  Object.defineProperty(object, key, { get, enumerable: true, configurable: true });
}
