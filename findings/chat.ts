import type { Finding } from '../engine/finding';
import { factsOf, markedTitle, marksOf, remarksOf, type Part } from './facts';
import { detectorLink, evidenceLink } from './links';
import type { Notice, Setting } from './notice';
import { unlinked } from './text';
import { joined, oneLine, shown } from './trim';

/**
 * A custom notification of Amazon Q Developer in chat applications, version 1.0 (its administrator guide, "Custom
 * notifications"). It is dropped if it has another shape. No lengths are documented; those here are below what Slack
 * allows for a section (3,000 characters) and Teams for a message (28 KB).
 */
export interface ChatNotification {
  version: '1.0';
  source: 'custom';
  id: string;
  content: {
    textType: 'client-markdown';
    title: string;
    description: string;
    nextSteps: string[];
    keywords: string[];
  };
  metadata: {
    /** Messages with the same one are shown under each other. */
    threadId: string;
    summary: string;
    eventType: string;
    /** What a custom action can take as a variable. */
    additionalContext: Record<string, string>;
  };
}

const MAX_TITLE = 200;
const MAX_DESCRIPTION = 2800;
const MAX_VALUE = 200;
const MAX_WHY = 600;
const MAX_STEPS = 6;
const MAX_STEP = 400;
const MAX_RESOURCES = 5;

/**
 * A finding for a channel of Slack or Teams. What events say stands in code spans, or with its markup replaced by signs
 * that look alike: it can neither mention anybody, nor format, nor link.
 */
export function chatOf(notice: Notice, setting: Setting): ChatNotification {
  const { finding, kind, notificationId, updatedAt } = notice;
  const title = prose(`${finding.severity.toUpperCase()}: ${markedTitle(notice)}`, MAX_TITLE);
  const facts = factsOf(finding, MAX_RESOURCES).map(({ label, parts }) => `*${label}:* ${parts.map(word).join(' · ')}`);
  const lines = [
    ...remarksOf(notice).map((parts) => parts.map(word).join('')),
    ...linksOf(finding, setting),
    ...facts,
    `*Why it matters:* ${prose(finding.why, MAX_WHY)}`,
    `*Evidence:* ${code(finding.eventIds[0] ?? '')}${finding.eventIds.length > 1 ? ` and ${finding.eventIds.length - 1} more` : ''}`,
  ];
  const account = finding.accountName ?? finding.account;
  return {
    version: '1.0',
    source: 'custom',
    id: shown(notificationId ?? `${finding.id} ${updatedAt}`, 256),
    content: {
      textType: 'client-markdown',
      title,
      description: joined(lines, '\n', MAX_DESCRIPTION),
      nextSteps: finding.runbook.slice(0, MAX_STEPS).map((step) => prose(step, MAX_STEP)),
      keywords: [finding.severity, ...marksOf(notice), ...(account === null ? [] : [prose(account, 64)])],
    },
    metadata: {
      threadId: shown(finding.thread, 256),
      summary: title,
      eventType: 'privwatch finding',
      additionalContext: {
        findingId: prose(finding.id, 64),
        detectorId: prose(finding.detectorId, 128),
        kind,
        severity: finding.severity,
        stage: finding.stage,
        drill: String(notice.drill),
        account: prose(finding.account ?? 'unknown', 64),
        region: prose(finding.region ?? 'unknown', 64),
      },
    },
  };
}

/** Bare addresses: Slack and Teams write links with a label in different ways, and both know a bare one. */
function linksOf(finding: Finding, setting: Setting): string[] {
  const evidence = evidenceLink(finding.eventIds[0] ?? '', finding, setting);
  const detector = detectorLink(finding, setting);
  return [
    ...(evidence === null ? [] : [`*Look at it:* ${evidence}`]),
    ...(detector === null ? [] : [`*Detector:* ${detector}`]),
  ];
}

function word(part: Part): string {
  return typeof part === 'string' ? part : code(part.said);
}

/** A value as it is, in a code span, where nothing is formatted. */
function code(text: string): string {
  return `\`${harmless(shown(text, MAX_VALUE)).trim() || ' '}\``;
}

/** Signs of the markup of Slack and Teams, and others that look alike. */
const LOOK_ALIKES: Record<string, string> = { '*': '∗', '~': '∼', '[': '［', ']': '］', '|': '¦', '\\': '＼' };

/** Text outside of code spans, without the colons that make an emoji of a word; an underscore or an at sign within a word is as harmless as it is common. */
export function prose(text: string, length: number): string {
  return harmless(oneLine(text, length))
    .replace(/[*~[\]|\\]/g, (sign) => LOOK_ALIKES[sign]!)
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '＿')
    .replace(/:(?=[\w+'-]*[a-z][\w+'-]*:)/gi, '：');
}

/** What a chat may act upon even within a code span: mentions, links, entities, the end of the span. */
function harmless(text: string): string {
  return unlinked(text)
    .replaceAll('`', "'")
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replace(/&(?=#?\w+;)/g, '＆')
    .replace(/(?<![\p{L}\p{N}._+-])@/gu, '＠');
}
