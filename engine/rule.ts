import type { Logsource } from '../events/event';
import { at, isObject, text, type Json, type JsonObject } from '../events/json';
import { parseTimespan } from '../events/time';
import { checkField, compileDetection, compileIdentifier, type CompileContext } from './detection';
import type { Path, SourceDocument } from './documents';
import type { Filter } from './filter';
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

/** A compiled detection rule. */
export interface Rule {
  /** The rule's id; else its name, else its title. Findings carry it, so it must not change. */
  id: string;
  title: string;
  name: string | undefined;
  level: Level;
  metadata: Metadata;
  logsource: Partial<Record<'product' | 'service' | 'category', string>>;
  condition: Node;
  severity: { when: Node; level: Level }[];
  resources: { type: string; path: string }[];
  /** Fields whose values make the group; undefined for account, actor and main resource. */
  group: { name: string; slot: number }[] | undefined;
  quietMilliseconds: number;
  findingTitle: Template;
  stage: 'staging' | 'production';
  tests: DetectorTest[];
  /** Those that apply to this rule. */
  filters: Filter[];
  document: SourceDocument;
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
  compliance: string[];
  runbook: string[];
}

const DEFAULT_QUIET = 3_600_000;
/** An episode ends at midnight; of what came before, only the day before is looked at. */
const MAX_QUIET = 86_400_000;

/**
 * Compiles a rule document whose shape the schema has checked; problems go to the document.
 *
 * @returns undefined if anything in it is not understood
 */
export function compileRule(context: CompileContext): Rule | undefined {
  const { document } = context;
  const { data } = document;
  const detection = data['detection'];
  const condition = isObject(detection) ? compileDetection(detection, ['detection'], context) : undefined;
  const extension = isObject(data['privwatch']) ? data['privwatch'] : {};
  // Other tools skip the extension: there derived fields take nothing from the rule's portability.
  const own: CompileContext = { ...context, derived: true };
  const severity = compileSeverity(extension, own);
  const group = compileGroup(extension, own);
  const findingTitle = compileTitle(extension, own);
  const quiet = parseTimespan(extension['quiet']) ?? DEFAULT_QUIET;
  if (quiet > MAX_QUIET) document.error(['privwatch', 'quiet'], 'at most 1d: a finding ends at midnight UTC');
  checkRunbook(extension, document);
  if (!condition || !severity || group === null || !findingTitle) return undefined;
  if (!isLevel(data['level'])) document.warn([], 'no level: medium is assumed');
  const title = text(data, 'title') ?? '';
  const name = typeof data['name'] === 'string' ? data['name'] : undefined;
  return {
    id: typeof data['id'] === 'string' ? data['id'].toLowerCase() : (name ?? title),
    title,
    name,
    level: isLevel(data['level']) ? data['level'] : 'medium',
    metadata: metadataOf(document, extension),
    logsource: logsourceOf(data['logsource']),
    condition,
    severity,
    resources: resourcesOf(extension),
    group,
    quietMilliseconds: quiet,
    findingTitle,
    stage: extension['stage'] === 'staging' ? 'staging' : 'production',
    tests: testsOf(extension),
    filters: [],
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
    compliance: texts(extension['compliance']),
    runbook: texts(extension['runbook']),
  };
}

function texts(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((member): member is string => typeof member === 'string');
}

export function logsourceOf(value: Json | undefined): Rule['logsource'] {
  const logsource: Rule['logsource'] = {};
  for (const key of ['product', 'service', 'category'] as const) {
    const stated = at(value, key);
    if (typeof stated === 'string') logsource[key] = stated.toLowerCase();
  }
  return logsource;
}

/** A rule is for an event if each of product, service and category that the rule states is the event's. */
export function appliesTo(rule: Pick<Rule, 'logsource'>, logsource: Logsource): boolean {
  const theirs: Rule['logsource'] = logsource;
  return Object.entries(rule.logsource).every(([key, stated]) => theirs[key as keyof Rule['logsource']] === stated);
}

function compileSeverity(extension: JsonObject, context: CompileContext): Rule['severity'] | undefined {
  const list = Array.isArray(extension['severity']) ? extension['severity'] : [];
  const compiled = list.map((entry, i) => {
    const when = at(entry, 'when');
    const level = at(entry, 'level');
    if (!isObject(when) || !isLevel(level)) return undefined; // the schema has said so
    const node = compileIdentifier(when, ['privwatch', 'severity', i, 'when'], context);
    return node && { when: node, level };
  });
  return compiled.some((entry) => entry === undefined) ? undefined : (compiled as Rule['severity']);
}

function compileGroup(extension: JsonObject, context: CompileContext): Rule['group'] | null {
  if (!Array.isArray(extension['group'])) return undefined;
  const compiled = texts(extension['group']).map((name, i) =>
    context.document.attempt(['privwatch', 'group', i], () => {
      checkField(name, context);
      return { name, slot: context.fields.slot(name) };
    }),
  );
  return compiled.some((entry) => entry === undefined) ? null : (compiled as NonNullable<Rule['group']>);
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

function resourcesOf(extension: JsonObject): Rule['resources'] {
  const list = at(extension, 'entities', 'resources');
  return (Array.isArray(list) ? list : []).map((entry) => ({
    type: text(entry, 'type') ?? '',
    path: text(entry, 'name') ?? '',
  }));
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
