import pc from 'picocolors';
import type { Finding } from '../engine/finding';
import type { Level } from '../engine/level';
import { printable } from './escape';
import { waysOf } from './facts';

export interface ConsoleOptions {
  color: boolean;
  /** Columns. */
  width: number;
}

/** Findings that differ only in their resource or their time: one block, however many they are. */
interface Block {
  findings: Finding[];
  first: Finding;
}

const LABEL_WIDTH = 7;
const INDENT = '  ';
const MAX_NAMED = 5;

/**
 * Findings for people: worst first, what is the same for many of them said once.
 *
 * @param findings in the order of {@link byWeight}
 */
export function renderFindings(findings: Finding[], options: ConsoleOptions): string {
  const colors = pc.createColors(options.color);
  const explained = new Set<string>();
  return blocksOf(findings)
    .map(({ findings: members, first }) => {
      const lines = [headline(first, members.length, colors)];
      const add = (label: string, text: string): void => void lines.push(...labelled(label, text, options, colors));
      add('who', whoOf(first));
      if (first.lineage) add('for', [first.lineage.root.name, ...waysOf(first.lineage, first.actor)].join(' · '));
      add('what', whatOf(members));
      add('where', whereOf(first));
      add('when', whenOf(members));
      add('from', [first.from.address, first.from.userAgent].filter(Boolean).join(' · ') || 'unknown');
      const expired = [...new Set(members.flatMap((finding) => finding.expiredExceptions))];
      if (expired.length > 0) add('note', `would be excepted, but the exception has expired: ${expired.join(', ')}`);
      const approvals = [...new Set(members.flatMap((finding) => finding.approvals ?? []))];
      if (approvals.length > 0) add('grant', approvals.join('; '));
      if (!explained.has(first.detectorId)) {
        add('why', first.why);
        first.runbook.forEach((step, i) => add(i === 0 ? 'next' : '', `${i + 1}. ${step}`));
        if (first.references[0]) add('more', first.references[0]);
        if (first.author && first.author !== 'privwatch') {
          add('rule', `${first.detectorTitle}, by ${first.author}${first.license ? ` (${first.license})` : ''}`);
        }
      }
      explained.add(first.detectorId);
      add('ids', idsOf(members));
      return lines.join('\n');
    })
    .join('\n\n');
}

function blocksOf(findings: Finding[]): Block[] {
  const blocks = new Map<string, Block>();
  for (const finding of findings) {
    const { detectorId, severity, account, actor, stage } = finding;
    const key = JSON.stringify([detectorId, severity, account, actor.id, stage, finding.lineage?.root.id]);
    const block = blocks.get(key);
    if (block) block.findings.push(finding);
    else blocks.set(key, { findings: [finding], first: finding });
  }
  return [...blocks.values()];
}

type Colors = ReturnType<typeof pc.createColors>;

function paint(level: Level, colors: Colors): (text: string) => string {
  const painters: Record<Level, (text: string) => string> = {
    critical: (text) => colors.bold(colors.red(text)),
    high: colors.red,
    medium: colors.yellow,
    low: colors.cyan,
    informational: colors.dim,
  };
  return painters[level];
}

function headline(finding: Finding, count: number, colors: Colors): string {
  const label = paint(finding.severity, colors)(finding.severity.toUpperCase().padEnd(9));
  const staging = finding.stage === 'staging' ? colors.dim(' (staging)') : '';
  const times = count > 1 ? colors.bold(`  ×${count}`) : '';
  return `${label} ${colors.bold(printable(finding.title))}${times}${staging}`;
}

function whoOf({ actor }: Finding): string {
  const human = actor.human === true ? 'a person' : actor.human === false ? 'not a person' : undefined;
  const key = actor.accessKeyId ? `key ${actor.accessKeyId}` : undefined;
  return [actor.name, actor.id === actor.name ? undefined : actor.id, human, `MFA ${actor.mfa}`, key]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function whatOf(findings: Finding[]): string {
  const { action } = findings[0]!;
  const names = [...new Set(findings.map((finding) => finding.action.name))];
  const resources = [
    ...new Set(findings.flatMap((finding) => finding.resources.map(({ type, name }) => `${type} ${name}`))),
  ];
  const more = resources.length > MAX_NAMED ? ` and ${resources.length - MAX_NAMED} more` : '';
  const target = resources.length > 0 ? ` on ${resources.slice(0, MAX_NAMED).join(', ')}${more}` : '';
  return `${action.source} ${names.slice(0, MAX_NAMED).join(', ')}${target}${action.error ? ` (${action.error})` : ''}`;
}

function whereOf({ account, accountName, environment, region }: Finding): string {
  const named = accountName === null ? (account ?? 'an unknown account') : `${accountName} (${account})`;
  return [named, environment, region].filter(Boolean).join(' · ');
}

function whenOf(findings: Finding[]): string {
  const first = findings.map((finding) => finding.firstSeen).filter((time) => time !== null);
  const last = findings.map((finding) => finding.lastSeen).filter((time) => time !== null);
  const count = findings.reduce((sum, finding) => sum + finding.count, 0);
  const exact = findings.every((finding) => finding.countExact);
  const events = `${exact ? '' : 'at least '}${count} event${count === 1 ? '' : 's'}`;
  if (first.length === 0) return `at an unknown time · ${events}`;
  const [from] = first.sort();
  const to = last.sort().at(-1);
  return `${from === to ? from : `${from} to ${to}`} · ${events}`;
}

function idsOf(findings: Finding[]): string {
  const ids = findings.map((finding) => finding.id);
  const events = findings.flatMap((finding) => finding.eventIds);
  const [first, ...others] = [...new Set(events)];
  return `finding ${ids[0]}${ids.length > 1 ? ` +${ids.length - 1}` : ''} · event ${first}${others.length > 0 ? ` +${others.length}` : ''}`;
}

function labelled(label: string, text: string, { width }: ConsoleOptions, colors: Colors): string[] {
  const room = Math.max(40, width - INDENT.length - LABEL_WIDTH);
  return wrap(printable(text), room).map((line, i) => {
    const head = i === 0 ? label : '';
    return `${INDENT}${colors.dim(head.padEnd(LABEL_WIDTH))}${line}`;
  });
}

/** Lines of at most `width` characters, broken at spaces; a longer word has a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
