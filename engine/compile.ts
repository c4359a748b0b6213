import type { Config } from '../events/config';
import { makeContext, type Context } from '../events/derived';
import { isObject, text } from '../events/json';
import { checkReferences, compileCorrelation, connectCarried, connectInputs, type Correlation } from './correlation';
import type { Problems, SourceDocument } from './document';
import { FieldTable } from './fields';
import { compileFilter, isFilterFor, parseDay, type Filter } from './filter';
import { isLevel, rank } from './level';
import { defineLazily } from './lazy';
import { meaningOf } from './meaning';
import { inLineOrder, type Problem } from './problems';
import { compileRule, type Rule } from './rule';
import { RuleIndex } from './rule-index';

export type DocumentKind = 'rule' | 'correlation' | 'filter';

/** Compiled detectors, filters and configuration: all that `match` needs besides an event. */
export interface Ruleset {
  rules: Rule[];
  filters: Filter[];
  /** Inputs come before the correlations that they feed. */
  correlations: Correlation[];
  context: Context;
  fields: FieldTable;
  index: RuleIndex;
}

export interface Loaded {
  /** Undefined if there are errors: nothing is loaded half understood. */
  ruleset: Ruleset | undefined;
  errors: Problem[];
  warnings: Problem[];
}

/**
 * Compiles detectors. The order of the documents makes no difference.
 *
 * @param problems that were found so far, and are added to; with errors nothing is compiled
 */
export function compileRuleset(documents: SourceDocument[], config: Config, problems: Problems): Loaded {
  const fields = new FieldTable();
  const base = { fields, placeholder: (name: string) => placeholder(config, name) };
  const rules: Rule[] = [];
  const filters: Filter[] = [];
  const correlations: Correlation[] = [];
  for (const document of documents) {
    const kind = kindOf(document);
    if (!kind) document.error([], 'neither a detection, nor a correlation, nor a filter');
    if (!kind) continue;
    const context = { ...base, document, derived: checkMetadata(document) };
    if (kind === 'rule') pushIf(rules, compileRule(context));
    else if (kind === 'filter') pushIf(filters, compileFilter(context));
    else pushIf(correlations, compileCorrelation(context));
  }
  checkNames(documents);
  const detectors = new Map<string, Rule | Correlation>();
  for (const detector of [...rules, ...correlations]) {
    detectors.set(detector.id, detector);
    if (detector.name !== undefined) detectors.set(detector.name, detector);
  }
  const resolve: Resolve = (reference) => detectors.get(reference) ?? detectors.get(reference.toLowerCase());
  // Where a file did not compile, what refers to it would only repeat that.
  if (problems.errors.length === 0) {
    const depths = checkReferences(correlations, resolve);
    correlations.sort((a, b) => depths.get(a)! - depths.get(b)!);
    warnOfSilenced(correlations, resolve);
    connectFilters(filters, rules);
    if (problems.errors.length === 0) {
      for (const correlation of correlations) connectInputs(correlation, fields, (reference) => resolve(reference)!);
      for (const correlation of [...correlations].reverse()) connectCarried(correlation, fields);
      for (const detector of [...rules, ...correlations]) defineLazily(detector, 'meaning', () => meaningOf(detector));
    }
  }
  warnOfForeign(rules);
  const isSound = problems.errors.length === 0;
  const context = makeContext(config);
  return {
    ruleset: isSound
      ? { rules, filters, correlations, context, fields, index: new RuleIndex(rules, fields, context) }
      : undefined,
    errors: inLineOrder(problems.errors),
    warnings: inLineOrder(problems.warnings),
  };
}

function pushIf<T>(list: T[], entry: T | undefined): void {
  if (entry !== undefined) list.push(entry);
}

/** Placeholders that a configuration need not give: `%privwatch%` begins the names of all that privwatch is made of. */
const DEFAULTS = { privwatch: 'privwatch' };

function placeholder(config: Config, name: string): string[] | undefined {
  const given: NonNullable<Config['expand']> = { ...DEFAULTS, ...config.expand };
  const values = Object.hasOwn(given, name) ? given[name] : undefined;
  return typeof values === 'string' ? [values] : values;
}

