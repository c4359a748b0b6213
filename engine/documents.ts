import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
} from 'yaml';
import { isObject, type Json } from '../events/json';
import { SourceDocument, type Path, type Problems, type Source } from './document';
import type { Problem } from './problems';

/** Of a file that is not YAML at all, one error is as good as a thousand. */
const MAX_YAML_ERRORS = 10;
/** Aliases that a document may resolve: a few kilobytes of them can stand for gigabytes. */
const MAX_ALIASES = 100;

type Report = (offset: number, key: string, message: string) => void;

/**
 * The documents of a file. YAML 1.2 core typing: `yes`, `no`, `on` and `off` are text, though a YAML 1.1 parser (such as
 * pySigma's) reads them as booleans, so an unquoted one gets a warning; so does a number with leading zeros.
 */
export function readDocuments(source: Source, problems: Problems): SourceDocument[] {
  const errors = problems.errors.length;
  const documents = readMaps(source, 'a detector is a map with a title and a detection', problems);
  if (documents.length === 0 && problems.errors.length === errors) {
    problems.errors.push({ file: source.file, line: 1, key: '', message: 'the file holds no detector' });
  }
  return documents;
}

/**
 * The documents of any YAML file in which each is a map, read with the same care.
 *
 * @param expected what is wrong with a document that is no map
 */
export function readMaps(source: Source, expected: string, problems: Problems): SourceDocument[] {
  const lines = new LineCounter();
  const reportTo =
    (list: Problem[]): Report =>
    (offset, key, message) =>
      void list.push({ file: source.file, line: lines.linePos(offset).line, key, message });
  const error = reportTo(problems.errors);
  const warn = reportTo(problems.warnings);
  const documents: SourceDocument[] = [];
  for (const yaml of parseAllDocuments(source.text, { lineCounter: lines, version: '1.2', schema: 'core' })) {
    if (yaml.contents === null && yaml.errors.length === 0) continue;
    for (const { pos, code, message } of yaml.errors.slice(0, MAX_YAML_ERRORS))
      error(pos[0], '', yamlMessage(code, message));
    if (yaml.errors.length > 0) continue;
    for (const { pos, message } of yaml.warnings) warn(pos[0], '', yamlMessage('', message));
    if (!checkNodes(yaml, error, warn)) continue;
    let data: Json;
    try {
      data = yaml.toJS({ maxAliasCount: MAX_ALIASES }) as Json;
    } catch {
      error(0, '', `over ${MAX_ALIASES} aliases to resolve`);
      continue;
    }
    if (isObject(data)) documents.push(new SourceDocument(source, data, problems, (path) => lineOf(path, yaml, lines)));
    else error(yaml.contents?.range?.[0] ?? 0, '', expected);
  }
  return documents;
}

/** The first line of what the parser says: the others draw the place, which the problem has by number. */
function yamlMessage(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is there twice';
  if (message.startsWith('Maximum call stack')) return 'nested too deeply';
  return message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
}

/** What a scalar or an alias may not be, or had better not be. False if there was an error. */
function checkNodes(yaml: Document.Parsed, error: Report, warn: Report): boolean {
  let isSound = true;
  const fail: Report = (...problem) => {
    isSound = false;
    error(...problem);
  };
  visit(yaml, {
    Alias(_key, node, path) {
      const target = node.resolve(yaml);
      if (!target) fail(node.range?.[0] ?? 0, node.source, 'no anchor of this name stands before the alias');
      else if (path.includes(target)) fail(node.range?.[0] ?? 0, node.source, 'the alias refers to what it is part of');
    },
    Pair(_key, { key }) {
      if (!isScalar(key)) fail((isNode(key) && key.range?.[0]) || 0, '', 'a key is text');
    },
    Scalar(key, { type, source: written, range, value }) {
      if (written === undefined || !range) return;
      if (
        typeof value === 'number' &&
        (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      ) {
        fail(range[0], written, 'quote this: the number cannot be kept exactly');
      }
      if (type !== 'PLAIN') return;
      if (/^(?:yes|no|on|off|y|n)$/i.test(written) && key !== 'key') {
        warn(range[0], written, `quote this: ${written} is text here and a boolean to YAML 1.1 parsers`);
      }
      if (/^0\d+$/.test(written)) warn(range[0], written, 'quote this: as a number it loses its leading zeros');
    },
  });
  return isSound;
}

function lineOf(path: Path, yaml: Document.Parsed, lines: LineCounter): number {
  for (let length = path.length; length >= 0; length--) {
    const node = nodeAt(path.slice(0, length), yaml);
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** The key itself where there is one: it stands on the line that a reader looks for. */
function nodeAt(path: Path, yaml: Document.Parsed): Node | undefined {
  let value: unknown = yaml.contents;
  let found: unknown = value;
  for (const step of path) {
    if (isAlias(value)) value = value.resolve(yaml);
    if (isMap(value)) {
      const pair = value.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      found = pair?.key;
      value = pair?.value;
    } else if (isSeq(value)) found = value = value.items[Number(step)];
    else return undefined;
  }
  return isNode(found) ? found : undefined;
}
