import type { Finding } from '../engine/finding';
import { markedTitle } from './facts';
import type { Notice } from './notice';
import { cut, fitted, oneLine, shown } from './trim';

/** `detail-type` of the events below. */
export const DETAIL_TYPE = 'privwatch finding';

/** The detail of an event on a bus: what automation matches on and acts upon. */
export interface EventDetail extends Omit<Notice, 'finding'> {
  /** Grows when a reader of an older one could not understand it. */
  version: 1;
  /** True where texts or lists were cut for the event to fit. */
  trimmed: boolean;
  /** As `schemas/finding.schema.json` says; the title begins with its marks. */
  finding: Finding;
}

const MAX_TITLE = 256;

/**
 * The whole finding, at most 240 KB as JSON. Control and bidirectional characters in it are spelled out (`\u{1b}`), since
 * automation passes texts on to people.
 */
export function eventBridgeDetailOf(notice: Notice): EventDetail {
  const { finding, ...about } = notice;
  const plain: Finding = {
    ...finding,
    title: shown(markedTitle(notice), MAX_TITLE),
    why: oneLine(finding.why, Infinity),
    runbook: finding.runbook.map((step) => oneLine(step, Infinity)),
    falsepositives: finding.falsepositives.map((cause) => oneLine(cause, Infinity)),
  };
  const { value, trimmed } = fitted((length) =>
    cut({ ...about, finding: { ...plain, group: firstOf(finding.group, length) } }, length),
  );
  return { version: 1, trimmed, ...value };
}

function firstOf(record: Record<string, string>, length: number): Record<string, string> {
  return Object.fromEntries(Object.entries(record).slice(0, length));
}
