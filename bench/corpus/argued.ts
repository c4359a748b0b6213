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

export function readArgued(): Argued {
  return parse(readFileSync(join(packageRoot, 'bench/corpus/argued.yml'), 'utf8')) as Argued;
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
