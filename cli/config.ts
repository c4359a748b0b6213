import { existsSync, readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { Config } from '../events/config';
import type { Json } from '../events/json';
import { checkConfig } from '../engine/schema';
import { UsageError } from './errors';

/** Read from the working directory if no other is named. */
export const DEFAULT_CONFIG = 'privwatch.yml';

/**
 * The configuration in a file; without a file name the one in the working directory, or an empty one.
 *
 * @throws UsageError with every problem of the file
 */
export function readConfig(file: string | undefined): Config {
  if (file === undefined && !existsSync(DEFAULT_CONFIG)) return {};
  const name = file ?? DEFAULT_CONFIG;
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  const yaml = parseDocument(text, { version: '1.2', uniqueKeys: true });
  if (yaml.errors.length > 0) throw new UsageError(yaml.errors.map((error) => `${name}: ${error.message}`).join('\n'));
  const data = (yaml.toJS({ maxAliasCount: 100 }) ?? {}) as Json;
  const problems = checkConfig(data);
  if (problems.length > 0) {
    throw new UsageError(
      problems.map(({ path, message }) => `${name}: ${[...path, ''].join('.').slice(0, -1)}: ${message}`).join('\n'),
    );
  }
  return data as Config;
}
