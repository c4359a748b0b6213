import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { findFiles } from '../events/files';
import type { Config } from '../events/config';
import type { Source } from '../engine/document';
import type { Correlation } from '../engine/correlation';
import type { Rule } from '../engine/rule';
import { prepare, type Prepared } from '../engine/prepared';
import { loadRuleset, type Ruleset } from '../engine/ruleset';
import { UsageError } from './errors';
import { packageRoot } from './package-root';

/** The detectors that privwatch ships. */
export const shippedDetectors = join(packageRoot, 'detectors');

/** Detectors that count a large share of all traffic; nothing loads them unasked. */
export const highVolumeDetectors = join(packageRoot, 'detectors-high-volume');

/**
 * The detector files under paths (files, folders, globs).
 *
 * @throws UsageError if a path names nothing, or there is none
 */
export function readDetectors(paths: string[]): Source[] {
  const { files, problems } = findFiles(paths, (name) => /\.ya?ml$/i.test(name), '.yml file');
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const licences = new Map<string, string | undefined>();
  return files.map((file) => {
    const license = licenceOf(resolve(dirname(file)), licences);
    return { file: shorten(file), text: readFileSync(file, 'utf8'), ...(license !== undefined && { license }) };
  });
}

/** @throws DetectorError, UsageError */
export function loadDetectors(paths: string[] | undefined, config: Config): Ruleset {
  return loadRuleset(readDetectors(paths ?? [shippedDetectors]), config, readPrepared());
}

/** The shipped detectors as the build has read and checked them. */
const preparedFile = join(packageRoot, 'dist', 'detectors.json');

function readPrepared(): Prepared {
  return existsSync(preparedFile) ? (JSON.parse(readFileSync(preparedFile, 'utf8')) as Prepared) : {};
}

/** A step of the build. */
export function writePrepared(): void {
  writeFileSync(preparedFile, JSON.stringify(prepare(readDetectors([shippedDetectors, highVolumeDetectors]))));
}

/** What files findings: rules, but for those that are only counted by a correlation, and correlations. */
export function detectorsOf({ rules, correlations }: Ruleset): (Rule | Correlation)[] {
  return [...rules, ...correlations].filter(({ silenced }) => !silenced);
}

function shorten(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}

/** How well-known licences begin, and their SPDX ids. */
const LICENCES: [RegExp, string][] = [
  [/Detection Rule License \(DRL\)[\s\S]{0,40}1\.1/i, 'DRL-1.1'],
  [/Apache License\s+Version 2\.0/i, 'Apache-2.0'],
  [/\bMIT License\b/i, 'MIT'],
];
const MAX_LEVELS = 12;

/**
 * The licence of a folder of rules, from the nearest LICENSE file in it or above: public rule sets state it once for all,
 * and ask for it to be passed on with what a rule finds.
 */
function licenceOf(folder: string, known: Map<string, string | undefined>, level = 0): string | undefined {
  if (known.has(folder)) return known.get(folder);
  const file = existsSync(folder)
    ? readdirSync(folder).find((name) => /^LICEN[CS]E(\.md|\.txt)?$/i.test(name))
    : undefined;
  const parent = dirname(folder);
  let licence: string | undefined;
  if (file !== undefined) {
    const text = readFileSync(join(folder, file), 'utf8').slice(0, 4000);
    licence = LICENCES.find(([pattern]) => pattern.test(text))?.[1];
  } else if (parent !== folder && level < MAX_LEVELS) licence = licenceOf(parent, known, level + 1);
  known.set(folder, licence);
  return licence;
}
