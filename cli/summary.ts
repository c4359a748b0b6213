import { formatTime } from '../events/time';
import type { Context } from '../events/derived';
import { LEVELS } from '../engine/level';
import { printable } from '../findings/escape';
import type { ReplayResult } from './pipeline';

const MAX_LISTED = 6;
const format = (value: number): string => value.toLocaleString('en-US');
const eventsOf = (count: number): string => `${format(count)} event${count === 1 ? '' : 's'}`;

/** One screen at the end of a replay. It holds no clock: the same files print the same summary. */
export function renderSummary(result: ReplayResult, context: Context, rejectsFile: string | undefined): string {
  const { counters, findings, span, accounts } = result;
  const terms = [
    `matched ${format(counters.matched)}`,
    `unmatched ${format(counters.unmatched)}`,
    `rejected ${format(counters.rejected)}`,
    `duplicate ${format(counters.duplicate)}`,
    ...(counters.outside > 0 ? [`outside the time asked for ${format(counters.outside)}`] : []),
  ];
  const levels = [...LEVELS]
    .reverse()
    .map((level) => `${level} ${format(findings.filter((f) => f.severity === level).length)}`);
  const lines = [
    ['Files', format(counters.files)],
    ['Events', `in ${format(counters.in)} = ${terms.join(' + ')}`],
    ['Findings', `${format(findings.length)}: ${levels.join(', ')}`],
    ['Span', span ? `${formatTime(span.first)} to ${formatTime(span.last)}` : 'no event with a usable time'],
    ['Accounts', accountsOf(accounts, context)],
  ];
  if (counters.undated > 0) lines.push(['Undated', `${eventsOf(counters.undated)} without a usable time`]);
  if (counters.conflicting > 0)
    lines.push(['Conflicts', `${eventsOf(counters.conflicting)} came again with other content`]);
  if (counters.rejected > 0) lines.push(...rejections(result, rejectsFile));
  return lines.map(([label, text]) => `${label!.padEnd(10)}${text}`).join('\n');
}

function accountsOf(accounts: string[], context: Context): string {
  const shown = accounts.slice(0, MAX_LISTED).map((id) => {
    const name = context.account(id)?.name;
    return printable(name ? `${id} ${name}` : id).slice(0, 80);
  });
  const more = accounts.length > MAX_LISTED ? ` and ${accounts.length - MAX_LISTED} more` : '';
  return accounts.length === 0 ? 'none' : `${shown.join(', ')}${more}`;
}

function rejections({ reasons }: ReplayResult, rejectsFile: string | undefined): [string, string][] {
  const ordered = [...reasons].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const lines = ordered.slice(0, MAX_LISTED).map(([reason, count], i): [string, string] => {
    return [i === 0 ? 'Rejected' : '', `${format(count)} × ${printable(reason)}`];
  });
  const rest = ordered.length - MAX_LISTED;
  if (rest > 0) lines.push(['', `and ${rest} more reasons`]);
  lines.push(['', rejectsFile ? `all of them are in ${printable(rejectsFile)}` : 'see them whole with --rejects FILE']);
  return lines;
}
