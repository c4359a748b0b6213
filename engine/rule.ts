import type { Logsource } from '../events/event';
import { at, isObject, type Json, type JsonObject } from '../events/json';
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
const KNOWN_TAXONOMIES = ['sigma', 'privwatch'];

/**
 * Compiles a rule document whose shape the schema has checked; problems go to the document.
 *
 * @returns undefined if anything in it is not understood
 */
export function compileRule(document: SourceDocument, base: Omit<CompileContext, 'document' | 'derived'>): Rule | undefined {
  const { data } = document;
  const taxonomy = data['taxonomy'] ?? 'sigma';
  if (!KNOWN_TAXONOMIES.includes(String(taxonomy))) {
    document.error(['taxonomy'], `${String(taxonomy)}: its field names are not known here; known: ${KNOWN_TAXONOMIES.join(', ')}`);
  }
  if (data['status'] === 'unsupported') document.error(['status'], 'the rule says of itself that it is unsupported');
  if (data['status'] === 'deprecated') document.warn(['status'], 'the rule is deprecated');
  const context: CompileContext = { ...base, document, derived: taxonomy === 'privwatch' };
  const detection = data['detection'];
  const condition = isObject(detection) ? compileDetection(detection, ['detection'], context) : undefined;
  const extension = isObject(data['privwatch']) ? data['privwatch'] : {};
  const severity = compileSeverity(extension, context);
  const group = compileGroup(extension, context);
  const findingTitle = document.attempt(['privwatch', 'title'], () => {
    const template = parseTemplate(String(extension['title'] ?? '')) as Template;
    template.names.forEach((name) => checkField(name, context));
    // A title that names nothing of the event: the rule's own, braces and all.
    return extension['title'] === undefined ? { texts: [String(data['title'])], names: [] } : template;
  });
  checkRunbook(extension, document);
  if (!condition || !severity || group === null || !findingTitle) return undefined;
  if (!isLevel(data['level'])) document.warn([], 'no level: medium is assumed');
  const title = String(data['title']);
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
    quietMilliseconds: parseTimespan(extension['quiet']) ?? DEFAULT_QUIET,
    findingTitle,
    stage: extension['stage'] === 'staging' ? 'staging' : 'production',
    tests: testsOf(extension),
    filters: [],
    document,
  };
}

function metadataOf(document: SourceDocument, extension: JsonObject): Metadata {
  const { data, source } = document;
  const text = (key: string): string | undefined => (typeof data[key] === 'string' ? data[key] : undefined);
  return {
    status: text('status'),
    description: text('description')?.trim().replace(/\s+/g, ' '),
    author: text('author'),
    license: text('license') ?? source.license,
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
  const compiled = extension['group'].map((name, i) =>
    context.document.attempt(['privwatch', 'group', i], () => {
      checkField(String(name), context);
      return { name: String(name), slot: context.fields.slot(String(name)) };
    }),
  );
  return compiled.some((entry) => entry === undefined) ? null : (compiled as NonNullable<Rule['group']>);
}

function resourcesOf(extension: JsonObject): Rule['resources'] {
  const list = at(extension, 'entities', 'resources');
  return (Array.isArray(list) ? list : []).map((entry) => ({ type: String(at(entry, 'type')), path: String(at(entry, 'name')) }));
}

/** What a runbook may name: it speaks of the whole finding, not of one event. */
export const RUNBOOK_NAMES = ['actor', 'account', 'region', 'resource', 'firstSeen', 'lastSeen', 'sourceAddress', 'accessKeyId'];

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
