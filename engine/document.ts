import type { JsonObject } from '../events/json';
import { KeyError, type Problem } from './problems';

/** A detector file as it was read. */
export interface Source {
  /** As shown in messages. */
  file: string;
  text: string;
  /** SPDX id of the licence that the folder states, for rules that state none. */
  license?: string;
}

/** What was found wrong and odd so far: reading adds to it. */
export interface Problems {
  errors: Problem[];
  warnings: Problem[];
}

export type Path = readonly (string | number)[];

/** One document of a file, with what is needed to say where in it something stands. */
export class SourceDocument {
  /**
   * @param line on which what is at a path stands; 1 if that is not known any more
   * @param isChecked it was compiled without an error before: what only shows errors can wait until it is needed
   */
  constructor(
    readonly source: Omit<Source, 'text'>,
    readonly data: JsonObject,
    private readonly problems: Problems,
    readonly line: (path: Path) => number = () => 1,
    readonly isChecked = false,
  ) {}

  error(path: Path, message: string): void {
    this.problems.errors.push(this.problem(path, message));
  }

  warn(path: Path, message: string): void {
    this.problems.warnings.push(this.problem(path, message));
  }

  /** Runs a step whose {@link KeyError} becomes an error of this document, at the path and what the step adds to it. */
  attempt<T>(path: Path, step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      this.error([...path, ...error.path], error.message);
      return undefined;
    }
  }

  private problem(path: Path, message: string): Problem {
    return { file: this.source.file, line: this.line(path), key: path.join('.'), message };
  }
}
