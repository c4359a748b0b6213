import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../events/config';
import type { Problems, SourceDocument } from '../engine/document';
import { readMaps } from '../engine/documents';
import { formatProblem } from '../engine/problems';
import { checkConfig } from '../engine/schema';
import { UsageError } from './errors';
import { readGrants } from './grants';

/** Read from the working directory if no other is named. */
export const DEFAULT_CONFIG = 'privwatch.yml';

/**
 * The configuration in a file; without a file name the one in the working directory, or an empty one.
 *
 * @param grants files of just-in-time grants besides those that it names
 * @throws UsageError with every problem of the file
 */
export function readConfig(file: string | undefined, grants: string[] = []): Config {
  const config = readFile(file);
  const more = grants.flatMap(readGrants);
  return grants.length > 0 ? { ...config, grants: [...(config.grants ?? []), ...more] } : config;
}

function readFile(file: string | undefined): Config {
  if (file === undefined && !existsSync(DEFAULT_CONFIG)) return {};
  const problems: Problems = { errors: [], warnings: [] };
  const name = file ?? DEFAULT_CONFIG;
  const document = readConfigDocument(name, problems);
  failOn(problems);
  return document ? configOf(document, name) : {};
}

/**
 * The document of a configuration file, by which later checks can say where something stands.
 *
 * @param problems gets what the schema says is wrong
 * @throws UsageError if the file cannot be read
 */
export function readConfigDocument(file: string, problems: Problems): SourceDocument | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
  const [document, second] = readMaps({ file, text }, 'a configuration is a map', problems);
  second?.error([], 'a configuration is one document');
  if (document) for (const { path, message } of checkConfig(document.data)) document.error(path, message);
  return document;
}

/**
 * What a sound document says, with the just-in-time grants of the files that it names. `%privwatch%` in detectors is the name
 * of the deployment, unless it is given.
 */
export function configOf({ data }: SourceDocument, file: string): Config {
  const { grants, ...config } = data as Omit<Config, 'grants'> & { grants?: string[] };
  const name = config.deploy?.name;
  return {
    ...config,
    ...(name !== undefined && { expand: { privwatch: name, ...config.expand } }),
    ...(grants && { grants: grants.flatMap((path) => readGrants(join(dirname(file), path))) }),
  };
}

/** @throws UsageError with every error, if there is one */
export function failOn({ errors }: Problems): void {
  if (errors.length > 0) throw new UsageError(errors.map(formatProblem).join('\n'));
}