/** What a document is by its keys; undefined if it is nothing that can be compiled. */
export function kindOf({ data }: SourceDocument): DocumentKind | undefined {
  if ('correlation' in data) return 'correlation';
  if ('filter' in data) return 'filter';
  if ('detection' in data) return 'rule';
  return undefined;
}

/** Ids and names are how findings, filters and correlations refer to a detector. */
function checkNames(documents: SourceDocument[]): void {
  const owners = new Map<string, SourceDocument>();
  for (const document of documents) {
    const { id, name, title } = document.data;
    if (typeof id === 'string') claim(document, 'id', id.toLowerCase());
    if (typeof name === 'string') claim(document, 'name', name);
    if (id === undefined && name === undefined && typeof title === 'string' && isObject(document.data['detection'])) {
      claim(document, 'title', title);
    }
  }
  function claim(document: SourceDocument, key: string, value: string): void {
    const owner = owners.get(value);
    if (!owner) owners.set(value, document);
    else document.error([key], `${owner.source.file}:${owner.line([key])} has the same ${key}`);
  }
}

/** A rule or a correlation, by its id or its name. */
type Resolve = (reference: string) => Rule | Correlation | undefined;

const KNOWN_TAXONOMIES = ['sigma', 'privwatch'];

/**
 * What is to be refused in a document of any kind and the schema cannot say.
 *
 * @returns whether the document may name derived fields
 */
function checkMetadata(document: SourceDocument): boolean {
  const { data } = document;
  const taxonomy = text(data, 'taxonomy') ?? 'sigma';
  if (!KNOWN_TAXONOMIES.includes(taxonomy)) {
    document.error(
      ['taxonomy'],
      `${taxonomy}: its field names are not known here; known: ${KNOWN_TAXONOMIES.join(', ')}`,
    );
  }
  if (data['status'] === 'unsupported') document.error(['status'], 'it says of itself that it is unsupported');
  if (data['status'] === 'deprecated') document.warn(['status'], 'it says of itself that it is deprecated');
  for (const key of ['date', 'modified']) {
    const day = data[key];
    if (typeof day === 'string' && DATE.test(day) && parseDay(day) === undefined) {
      document.error([key], `${day} is not in the calendar`);
    }
  }
  return taxonomy === 'privwatch';
}

const DATE = /^\d{4}[-/]\d{2}[-/]\d{2}$/;

function warnOfSilenced(correlations: Correlation[], resolve: Resolve): void {
  for (const { rules, document } of correlations) {
    const inner = document.data['correlation'];
    const generate = document.data['generate'] ?? (isObject(inner) ? inner['generate'] : undefined);
    if (generate === true) continue;
    for (const reference of rules) {
      const level = resolve(reference)?.document.data['level'] ?? 'medium';
      if (!isLevel(level) || rank(level) < rank('medium')) continue;
      document.warn(
        ['correlation', 'rules'],
        `silences ${reference} (level ${level}): say generate: true to keep its findings`,
      );
    }
  }
}

function connectFilters(filters: Filter[], rules: Rule[]): void {
  for (const filter of filters) {
    const matching = rules.filter((rule) => isFilterFor(filter, rule));
    matching.forEach((rule) => rule.filters.push(filter));
    if (matching.length === 0)
      filter.document.warn(['filter', 'rules'], 'no loaded rule is meant: the filter has no effect');
    else if (filter.rules !== 'any') {
      for (const reference of filter.rules) {
        if (matching.some(({ id, name }) => id === reference.toLowerCase() || name === reference)) continue;
        filter.document.warn(['filter', 'rules'], `there is no rule ${reference} with this logsource`);
      }
    }
  }
}

const SERVICES = ['cloudtrail', 'cloudtrail-insight', 'guardduty', 'accessanalyzer', 'config', 'privwatch'];

/** Rules for other sources are kept, and told apart: no event that is read here can match them. */
function warnOfForeign(rules: Rule[]): void {
  for (const { logsource, document } of rules) {
    if (isForeign(logsource)) document.warn(['logsource'], 'not applicable: no event of this source is read here');
  }
}

function isForeign(logsource: Rule['logsource']): boolean {
  const { product, service, category } = logsource;
  return (
    category !== undefined ||
    (product !== undefined && product !== 'aws') ||
    (service !== undefined && !SERVICES.includes(service))
  );
}
