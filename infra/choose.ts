import { basename } from 'node:path';
import type { Deploy } from '../events/config';
import { isObject } from '../events/json';
import { checkedDocuments, type CheckedDocument } from '../engine/compiled';
import type { Correlation } from '../engine/correlation';
import type { SourceDocument } from '../engine/document';
import type { Rule } from '../engine/rule';
import type { Ruleset } from '../engine/ruleset';

type Detector = Rule | Correlation;

/**
 * The documents of the detectors that run, those in staging marked so. A correlation that is off takes with it the rules
 * that were there to be counted by it, and file nothing of their own.
 *
 * @param document of the configuration; gets what is wrong with the choice
 */
export function chooseDetectors(
  ruleset: Ruleset,
  { off = [], staging = [] }: NonNullable<Deploy['detectors']>,
  document: SourceDocument,
): CheckedDocument[] {
  const { rules, filters, correlations } = ruleset;
  const chosenBy = (key: 'off' | 'staging', names: string[]): Set<Detector> =>
    new Set(
      names.flatMap((name, i) => {
        const chosen = [...rules, ...correlations].filter((one) => isCalled(one, name));
        if (chosen.length === 0)
          document.error(['deploy', 'detectors', key, i], `no detector has this id, name or file name: ${name}`);
        return chosen;
      }),
    );
  const [isOff, isStaging] = [chosenBy('off', off), chosenBy('staging', staging)];
  // Outer correlations come behind their inputs.
  for (const { inputs, generate } of [...correlations].reverse().filter((one) => isOff.has(one)))
    for (const input of inputs)
      if (!generate && correlations.every((one) => isOff.has(one) || !one.inputs.includes(input))) isOff.add(input);
  for (const one of correlations) {
    const missing = one.inputs.find((input) => isOff.has(input));
    if (isOff.has(one) || !missing) continue;
    const [counting, counted] = [one, missing].map((detector) => detector.document.source.file);
    document.error(
      ['deploy', 'detectors', 'off'],
      `${counting} counts what ${counted} finds: switch off both, or none`,
    );
  }
  const kept = { ...ruleset, rules: rules.filter((one) => !isOff.has(one)) };
  kept.correlations = correlations.filter((one) => !isOff.has(one));
  const inOrder = [...kept.rules, ...filters, ...kept.correlations];
  return checkedDocuments(kept).map((one, i) => (isStaging.has(inOrder[i] as Detector) ? staged(one) : one));
}

/** By id, by name, or by its file, without the extension. */
function isCalled({ id, name, document }: Detector, wanted: string): boolean {
  const file = basename(document.source.file).replace(/\.ya?ml$/i, '');
  return id === wanted.toLowerCase() || name === wanted || file === wanted;
}

function staged(one: CheckedDocument): CheckedDocument {
  const { privwatch } = one.data;
  return { ...one, data: { ...one.data, privwatch: { ...(isObject(privwatch) && privwatch), stage: 'staging' } } };
}
