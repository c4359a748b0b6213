import { InvalidArgumentError, type Command } from 'commander';
import { findFiles, mayHoldEvents } from '../../events/files';
import { readEvents } from '../../events/read';
import type { Ruleset } from '../../engine/ruleset';
import { jsonLine, printable } from '../../findings/escape';
import { compilePatterns, type CompiledPatterns, type EventRule } from '../../infra/patterns/compile';
import { ShareCounter, type Share } from '../../infra/patterns/share';
import { readConfig } from '../config';
import { loadDetectors } from '../detectors';
import { EXIT, UsageError } from '../errors';
import { configOption, detectorsOption } from '../options';
import { formatCount, plural } from '../plural';
import { startProgress } from '../progress';

interface Options {
  detectors?: string[];
  config?: string;
  maxLength: number;
  top: number;
  json?: boolean;
}

export function registerPatterns(program: Command): void {
  program
    .command('patterns')
    .summary('show the EventBridge rules that feed the detectors, and what they let through')
    .description(
      'Compiles the detectors to EventBridge rules: one set for every account and Region, one for the account of the hub.\n' +
        'Says which detectors no rule can feed, and why: these see events through the S3 path only. Given files of events,\n' +
        'it also says what share of them would be forwarded.',
    )
    .argument('[path...]', 'events, as privwatch replay reads them')
    .addOption(detectorsOption())
    .addOption(configOption())
    .option('--max-length <characters>', 'longest pattern that the accounts allow', wholeNumber(512, 4096), 2048)
    .option('--top <n>', 'how many names of calls to list', wholeNumber(0, 1_000_000), 10)
    .option('--json', 'everything, the patterns themselves too, as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  privwatch patterns                      the rules for the shipped detectors\n' +
        '  privwatch patterns logs/                what of these events would be forwarded\n' +
        "  privwatch patterns --json | jq '.member[].pattern'\n" +
        '\nExit codes: 0 done; 2 wrong usage, or detectors that do not load; 3 done, but some input could not be read.',
    )
    .action(async (paths: string[], options: Options) => {
      process.exitCode = await run(paths, options);
    });
}

function wholeNumber(from: number, to: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`Give a whole number from ${from} to ${to}.`);
  };
}

async function run(paths: string[], options: Options): Promise<number> {
  const ruleset = loadDetectors(options.detectors, readConfig(options.config));
  const patterns = compilePatterns(ruleset, { maxPatternLength: options.maxLength });
  const measured = paths.length > 0 ? await measure(paths, patterns) : undefined;
  process.stdout.write(
    options.json
      ? `${jsonLine(toJson(patterns, measured?.share))}\n`
      : render(patterns, ruleset, measured?.share, options.top),
  );
  if (!measured?.rejected) return EXIT.done;
  process.stderr.write(`${plural(measured.rejected, 'record')} could not be read: privwatch replay says why\n`);
  return EXIT.unread;
}

async function measure(paths: string[], patterns: CompiledPatterns): Promise<{ share: Share; rejected: number }> {
  const { files, problems } = findFiles(paths, mayHoldEvents);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const counter = new ShareCounter(patterns);
  const progress = startProgress(files);
  let rejected = 0;
  for await (const batch of readEvents(files)) {
    batch.events.forEach((event) => counter.add(event));
    rejected += batch.rejected.length;
    progress.update(batch.file, batch.bytesRead);
  }
  progress.stop();
  return { share: counter.share, rejected };
}

function toJson(patterns: CompiledPatterns, share: Share | undefined): object {
  return { ...patterns, ...(share && { share: { ...share, rules: Object.fromEntries(share.rules) } }) };
}

function render(patterns: CompiledPatterns, ruleset: Ruleset, share: Share | undefined, top: number): string {
  const { member, hub, unserved } = patterns;
  const blocks = [
    `Rules for every account and Region: ${member.length}`,
    rulesTable(member, share),
    `Rules for the hub's account, in every Region: ${hub.length}`,
    rulesTable(hub, undefined),
    repeating(member),
  ];
  const titles = new Map([...ruleset.rules, ...ruleset.correlations].map(({ id, title }) => [id, title]));
  if (unserved.length > 0) {
    const lines = unserved.map(
      ({ detector, reason, partly }) => `  ${titles.get(detector)}: ${partly ? 'in part, ' : ''}${reason}`,
    );
    blocks.push(`Through the S3 path only: ${unserved.length}`, lines.join('\n'));
  }
  if (share) blocks.push(...shareBlocks(share, top));
  return `${blocks
    .filter((block) => block !== '')
    .map(printable_)
    .join('\n\n')}\n`;
}

function repeating(rules: EventRule[]): string {
  const names = rules.filter(({ repeats }) => repeats).map(({ name }) => name);
  return names.length === 0 ? '' : `May take what another rule takes as well: ${names.join(', ')}`;
}

/** Titles and names of calls are others' text. */
function printable_(block: string): string {
  return block.split('\n').map(printable).join('\n');
}

const STATES = { ENABLED: 'ENABLED', ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS: '…WITH_ALL…' };

function rulesTable(rules: EventRule[], share: Share | undefined): string {
  if (rules.length === 0) return '';
  const header = ['rule', 'state', 'characters', 'detectors', ...(share ? ['events'] : [])];
  const rows = rules.map(({ name, state, pattern, detectors }) => [
    name,
    STATES[state],
    formatCount(JSON.stringify(pattern).length),
    formatCount(detectors.length),
    ...(share ? [formatCount(share.rules.get(name) ?? 0)] : []),
  ]);
  return table([header, ...rows], 2);
}

function shareBlocks({ events, forwarded, ofHub, names }: Share, top: number): string[] {
  const total = `Forwarded: ${formatCount(forwarded)} of ${plural(events, 'event')} (${percent(forwarded, events)})`;
  const also = ofHub > 0 ? `, and ${plural(ofHub, 'finding')} that reach the hub's account anyway` : '';
  const listed = names.filter((name) => name.forwarded > 0).slice(0, top);
  if (listed.length === 0) return [total + also];
  const rows = listed.map((name) => [
    name.name,
    formatCount(name.forwarded),
    formatCount(name.events),
    percent(name.forwarded, name.events),
  ]);
  return [total + also, table([['name', 'forwarded', 'of', 'share'], ...rows], 1)];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(2)} %`;
}

/** The first columns are text, to the left; the others are numbers. */
function table(rows: string[][], texts: number): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: string[]): string =>
    row.map((cell, i) => (i < texts ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join('\n');
}
