import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../events/config';
import type { Problems } from '../engine/document';
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
  const name = file ?? DEFAULT_CONFIG;
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  const problems: Problems = { errors: [], warnings: [] };
  const [document, second] = readMaps({ file: name, text }, 'a configuration is a map', problems);
  second?.error([], 'a configuration is one document');
  if (document) for (const { path, message } of checkConfig(document.data)) document.error(path, message);
  if (problems.errors.length > 0) throw new UsageError(problems.errors.map(formatProblem).join('\n'));
  const { grants, ...config } = (document?.data ?? {}) as Omit<Config, 'grants'> & { grants?: string[] };
  return grants ? { ...config, grants: grants.flatMap((path) => readGrants(join(dirname(name), path))) } : config;
}
