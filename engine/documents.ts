import { isNode, isScalar, LineCounter, parseAllDocuments, visit, type Document, type Node } from 'yaml';
import { isObject, type Json, type JsonObject } from '../events/json';
import { KeyError, type Problem } from './problems';

/** A detector file as it was read. */
export interface Source {
  /** As shown in messages. */
  file: string;
  text: string;
  /** SPDX id of the licence that the folder states, for rules that state none. */
  license?: string;
}

export type Path = readonly (string | number)[];

/** One YAML document, with what is needed to say where in its file something stands. */
export class SourceDocument {
  constructor(
    readonly source: Source,
    readonly data: JsonObject,
    private readonly yaml: Document,
    private readonly lines: LineCounter,
    private readonly problems: { errors: Problem[]; warnings: Problem[] },
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

  line(path: Path): number {
    for (let length = path.length; length >= 0; length--) {
      const node = this.nodeAt(path.slice(0, length));
      if (node?.range) return this.lines.linePos(node.range[0]).line;
    }
    return 1;
  }

  private problem(path: Path, message: string): Problem {
    return { file: this.source.file, line: this.line(path), key: path.join('.'), message };
  }

  /** The key itself where there is one: it stands on the line that a reader looks for. */
  private nodeAt(path: Path): Node | undefined {
    const parent: unknown = path.length === 0 ? this.yaml.contents : this.yaml.getIn(path.slice(0, -1), true);
    if (path.length === 0) return isNode(parent) ? parent : undefined;
    const last = path.at(-1);
    const pairs = (parent as { items?: { key?: unknown; value?: unknown }[] } | undefined)?.items;
    if (!Array.isArray(pairs)) return undefined;
    const found = typeof last === 'number' ? pairs[last] : pairs.find((pair) => String(keyOf(pair.key)) === last)?.key;
    return isNode(found) ? found : undefined;
  }
}

function keyOf(key: unknown): unknown {
  return isScalar(key) ? key.value : key;
}

/**
 * The documents of a file. YAML 1.2 core typing: `yes`, `no`, `on` and `off` are text, though a YAML 1.1 parser (such as
 * pySigma's) reads them as booleans, so an unquoted one gets a warning; so does a number with leading zeros.
 */
export function readDocuments(source: Source, problems: { errors: Problem[]; warnings: Problem[] }): SourceDocument[] {
  const lines = new LineCounter();
  const at = (offset: number, key: string, message: string): Problem => ({
    file: source.file,
    line: lines.linePos(offset).line,
    key,
    message,
  });
  const parsed = parseAllDocuments(source.text, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: true });
  const documents: SourceDocument[] = [];
  for (const yaml of Array.isArray(parsed) ? parsed : []) {
    for (const error of yaml.errors) {
      problems.errors.push(at(error.pos[0], '', error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')));
    }
    if (yaml.errors.length > 0 || yaml.contents === null) continue;
    visit(yaml, {
      Scalar(key, node) {
        if (node.type !== 'PLAIN' || node.source === undefined || !node.range) return;
        if (/^(?:yes|no|on|off|y|n)$/i.test(node.source) && key !== 'key') {
          const message = `quote this: ${node.source} is text here and a boolean to YAML 1.1 parsers`;
          problems.warnings.push(at(node.range[0], node.source, message));
        }
        if (/^0\d+$/.test(node.source)) {
          problems.warnings.push(at(node.range[0], node.source, 'quote this: as a number it loses its leading zeros'));
        }
        if (typeof node.value === 'number' && /^\d+$/.test(node.source) && !Number.isSafeInteger(node.value)) {
          problems.errors.push(at(node.range[0], node.source, 'quote this: the number is too large to be kept exactly'));
        }
      },
    });
    let data: Json;
    try {
      data = yaml.toJS({ maxAliasCount: 100 }) as Json;
    } catch (error) {
      problems.errors.push(at(0, '', (error as Error).message));
      continue;
    }
    if (isObject(data)) documents.push(new SourceDocument(source, data, yaml, lines, problems));
    else problems.errors.push(at(yaml.contents.range?.[0] ?? 0, '', 'a detector is a map with a title and a detection'));
  }
  if (documents.length === 0 && problems.errors.every((problem) => problem.file !== source.file)) {
    problems.errors.push(at(0, '', 'the file holds no detector'));
  }
  return documents;
}
