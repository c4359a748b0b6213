import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../cli/package-root';

/** Why detectors rightly fire on events that their labels call benign: `bench/corpus/argued.yml`. */
export interface Argued {
  /** Of single cases. */
  cases: { case: string; detectors: string[]; reason: string }[];
  /** Of the building and tearing down of the laboratory in which attacks were recorded. */
  setup: { detector: string; reason: string }[];
}

/** @throws Error if an entry has other members: YAML makes one of a sentence with a colon, and cuts the sentence there */
export function readArgued(): Argued {
  const argued = parse(readFileSync(join(packageRoot, 'bench/corpus/argued.yml'), 'utf8')) as Argued;
  for (const entry of [...argued.cases, ...argued.setup]) {
    const odd = Object.keys(entry).find((key) => !['case', 'detectors', 'detector', 'reason'].includes(key));
    if (odd !== undefined) throw new Error(`bench/corpus/argued.yml: ${JSON.stringify(entry)}: what is "${odd}"?`);
  }
  return argued;
}

/** The reason given for a detector that fires on a benign case. */
export function reasonFor({ cases }: Argued, caseId: string, detector: string): string | undefined {
  return cases.find((one) => one.case === caseId && one.detectors.includes(detector))?.reason;
}

/** Arguments about what does not happen any more. */
export function idleArguments(argued: Argued, alarms: { caseId: string; detectors: string[] }[]): string[] {
  const fired = new Set(
    alarms.flatMap(({ caseId, detectors }) => detectors.map((detector) => `${caseId} ${detector}`)),
  );
  return argued.cases
    .flatMap((one) => one.detectors.map((detector) => `${one.case} ${detector}`))
    .filter((claim) => !fired.has(claim));
}
