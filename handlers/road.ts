import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Ruleset } from '../engine/compile';
import { rulesetOf, type CheckedDocument } from '../engine/compiled';
import { LATENESS_MILLISECONDS } from '../engine/due';
import type { Store } from '../engine/store';
import type { Config } from '../events/config';
import { clientOptions } from '../findings/sinks/retries';
import { DynamoStore } from '../state/dynamo';
import { countUnits, type Units } from '../state/units';
import { required } from './environment';
import { log } from './log';
import { count, writeMetrics, type Metric } from './metrics';
import type { Surroundings } from './sink-function';

/** What the functions of the road work with. */
export interface Road {
  ruleset: Ruleset;
  store: Store;
  /** What its calls to DynamoDB consume, added up; undefined where there is none. */
  units?: Units | undefined;
  /** The account whose drills are taken; without it, none are. */
  hubAccount?: string | undefined;
}

/** The log, the metrics and the clock of this process. */
export const here: Surroundings = { log, writeMetrics, now: Date.now };

/**
 * The ruleset and the store of the environment variables RULESET_FILE (as `npm run bundle` writes it) and TABLE; drills of
 * HUB_ACCOUNT are taken.
 *
 * @throws DetectorError with every problem of the detectors or the configuration; Error if a variable or a file is missing
 */
export function openRoad(env = process.env): Road & { client: DynamoDBClient } {
  const ruleset = readRuleset(required('RULESET_FILE', env));
  const client = new DynamoDBClient(clientOptions);
  const store = new DynamoStore({ client, table: required('TABLE', env), keep: keepOf(ruleset) });
  return { ruleset, store, client, units: countUnits(client), hubAccount: env.HUB_ACCOUNT };
}

/** What a function was opened with, and the metrics of what DynamoDB consumed since they were asked for before. */
export function withUnits<T extends { units?: Units | undefined }>(opened: T): T & { consumed: () => Metric[] } {
  let before: Units = { read: 0, write: 0 };
  const consumed = (): Metric[] => {
    const { units } = opened;
    if (!units) return [];
    const since = { read: units.read - before.read, write: units.write - before.write };
    before = { ...units };
    return [count('readUnits', since.read), count('writeUnits', since.write)];
  };
  return { ...opened, consumed };
}

/** How long what is stored of a detector can still decide something, in milliseconds from its arrival on. */
export function keepOf({ rules, correlations }: Ruleset): (detectorId: string) => number {
  const spans = new Map<string, number>();
  for (const { id, quietMilliseconds } of rules) spans.set(id, quietMilliseconds);
  for (const { id, quietMilliseconds, window } of correlations)
    spans.set(id, quietMilliseconds + 2 * window.timespanMilliseconds);
  return (detectorId) => LATENESS_MILLISECONDS + (spans.get(detectorId) ?? 0);
}

/** What `npm run bundle` writes: detectors and configuration, checked when they were built. */
interface RulesetFile {
  documents: CheckedDocument[];
  config: Config;
}

function readRuleset(path: string): Ruleset {
  const { documents, config } = JSON.parse(readFileSync(path, 'utf8')) as RulesetFile;
  return rulesetOf(documents, config);
}
