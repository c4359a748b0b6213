import { LEVELS, rank, type Level } from '../engine/level';
import { capBytes } from '../engine/text';
import type { ChatNotification } from './chat';
import { prose } from './chat';
import { unlinked } from './text';
import { shown } from './trim';

/** What one detector in staging would have done on a day. */
export interface Tried {
  detectorId: string;
  detectorTitle: string;
  /** Pages that it would have made, by severity; at least so many if {@link Tried.isCut}. */
  pages: Partial<Record<Level, number>>;
  isCut: boolean;
  /** Of its findings, a few. */
  titles: string[];
}

/** What all detectors in staging would have done on a day. */
export interface Digest {
  /** UTC, e.g. `2026-03-03`. */
  day: string;
  /** All that are in staging, those that would have paged most first. */
  detectors: Tried[];
}

const MAX_DETECTORS = 25;
const MAX_TITLES = 3;
const MAX_TITLE = 160;
const MAX_BYTES = 30_000;
const MAX_CHAT = 2_800;

/** @returns e.g. `STAGING: 2 of 3 detectors on trial would have paged 17 times on 2026-03-03`; printable ASCII */
export function digestSubject(digest: Digest): string {
  const { day, detectors } = digest;
  const loud = detectors.filter((one) => sumOf(one) > 0);
  const often = loud.some(({ isCut }) => isCut) ? 'at least ' : '';
  const times = detectors.reduce((sum, one) => sum + sumOf(one), 0);
  return `STAGING: ${loud.length} of ${detectors.length} detectors on trial would have paged ${often}${times} times on ${day}`;
}

/** The digest as plain text, 30 KB at most. */
export function digestText(digest: Digest): string {
  const shownOnes = digest.detectors.slice(0, MAX_DETECTORS);
  const blocks = shownOnes.map((one) => [
    `${summaryOf(one)}  ${unlinked(shown(one.detectorTitle, MAX_TITLE))} (${shown(one.detectorId, 64)})`,
    ...one.titles.slice(0, MAX_TITLES).map((title) => `  ${unlinked(shown(title, MAX_TITLE))}`),
  ]);
  const more = digest.detectors.length - shownOnes.length;
  const lines = [
    digestSubject(digest),
    'All findings are filed, marked STAGING. Nobody was paged. A detector that proved itself goes live by taking',
    '`stage: staging` out of it.',
    ...blocks.flatMap((block) => ['', ...block]),
    ...(more > 0 ? ['', `and ${more} more detectors`] : []),
  ];
  return `${capBytes(lines.join('\n'), MAX_BYTES - 1)}\n`;
}

/** The digest for a chat channel, with as many detectors as fit. */
export function digestChat(digest: Digest): ChatNotification {
  const title = digestSubject(digest);
  const lines: string[] = [];
  let room = MAX_CHAT;
  for (const one of digest.detectors) {
    const line = `*${summaryOf(one)}* ${prose(one.detectorTitle, MAX_TITLE)}`;
    room -= line.length + 1;
    if (room < 0) break;
    lines.push(line);
  }
  const more = digest.detectors.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return {
    version: '1.0',
    source: 'custom',
    id: `digest ${digest.day}`,
    content: {
      ...{ textType: 'client-markdown', title, description: lines.join('\n') },
      nextSteps: [
        'Take `stage: staging` out of detectors that proved themselves; tune those that would page too often.',
      ],
      keywords: ['STAGING', 'digest'],
    },
    metadata: {
      ...{ threadId: 'privwatch staging digest', summary: title, eventType: 'privwatch digest' },
      additionalContext: { day: digest.day },
    },
  };
}

/** @returns e.g. `17 pages (2 critical, 15 low)`, `no page` */
function summaryOf(one: Tried): string {
  const sum = sumOf(one);
  if (sum === 0) return 'no page';
  const levels = [...LEVELS]
    .sort((a, b) => rank(b) - rank(a))
    .filter((level) => one.pages[level])
    .map((level) => `${one.pages[level]} ${level}`);
  return `${one.isCut ? 'at least ' : ''}${sum} page${sum === 1 ? '' : 's'} (${levels.join(', ')})`;
}

function sumOf({ pages }: Tried): number {
  return Object.values(pages).reduce((sum, pagesOfLevel) => sum + pagesOfLevel, 0);
}
