/** Exit codes; the README lists them for users. */
export const EXIT = {
  done: 0,
  /** Findings at or above `--fail-on`, failed tests, lint errors. */
  found: 1,
  /** Wrong usage, or detectors or a configuration that do not load. */
  usage: 2,
  /** Done, but some input could not be read. */
  unread: 3,
} as const;

/** A mistake of the user's: one line, no stack, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
