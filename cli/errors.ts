import { CommanderError } from 'commander';
import { DetectorError, formatProblem } from '../engine/problems';
import { printable } from '../findings/escape';

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

/**
 * Says on standard error what was thrown: a sentence for a mistake of the user's, a stack for a defect.
 *
 * @returns the exit code
 */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof DetectorError) {
    for (const problem of error.problems) process.stderr.write(`error: ${printable(formatProblem(problem))}\n`);
    process.stderr.write('The detectors do not load, so nothing was done. privwatch lint shows the warnings too.\n');
    return EXIT.usage;
  }
  if (error instanceof UsageError) {
    for (const line of error.message.split('\n')) process.stderr.write(`error: ${printable(line)}\n`);
    return EXIT.usage;
  }
  // The operating system refused something: no permission, a full disk.
  if (typeof error === 'object' && error !== null && 'syscall' in error) {
    const { path, message } = error as NodeJS.ErrnoException;
    const reason = fileReason(error);
    const said = path === undefined || reason === message ? message : `${path}: ${reason}`;
    process.stderr.write(`error: ${printable(said)}\n`);
    return EXIT.usage;
  }
  // A defect: its stack is what helps.
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.usage;
}

/** Why a file that somebody named cannot be read or written, without its name and the name of a system call. */
export function fileReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'part of this path is a file, not a folder',
  EISDIR: 'this is a folder, not a file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENOSPC: 'the disk is full',
};
