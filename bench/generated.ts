import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFiles } from '../events/files';
import { UsageError } from '../cli/errors';
import { packageRoot } from '../cli/package-root';

/** A folder of generated CloudTrail files of so many events. The same number and seed give the same, made once. */
export function generatedFolder(events: number, seed = 1): string {
  const folder = join(tmpdir(), `privwatch-bench-${events}${seed === 1 ? '' : `-${seed}`}`);
  if (!existsSync(join(folder, 'summary.json'))) {
    const script = join(packageRoot, 'bench', 'make-bulk-corpus.mjs');
    const options = ['--events', String(events), '--seed', String(seed), '--out', folder];
    execFileSync(process.execPath, [script, ...options], { stdio: 'ignore' });
  }
  return folder;
}

/** @throws UsageError if there are none */
export function logFilesIn(folder: string): string[] {
  const { files } = findFiles([folder], (name) => name.endsWith('.json.gz'));
  if (files.length === 0) throw new UsageError(`${folder}: no .json.gz files`);
  return files;
}

/** An event of an attack that the generator put among the others. */
export interface Label {
  eventID: string;
  technique: string;
  activity: string;
  /** Number of the attack; it may consist of several events. */
  attack: number;
}

export function labelsIn(folder: string): Label[] {
  const lines = readFileSync(join(folder, 'labels.jsonl'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Label);
}
