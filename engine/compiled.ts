import type { Config } from '../events/config';
import { isObject, type JsonObject } from '../events/json';
import { compileRuleset, type Ruleset } from './compile';
import { SourceDocument, type Problems } from './document';
import { DetectorError } from './problems';

/** A detector document that was checked when it was built: what is left to load needs neither YAML nor a schema. */
export interface CheckedDocument {
  file: string;
  license?: string;
  data: JsonObject;
}

/** What of a ruleset goes into a bundle: its documents, without their tests. */
export function checkedDocuments({ rules, filters, correlations }: Ruleset): CheckedDocument[] {
  return [...rules, ...filters, ...correlations].map(({ document: { source, data } }) => ({
    file: source.file,
    ...(source.license !== undefined && { license: source.license }),
    data: withoutTests(data),
  }));
}

/**
 * The ruleset of documents that were checked before.
 *
 * @throws DetectorError if they cannot have been; what only an event comes to (regular expressions, conditions of severity) is
 *   compiled with the first one, and taken on trust
 */
export function rulesetOf(checked: CheckedDocument[], config: Config): Ruleset {
  const problems: Problems = { errors: [], warnings: [] };
  const documents = checked.map(({ data, ...source }) => new SourceDocument(source, data, problems, undefined, true));
  const { ruleset, errors } = compileRuleset(documents, config, problems);
  if (!ruleset) throw new DetectorError(errors);
  return ruleset;
}

function withoutTests(data: JsonObject): JsonObject {
  const { privwatch } = data;
  if (!isObject(privwatch)) return data;
  return { ...data, privwatch: Object.fromEntries(Object.entries(privwatch).filter(([key]) => key !== 'tests')) };
}
