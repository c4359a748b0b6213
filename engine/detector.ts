import { at, isObject, text, type Json, type JsonObject } from '../events/json';
import { checkField, compileIdentifier, type CompileContext } from './detection';
import type { Path, SourceDocument } from './document';
import { defineLazily } from './lazy';
import { isLevel, type Level } from './level';
import type { Node } from './nodes';
import { parseTemplate, type Template } from './template';

/** A test in a detector file; see `schemas/detector.schema.json`. */
export interface DetectorTest {
  name: string;
  event?: JsonObject;
  match?: boolean;
  level?: Level;
  title?: string;
  events?: JsonObject[];
  findings?: number;
  config?: JsonObject;
  path: Path;
}

/** What a rule says of itself, for people: it goes into the finding as it is. */
export interface Metadata {
  status: string | undefined;
  description: string | undefined;
  author: string | undefined;
  license: string | undefined;
  references: string[];
  tags: string[];
  falsepositives: string[];
  /** Ids of the acts it watches, of the list in `docs/acts.yml`. */
  acts: string[];
  compliance: string[];
  runbook: string[];
}

/** What rules and correlations have in common: all that a finding takes from its detector. */
export interface Detector {
  /** The document's id; else its name, else its title. Findings carry it, so it must not change. */
  id: string;
  title: string;
  name: string | undefined;
  level: Level;
  metadata: Metadata;
  severity: { when: Node; level: Level }[];
  findingTitle: Template;
  stage: 'staging' | 'production';
  /** A hash of all that decides what its hits come to: with another one, what is stored of it starts afresh. */
  meaning: string;
  tests: DetectorTest[];
  document: SourceDocument;
}

/** The `privwatch:` key of a document. */
export function extensionOf({ data }: SourceDocument): JsonObject {
  return isObject(data['privwatch']) ? data['privwatch'] : {};
}

/**
 * Compiles what a rule and a correlation have in common; problems go to the document.
 *
 * @returns undefined if anything in it is not understood
 */
export function compileDetector(context: CompileContext): Detector | undefined {
  const { document } = context;
  const { data } = document;
  const extension = extensionOf(document);
  // Other tools skip the extension: there derived fields take nothing from the rule's portability.
  const own: CompileContext = { ...context, derived: true };
  const severity = compileSeverity(extension, own);
  const findingTitle = compileTitle(extension, own);
  checkRunbook(extension, document);
  if (data['level'] === undefined) document.warn([], 'no level: medium is assumed');
  if (!severity || !findingTitle) return undefined;
  const title = text(data, 'title') ?? '';
  const name = typeof data['name'] === 'string' ? data['name'] : undefined;
  return {
    id: typeof data['id'] === 'string' ? data['id'].toLowerCase() : (name ?? title),
    title,
    name,
    level: isLevel(data['level']) ? data['level'] : 'medium',
    metadata: metadataOf(document, extension),
    severity,
    findingTitle,
    stage: extension['stage'] === 'staging' ? 'staging' : 'production',
    meaning: '',
    tests: testsOf(extension),
    document,
  };
}

function metadataOf(document: SourceDocument, extension: JsonObject): Metadata {
  const { data, source } = document;
  return {
    status: text(data, 'status'),
    description: text(data, 'description')?.trim().replace(/\s+/g, ' '),
    author: text(data, 'author'),
    license: text(data, 'license') ?? source.license,
    references: texts(data['references']),
    tags: texts(data['tags']),
    falsepositives: texts(data['falsepositives']),
    acts: texts(extension['acts']),
    compliance: texts(extension['compliance']),
    runbook: texts(extension['runbook']),
  };
}

/** One text or a list of them; what is no text is the schema's matter. */
export function texts(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((member): member is string => typeof member === 'string');
}

function compileSeverity(extension: JsonObject, context: CompileContext): Detector['severity'] | undefined {
  const list = Array.isArray(extension['severity']) ? extension['severity'] : [];
  const compiled = list.map((entry, i) => {
    const when = at(entry, 'when');
    const level = at(entry, 'level');
    if (!isObject(when) || !isLevel(level)) return undefined; // the schema has said so
    const compiled = { level } as Detector['severity'][number];
    const path = ['privwatch', 'severity', i, 'when'];
    defineLazily(compiled, 'when', () => compileIdentifier(when, path, context)!);
    // What was never checked is compiled at once, for what is wrong with it.
    return context.document.isChecked || compiled.when ? compiled : undefined;
  });
  return compiled.some((entry) => entry === undefined) ? undefined : (compiled as Detector['severity']);
}

function compileTitle(extension: JsonObject, context: CompileContext): Template | undefined {
  const { document, fields } = context;
  const title = text(extension, 'title');
  // The rule's own title names nothing of the event: it is taken as it is, braces and all.
  if (title === undefined) return { texts: [text(document.data, 'title') ?? ''], names: [] };
  return document.attempt(['privwatch', 'title'], () => {
    const template = parseTemplate(title);
    for (const name of template.names) {
      checkField(name, context);
      fields.slot(name);
    }
    return template;
  });
}

/** What a runbook may name: it speaks of the whole finding, not of one event. */
const RUNBOOK_NAMES = [
  'actor',
  'account',
  'region',
  'resource',
  'firstSeen',
  'lastSeen',
  'sourceAddress',
  'accessKeyId',
];

function checkRunbook(extension: JsonObject, document: SourceDocument): void {
  texts(extension['runbook']).forEach((step, i) => {
    const path = ['privwatch', 'runbook', i];
    const template = document.attempt(path, () => parseTemplate(step));
    const unknown = template?.names.find((name) => !RUNBOOK_NAMES.includes(name));
    if (unknown) document.error(path, `{${unknown}} is not known in a runbook; known: ${RUNBOOK_NAMES.join(', ')}`);
  });
}

function testsOf(extension: JsonObject): DetectorTest[] {
  const list = Array.isArray(extension['tests']) ? extension['tests'] : [];
  return list
    .map((test, i) => ({ ...(test as unknown as DetectorTest), path: ['privwatch', 'tests', i] }))
    .filter((test) => typeof test.name === 'string');
}
