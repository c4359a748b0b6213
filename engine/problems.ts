/** One thing that is wrong, or odd, in a detector file. */
export interface Problem {
  file: string;
  /** Counted from 1. */
  line: number;
  /** Path of the key, e.g. `detection.selection.eventName|re`. */
  key: string;
  message: string;
}

/** `detectors/aws_x.yml:12: detection.selection.eventName|re: unterminated group` */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}: ${problem.key ? `${problem.key}: ` : ''}${problem.message}`;
}

/** By file and line; of one line, in the order of finding. */
export function inLineOrder(problems: Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
}

/** Detector files that are not understood: every problem of every file, since nothing half understood is ever loaded. */
export class DetectorError extends Error {
  override readonly name = 'DetectorError';

  constructor(readonly problems: Problem[]) {
    super(problems.map(formatProblem).join('\n'));
  }
}

/** Thrown while one key is compiled, and caught where the file, the key and the line are known. */
export class KeyError extends Error {
  override readonly name = 'KeyError';

  constructor(
    message: string,
    readonly path: readonly (string | number)[] = [],
  ) {
    super(message);
  }
}
