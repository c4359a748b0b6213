import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { findFiles, mayHoldEvents } from '../../events/files';
import { redact } from '../../events/redact';
import { parseTimespan } from '../../events/time';
import type { Rejected } from '../../events/unwrap';
import type { Finding } from '../../engine/finding';
import { rank } from '../../engine/level';
import { renderFindings } from '../../findings/console';
import { jsonLine } from '../../findings/escape';
import { readConfig } from '../config';
import { loadDetectors } from '../detectors';
import { EXIT, fileReason, UsageError } from '../errors';
import { formatFinding, FORMATS, type Format } from '../formats';
import {
  configOption,
  detectorsOption,
  duplicateOption,
  grantsOption,
  latenessOption,
  levelOption,
  parseEnd,
  parseMoment,
  shuffleOption,
  type Level,
} from '../options';
import { packageRoot } from '../package-root';
import { replay, type ReplayOptions } from '../pipeline';
import { startProgress } from '../progress';
import { renderSummary } from '../summary';

interface Options {
  detectors?: string[];
  config?: string;
  grants?: string[];
  level?: Level;
  failOn?: Level;
  since?: number;
  until?: number;
  rejects?: string;
  learn?: string;
  lateness?: number;
  shuffle?: number;
  dup?: number;
  format?: Format;
  json?: boolean;
}

export const samplesFolder = join(packageRoot, 'samples');
export const samplesConfig = join(samplesFolder, 'privwatch.yml');

export function registerReplay(program: Command): void {
  program
    .command('replay')
    .summary('find the privileged acts in CloudTrail and GuardDuty files')
    .description(
      'Reads events from files, folders (with all below), globs or standard input (-), plain or gzip, in any shape:\n' +
        'CloudTrail files, arrays, JSON lines, EventBridge events, lookup-events answers, GuardDuty findings.\n' +
        'Prints findings, worst first, on standard output and a summary on standard error.',
    )
    .argument('[path...]', 'what to read (default: the samples that come with privwatch, with their configuration)')
    .addOption(detectorsOption())
    .addOption(configOption())
    .addOption(grantsOption())
    .addOption(levelOption('-l, --level', 'print findings of this level and above only'))
    .addOption(
      levelOption('--fail-on', 'exit with 1 if there is a finding of this level or above, also one that --level hides'),
    )
    .option(
      '--since <time>',
      'leave out earlier events: a day or a time in UTC, or a timespan before now (7d)',
      parseMoment,
    )
    .option('--until <time>', 'leave out later events; a day belongs to it whole', parseEnd)
    .option('--rejects <file>', 'write what could not be read to a file, a JSON line each, with the reason')
    .option(
      '--learn <time|path>',
      'let first-seen detectors file nothing for a timespan after the first event (7d), or for what is in a folder',
    )
    .addOption(latenessOption())
    .addOption(shuffleOption())
    .addOption(duplicateOption())
    .addOption(
      new Option('--format <name>', 'print findings as they are sent: a line of JSON each, or text')
        .choices(FORMATS)
        .conflicts('json'),
    )
    .option('--json', 'one finding a line as JSON, and nothing else on standard output')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  privwatch replay AWSLogs/                        everything below a folder\n' +
        "  privwatch replay 'logs/2026/**/*.json.gz' --level high\n" +
        '  aws cloudtrail lookup-events | privwatch replay -\n' +
        '  privwatch replay logs/ --json --fail-on critical  for scripts\n' +
        '\nExit codes: 0 done; 1 findings at or above --fail-on; 2 wrong usage, no file to read, or detectors that do not load;\n' +
        '3 done, but some input could not be read (1 wins over 3).',
    )
    .action(async (paths: string[], options: Options) => {
      process.exitCode = await run(paths, options);
    });
}

async function run(paths: string[], options: Options): Promise<number> {
  if (options.lateness !== undefined && options.shuffle !== undefined)
    throw new UsageError('--lateness takes events in the order of time: it does not go with --shuffle');
  if ((options.since ?? -Infinity) > (options.until ?? Infinity)) throw new UsageError('--until is before --since');
  const usesSamples = paths.length === 0;
  const config = readConfig(options.config ?? (usesSamples ? samplesConfig : undefined), options.grants);
  const ruleset = loadDetectors(options.detectors, config);
  const { files, passedOver, problems } = findFiles(usesSamples ? [samplesFolder] : paths, mayHoldEvents);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const progress = startProgress(files);
  const rejects = options.rejects === undefined ? undefined : openRejects(options.rejects);
  const result = await replay(files, ruleset, {
    since: options.since,
    until: options.until,
    ...learning(options.learn),
    latenessMilliseconds: options.lateness,
    arrangement:
      options.shuffle === undefined && options.dup === undefined
        ? undefined
        : { shuffle: options.shuffle, duplicate: options.dup },
    onProgress: progress.update,
    onReject: (file, rejected) => rejects?.write(file, rejected),
  });
  progress.stop();
  rejects?.close();

  const shown = result.findings.filter(({ severity }) => rank(severity) >= rank(options.level ?? 'informational'));
  const line = options.json
    ? jsonLine
    : options.format && ((finding: Finding) => formatFinding(finding, options.format!));
  if (line) for (const finding of shown) process.stdout.write(`${line(finding)}\n`);
  else if (shown.length > 0) {
    const width = Math.min(process.stdout.columns ?? 120, 140);
    const color = process.stdout.isTTY === true && !process.env['NO_COLOR'];
    process.stdout.write(`${renderFindings(shown, { color, width })}\n`);
  }
  process.stderr.write(
    `${shown.length > 0 && !line ? '\n' : ''}${renderSummary(result, ruleset.context, options.rejects)}\n`,
  );
  if (passedOver.length > 0) process.stderr.write(`Left out  ${passedOver.length} documents (.md, .yml)\n`);
  if (options.failOn && result.findings.some(({ severity }) => rank(severity) >= rank(options.failOn!)))
    return EXIT.found;
  return result.counters.rejected > 0 ? EXIT.unread : EXIT.done;
}

/** A timespan after the first event, or files of what is known already. */
function learning(learn: string | undefined): Pick<ReplayOptions, 'learnMilliseconds' | 'learnFiles'> {
  if (learn === undefined) return {};
  const learnMilliseconds = parseTimespan(learn);
  if (learnMilliseconds !== undefined) return { learnMilliseconds };
  const { files, problems } = findFiles([learn], mayHoldEvents);
  if (problems.length > 0) throw new UsageError(`--learn takes a timespan (7d) or a path: ${problems.join('; ')}`);
  return { learnFiles: files };
}

function openRejects(file: string): { write: (from: string, rejected: Rejected) => void; close: () => void } {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'w');
  } catch (error) {
    throw new UsageError(`--rejects ${file}: ${fileReason(error)}`);
  }
  return {
    write: (from, { reason, record }) => {
      // Whole, but for secrets: those are of no use to whoever reads the record again.
      writeSync(descriptor, `${jsonLine({ file: from, reason, ...redact({ record }) })}\n`);
    },
    close: () => closeSync(descriptor),
  };
}
