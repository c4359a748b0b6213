import type { Config } from '../events/config';
import { compileRuleset, type Loaded, type Ruleset } from './compile';
import type { Problems, Source } from './document';
import { readDocuments } from './documents';
import { DetectorError } from './problems';
import { checkDetector } from './schema';

export type { Loaded, Ruleset };

/**
 * Compiles detector files. The order of files and of the documents in them makes no difference.
 *
 * @throws DetectorError with every problem of every file
 */
export function loadRuleset(sources: Source[], config: Config = {}): Ruleset {
  const { ruleset, errors } = checkRuleset(sources, config);
  if (!ruleset) throw new DetectorError(errors);
  return ruleset;
}

/** The same, for those who want to see the warnings, or the errors without a throw. */
export function checkRuleset(sources: Source[], config: Config = {}): Loaded {
  const problems: Problems = { errors: [], warnings: [] };
  const documents = sources.flatMap((source) => readDocuments(source, problems));
  return compileRuleset(documents, config, problems, (kind, document) => {
    for (const { path, message } of checkDetector(kind, document.data)) document.error(path, message);
  });
}
