import type { Finding } from '../engine/finding';
import { capBytes } from '../engine/text';
import { factsOf, markedTitle, marksOf, remarksOf, type Part } from './facts';
import { detectorLink, evidenceLink, referencesOf } from './links';
import type { Notice, Setting } from './notice';
import { MAX_BYTES, oneLine, shown } from './trim';

/** SNS takes 100 characters in some of its documents and less than 100 in others. */
const MAX_SUBJECT = 99;
const MAX_ACCOUNT = 30;
const MAX_RESOURCES = 50;
const MAX_LINKS = 5;
const MAX_STEPS = 50;
const MAX_PROSE = 4096;
const LABEL_WIDTH = 14;

/**
 * What a subject of SNS may be: up to 99 characters of printable ASCII that begin with a letter.
 *
 * @returns e.g. `CRITICAL: root signed in (shop-prod)`
 */
export function subjectOf(notice: Notice): string {
  const { finding, kind } = notice;
  const words = [...marksOf(notice), ...(kind === 'created' ? [] : [kind.toUpperCase()])];
  const head = `${[...words, finding.severity.toUpperCase()].join(' ')}: `;
  const account = finding.accountName ?? finding.account;
  const tail = account === null ? '' : ` (${capAscii(account, MAX_ACCOUNT)})`;
  return head + capAscii(finding.title, MAX_SUBJECT - head.length - tail.length) + tail;
}

/** ASCII: letters without their accents, a question mark for what remains. */
function capAscii(text: string, length: number): string {
  const ascii = unlinked(shown(text, 4 * length))
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('…', '...')
    .replace(/[^ -~]/gu, '?')
    .trim();
  return ascii.length <= length ? ascii : `${ascii.slice(0, length - 3)}...`;
}

/**
 * A finding for people, as plain text with links: an e-mail, a page. At most 240 KB of UTF-8, and no control characters
 * but line feeds. What events say is {@link unlinked}.
 */
export function textOf(notice: Notice, setting: Setting): string {
  const { finding } = notice;
  const blocks = [
    [`${finding.severity.toUpperCase()}  ${quoted(markedTitle(notice))}`, ...remarksOf(notice).map(inline)],
    factsOf(finding, MAX_RESOURCES).map(({ label, parts }) => label.padEnd(LABEL_WIDTH) + parts.map(word).join(' · ')),
    titled('Why it matters', [unlinked(oneLine(finding.why, MAX_PROSE))]),
    titled('What to do next', numbered(finding.runbook)),
    titled('It may be harmless if it is', numbered(finding.falsepositives)),
    titled('Look at it', linksOf(finding, setting)),
    titled('Evidence', finding.eventIds.map(quoted)),
    idsOf(notice),
  ];
  const text = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${capBytes(text.join('\n\n'), MAX_BYTES - 1)}\n`;
}

function titled(title: string, lines: string[]): string[] {
  return lines.some((line) => line !== '') ? [title, ...lines.map((line) => `  ${line}`)] : [];
}

function numbered(steps: string[]): string[] {
  return steps.slice(0, MAX_STEPS).map((step, i) => `${i + 1}. ${unlinked(oneLine(step, MAX_PROSE))}`);
}

function linksOf(finding: Finding, setting: Setting): string[] {
  const evidence = finding.eventIds
    .slice(0, MAX_LINKS)
    .map((id) => evidenceLink(id, finding, setting))
    .filter((link) => link !== null);
  const where = finding.account === null ? [] : [`signed in to account ${quoted(finding.account)}:`];
  const detector = detectorLink(finding, setting);
  return [
    ...(evidence.length > 0 ? [...where, ...evidence] : []),
    ...(detector === null ? [] : [`the detector: ${detector}`]),
    ...referencesOf(finding)
      .slice(0, MAX_LINKS)
      .map((link) => `read more: ${link}`),
  ];
}

function idsOf({ finding, notificationId }: Notice): string[] {
  const ids = [
    ['finding', finding.id],
    ['thread', finding.thread],
    ['notification', notificationId],
    ['detector', finding.detectorId],
    ['rule', authorship(finding)],
    ['compliance', finding.compliance.join(', ')],
    ['tags', finding.tags.join(', ')],
  ] as const;
  return ids.filter(([, id]) => id).map(([label, id]) => label.padEnd(LABEL_WIDTH) + quoted(id!));
}

function authorship({ detectorTitle, author, license }: Finding): string {
  return `${detectorTitle}${author === null ? '' : `, by ${author}`}${license === null ? '' : ` (${license})`}`;
}

function inline(parts: Part[]): string {
  return parts.map(word).join('');
}

function word(part: Part): string {
  return typeof part === 'string' ? part : quoted(part.said);
}

function quoted(text: string): string {
  return unlinked(shown(text));
}

/**
 * Text without what says of itself that it is a link, a scheme or `www.`: `https[:]//example.org`, `www[.]example.org`.
 * A program that takes any name with dots for a link still does: `evil.example/x` is spelled like a bucket, a user or
 * `role/aws-reserved/sso.amazonaws.com/…`, and people copy those from a finding, so they stay as they are.
 */
export function unlinked(text: string): string {
  return text
    .replaceAll('://', '[:]//')
    .replace(/\b(www)\./gi, '$1[.]')
    .replace(/\b(mailto|tel):/gi, '$1[:]');
}
