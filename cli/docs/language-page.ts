import { modifierNames } from '../../engine/modifiers';
import { derivedFields } from '../../events/derived';
import { baseNames } from '../detector-tests/events';
import { cell, NOTE, table } from './markdown';

/** `docs/detector-language.md`: what detectors can name. */
export function languagePage(): string {
  return [
    '# What detectors can name',
    NOTE,
    '',
    'Detectors are [Sigma](https://github.com/SigmaHQ/sigma-specification) rules. Fields are those of the record as its source',
    'wrote it, with dotted names: `userIdentity.type`.',
    '',
    '## Modifiers',
    '',
    `${modifierNames.map((name) => `\`${name}\``).join(', ')}.`,
    '',
    '## Derived fields',
    '',
    'For rules that say `taxonomy: privwatch`. They are pure functions of the event and of the configuration, and are computed',
    'only for events that a rule naming them may match.',
    '',
    ...table(
      ['Field', 'What it says'],
      Object.entries(derivedFields).map(([name, { description }]) => [`\`${name}\``, cell(description)]),
    ),
    '',
    '## Base records for tests',
    '',
    'A test gives the fields that matter, merged over one of these:',
    '',
    `${baseNames.map((name) => `\`${name}\``).join(', ')}.`,
    '',
  ].join('\n');
}
