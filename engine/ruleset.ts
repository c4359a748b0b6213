import type { Config } from '../events/config';
import { compileRuleset, type Loaded, type Ruleset } from './compile';
import type { Problems, Source } from './document';
import { readDocuments } from './documents';
import { checkShape, preparedDocuments, type Prepared } from './prepared';
import { DetectorError } from './problems';

export type { Loaded, Ruleset };

/**
 * Compiles detector files. The order of files and of the documents in them makes no difference.
 *
 * @param prepared what is known of some of the files already
 * @throws DetectorError with every problem of every file
 */
export function loadRuleset(sources: Source[], config: Config = {}, prepared: Prepared = {}): Ruleset {
  const { ruleset, errors } = checkRuleset(sources, config, prepared);
  if (!ruleset) throw new DetectorError(errors);
  return ruleset;
}

/** The same, for those who want to see the warnings, or the errors without a throw. */
export function checkRuleset(sources: Source[], config: Config = {}, prepared: Prepared = {}): Loaded {
  const problems: Problems = { errors: [], warnings: [] };
  const documents = sources.flatMap((source) => {
    const known = preparedDocuments(source, prepared, problems);
    if (known) return known;
    const read = readDocuments(source, problems);
    read.forEach((document) => checkShape(document));
    return read;
  });
  return compileRuleset(documents, config, problems);
}
