import { formatTime } from '../events/time';
import type { Context } from '../events/derived';
import { LEVELS } from '../engine/level';
import { printable } from '../findings/escape';
import type { ReplayResult } from './pipeline';
import { formatCount, plural } from './plural';

const MAX_LISTED = 6;

/** One screen at the end of a replay. It holds no clock: the same files print the same summary. */
export function renderSummary(result: ReplayResult, context: Context, rejectsFile: string | undefined): string {
  const { counters, correlated, findings, span, accounts } = result;
  const terms = [
    `matched ${formatCount(counters.matched)}`,
    `unmatched ${formatCount(counters.unmatched)}`,
    `rejected ${formatCount(counters.rejected)}`,
    `duplicate ${formatCount(counters.duplicate)}`,
    ...(counters.outside > 0 ? [`outside the time asked for ${formatCount(counters.outside)}`] : []),
  ];
  const levels = [...LEVELS]
    .reverse()
    .map((level) => `${level} ${formatCount(findings.filter((f) => f.severity === level).length)}`);
  const lines = [
    ['Files', formatCount(counters.files)],
    ['Events', `in ${formatCount(counters.in)} = ${terms.join(' + ')}`],
    ['Findings', `${formatCount(findings.length)}: ${levels.join(', ')}`],
    ['Span', span ? `${formatTime(span.first)} to ${formatTime(span.last)}` : 'no event with a usable time'],
    ['Accounts', accountsOf(accounts, context)],
  ];
  if (counters.minted > 0) {
    const { minted, remembered } = counters;
    const share = `${Math.round((100 * remembered) / minted)} %`;
    const made = `${plural(minted, 'event')} made credentials, ${formatCount(remembered)} (${share}) by people or across accounts`;
    lines.push(['Sessions', made]);
  }
  if (counters.undated > 0) lines.push(['Undated', `${plural(counters.undated, 'event')} without a usable time`]);
  if (counters.conflicting > 0)
    lines.push(['Conflicts', `${plural(counters.conflicting, 'event')} came again with other content`]);
  if (result.learned > 0)
    lines.push(['Learned', `${plural(result.learned, 'first sight')} taken for usual and not shown: see --learn`]);
  const { withoutGroup, tooLate } = correlated;
  if (withoutGroup > 0)
    lines.push(['Ungrouped', `${plural(withoutGroup, 'hit')} not correlated: a field of the group is missing`]);
  if (tooLate > 0) lines.push(['Too late', `${plural(tooLate, 'hit')} not correlated: see --lateness`]);
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
    return [i === 0 ? 'Rejected' : '', `${formatCount(count)} × ${printable(reason)}`];
  });
  const rest = ordered.length - MAX_LISTED;
  if (rest > 0) lines.push(['', `and ${rest} more reasons`]);
  lines.push(['', rejectsFile ? `all of them are in ${printable(rejectsFile)}` : 'see them whole with --rejects FILE']);
  return lines;
}
