import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Config, Grant } from '../events/config';
import type { Path, Problems, SourceDocument } from '../engine/document';
import { readMaps } from '../engine/documents';
import { formatProblem, inLineOrder } from '../engine/problems';
import { checkConfig } from '../engine/schema';
import { printable } from '../findings/escape';
import { fileReason, UsageError } from './errors';
import { readGrants } from './grants';

/** Read from the working directory if no other is named. */
export const DEFAULT_CONFIG = 'privwatch.yml';

/**
 * The configuration in a file; without a file name the one in the working directory, or an empty one. What is odd in it, it
 * says on standard error.
 *
 * @param grants files of just-in-time grants besides those that it names
 * @throws UsageError with every problem of the file
 */
export function readConfig(file: string | undefined, grants: string[] = []): Config {
  const config = readFile(file);
  const more = grants.flatMap((path) => readGrants(path, (oddity) => warn(`${path}: ${oddity}`)));
  return grants.length > 0 ? { ...config, grants: [...(config.grants ?? []), ...more] } : config;
}

function readFile(file: string | undefined): Config {
  if (file === undefined && !existsSync(DEFAULT_CONFIG)) return {};
  const problems: Problems = { errors: [], warnings: [] };
  const name = file ?? DEFAULT_CONFIG;
  const document = readConfigDocument(name, problems);
  failOn(problems);
  const config = document ? configOf(document, name) : {};
  failOn(problems);
  inLineOrder(problems.warnings).forEach((problem) => warn(formatProblem(problem)));
  return config;
}

function warn(sentence: string): void {
  process.stderr.write(`warning: ${printable(sentence)}\n`);
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
    throw new UsageError(`${file}: ${fileReason(error)}`);
  }
  const [document, second] = readMaps({ file, text }, 'a configuration is a map', problems);
  second?.error([], 'a configuration is one document');
  if (document) for (const { path, message } of checkConfig(document.data)) document.error(path, message);
  return document;
}

/**
 * What a sound document says, with the just-in-time grants of the files that it names; problems of those files go to the
 * document. `%privwatch%` in detectors is the name of the deployment, unless it is given.
 */
export function configOf(document: SourceDocument, file: string): Config {
  const { grants, ...config } = document.data as Omit<Config, 'grants'> & { grants?: string[] };
  const name = config.deploy?.name;
  return {
    ...config,
    ...(name !== undefined && { expand: { privwatch: name, ...config.expand } }),
    ...(grants && { grants: grants.flatMap((path, i) => namedGrants(beside(file, path), ['grants', i], document)) }),
  };
}

function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/** The grants of a file that a configuration names. */
function namedGrants(file: string, path: Path, document: SourceDocument): Grant[] {
  try {
    return readGrants(file, (oddity) => document.warn(path, `${file}: ${oddity}`));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    for (const line of error.message.split('\n')) document.error(path, line);
    return [];
  }
}

/** @throws UsageError with every error, if there is one */
export function failOn({ errors }: Problems): void {
  if (errors.length > 0) throw new UsageError(inLineOrder(errors).map(formatProblem).join('\n'));
}
