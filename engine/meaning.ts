import { digestOf } from '../events/event';
import type { JsonObject } from '../events/json';
import type { Correlation } from './correlation';
import { extensionOf } from './detector';
import type { SourceDocument } from './document';
import type { Rule } from './rule';

/** Of the `privwatch:` key, what is for people or for tests, and may change while hits are remembered. */
const WORDS = ['title', 'runbook', 'acts', 'compliance', 'stage', 'tests', 'owner', 'reason', 'ticket'];

/**
 * A hash, 8 hexadecimal characters, of what decides which events a detector hits and what comes of them: its detection or
 * correlation, its filters, those it counts, and what makes its groups and episodes; not of its texts.
 */
export function meaningOf(detector: Rule | Correlation): string {
  const { data } = detector.document;
  const more =
    detector.kind === 'rule'
      ? detector.filters.map(({ document }) => [document.data['filter'] ?? null, decidingOf(document)])
      : detector.inputs.map(({ meaning }) => meaning);
  const said = [data['logsource'] ?? null, data['detection'] ?? null, data['correlation'] ?? null];
  return digestOf([...said, decidingOf(detector.document), more]).slice(0, 8);
}

function decidingOf(document: SourceDocument): JsonObject {
  return Object.fromEntries(Object.entries(extensionOf(document)).filter(([key]) => !WORDS.includes(key)));
}
