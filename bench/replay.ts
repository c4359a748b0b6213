import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Command } from 'commander';
import { detectorsOf, readDetectors, shippedDetectors } from '../cli/detectors';
import { report } from '../cli/errors';
import { wholeNumber } from '../cli/options';
import { replay } from '../cli/pipeline';
import type { Source } from '../engine/document';
import { loadRuleset } from '../engine/ruleset';
import { generatedFolder, logFilesIn } from './generated';

/**
 * Events per second of three things, side by side in one run: gunzip; gunzip + JSON.parse, which no engine that parses
 * everything can beat; and a whole replay with all shipped detectors. Absolute numbers say more of the machine than of
 * the code: look at the ratios. The peak of memory, in MB of 2^20 bytes, is that of the first replay.
 */
async function main(): Promise<void> {
  const options = new Command('bench')
    .option('--events <n>', 'size of the generated corpus', wholeNumber, 100_000)
    .option(
      '--rounds <n>',
      'rounds, of which the medians are reported; with 0, memory only',
      (text) => (text === '0' ? 0 : wholeNumber(text)),
      7,
    )
    .option('--corpus <folder>', 'a folder of .json.gz files of {"Records":[…]} instead')
    .option(
      '--copies <n>',
      'load the detectors so many times, under other names: what a large ruleset costs',
      wholeNumber,
      1,
    )
    .option('-d, --detectors <path...>', 'other detectors than those that watch by default')
    .parse()
    .opts<{ events: number; rounds: number; corpus?: string; copies: number; detectors?: string[] }>();
  const files = logFilesIn(options.corpus ?? generatedFolder(options.events));
  const sources = readDetectors(options.detectors ?? [shippedDetectors]);
  const ruleset = loadRuleset(copiesOf(sources, options.copies), {});
  const steps: [string, () => number | Promise<number>][] = [
    ['gunzip', () => files.reduce((sum, file) => sum + unzip(file).length, 0)],
    ['gunzip + JSON.parse', () => files.reduce((sum, file) => sum + parse(file), 0)],
    ['replay', async () => (await replay(files, ruleset)).counters.in],
  ];
  // First of all, so that nothing else has made the process grow.
  const events = Number(await steps[2]![1]());
  const peak = process.resourceUsage().maxRSS / 1024;
  const seconds: number[][] = steps.map(() => []);
  for (let round = 0; round < options.rounds; round++) {
    for (const [i, [, step]] of steps.entries()) {
      const start = performance.now();
      await step();
      seconds[i]!.push((performance.now() - start) / 1000);
    }
  }
  const megabytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
  const stateful = [...ruleset.correlations, ...ruleset.rules.filter(({ firstSeen }) => firstSeen)].length;
  console.log(
    `${events} events, ${files.length} files, ${megabytes.toFixed(1)} MB gzip, ` +
      `${detectorsOf(ruleset).length} detectors, ${stateful} of them with memory`,
  );
  console.log(`peak memory of a replay: ${Math.round(peak)} MB`);
  if (seconds[0]!.length === 0) return;
  const limit = events / median(seconds[1]!);
  for (const [i, [name]] of steps.entries()) {
    const rate = events / median(seconds[i]!);
    console.log(
      `${name.padEnd(20)} ${Math.round(rate).toLocaleString('en-US').padStart(10)} events/s   ratio ${(rate / limit).toFixed(2)}`,
    );
  }
  // Rounds drift together, so the ratio is taken within each.
  const ratios = seconds[1]!.map((parseSeconds, round) => parseSeconds / seconds[2]![round]!);
  console.log(`replay / (gunzip + JSON.parse), median of the rounds: ${median(ratios).toFixed(2)}`);
}

/** The same detectors again, each with an id and a name of its own. */
function copiesOf(sources: Source[], copies: number): Source[] {
  const names = sources.flatMap(({ text }) => [...text.matchAll(/^name: *([\w-]+)/gm)].map(([, name]) => name!));
  const words = new RegExp(`\\b(?:${names.join('|')})\\b`, 'g');
  return Array.from({ length: copies }, (_, copy) => copy).flatMap((copy) =>
    copy === 0
      ? sources
      : sources.map(({ file, text, ...rest }) => ({
          ...rest,
          file: `${file} ${copy}`,
          text: text
            .replace(words, (name) => `${name}_${copy}`)
            .replace(/^(id: )[0-9a-f]{8}/gm, `$1${(0xffff0000 + copy).toString(16)}`),
        })),
  );
}

function unzip(file: string): Buffer {
  return gunzipSync(readFileSync(file), { chunkSize: 1024 * 1024 });
}

function parse(file: string): number {
  return (JSON.parse(unzip(file).toString('utf8')) as { Records: unknown[] }).Records.length;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

main().catch((error: unknown) => (process.exitCode = report(error)));
