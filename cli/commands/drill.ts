import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { findFiles, mayHoldEvents } from '../../events/files';
import type { Drill } from '../../engine/drill';
import { jsonLine, printable } from '../../findings/escape';
import { readConfig } from '../config';
import { loadDetectors } from '../detectors';
import type { Outlet } from '../drill/arrivals';
import type * as Run from '../drill/run';
import { tellStory } from '../drill/story';
import { EXIT, UsageError } from '../errors';
import { configOption, detectorsOption } from '../options';
import { plural } from '../plural';
import { samplesFolder } from './replay';

/** In the order of the road; {@link Outlet}, which is not loaded until a drill begins. */
const OUTLETS: Outlet[] = ['security-hub', 'machines', 'people', 'chat', 'eventbridge'];
const UNPAGED: Outlet[] = ['security-hub', 'machines', 'eventbridge'];
const DEFAULT_STORY = 'root-at-night';

interface Options {
  detectors?: string[];
  config?: string;
  bus?: string;
  queue?: string;
  outlets?: Outlet[];
  page?: boolean;
  within: number;
  repeat: number;
  json?: boolean;
}

export function registerDrill(program: Command): void {
  program
    .command('drill')
    .summary('send a story through the deployed pipeline, and measure how long each step takes')
    .description(
      "Puts the events of a story on the hub's bus, as if they had just happened, and waits until each of their\n" +
        'findings has come out everywhere. What it makes is marked DRILL, kept apart from what is real, and archived in\n' +
        'Security Hub from the beginning. It pages nobody, unless asked to by --page.',
    )
    .argument('[story]', `a sample (${samples().join(', ')}), or a path of events`, DEFAULT_STORY)
    .addOption(detectorsOption())
    .addOption(configOption())
    .option('--bus <name|arn>', "the hub's bus (default: privwatch-hub, or as deploy.name says)")
    .option('--queue <name|url>', 'the queue that gets what is marked as a drill (default: privwatch-drill)')
    .addOption(
      new Option(
        '--outlets <names>',
        `where findings must come out, with commas (default: ${UNPAGED.join(',')})`,
      ).argParser(parseOutlets),
    )
    .option(
      '--page',
      'notify people and chat, too, marked DRILL; waits for both topics unless --outlets says otherwise',
    )
    .option('--within <seconds>', 'so long a finding may take', parseCount, 60)
    .option('--repeat <times>', 'drill so often, one after the other', parseCount, 1)
    .option('--json', 'a line of JSON for each drill')
    .addHelpText(
      'after',
      '\nRegion, credentials and endpoint are those of the AWS SDK (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL). It takes\n' +
        "events:PutEvents on the bus, from the hub's account; sqs:GetQueueUrl, sqs:ReceiveMessage and sqs:DeleteMessage on the\n" +
        'queue; securityhub:GetFindings. Detectors and configuration have to be those that are deployed: what is expected\n' +
        'follows from them. Windows that are judged when they are over are not waited for.\n' +
        '\nExamples:\n' +
        '  privwatch drill                                    root-at-night, nobody is paged\n' +
        '  privwatch drill leaked-key-to-admin --page         with the on-call person\n' +
        '  privwatch drill --repeat 20 --json >> drills.jsonl\n' +
        '\nExit codes: 0 all came out in time; 1 something did not; 2 wrong usage, or AWS refused.',
    )
    .action(async (story: string, options: Options) => {
      process.exitCode = await run(story, options);
    });
}

async function run(story: string, options: Options): Promise<number> {
  const sample = join(samplesFolder, story);
  const isSample = samples().includes(story);
  const outlets = options.outlets ?? (options.page ? OUTLETS : UNPAGED);
  if (!options.page && outlets.some((outlet) => outlet === 'people' || outlet === 'chat'))
    throw new UsageError('people and chat get a drill only with --page');
  if (!isSample && !existsSync(story))
    throw new UsageError(`${story}: no sample (${samples().join(', ')}) and no path`);
  const config = readConfig(options.config);
  const name = config.deploy?.name ?? 'privwatch';
  const { bus = `${name}-hub`, queue = `${name}-drill` } = options;
  const ruleset = loadDetectors(options.detectors, config);
  const { files } = findFiles([isSample ? sample : story], mayHoldEvents);

  // The SDK says at every start that releases after January 2027 need Node 22.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  // Not for other commands, which would be slower to start.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { drillOnce } = require('../drill/run') as typeof Run;
  const results: Run.DrillResult[] = [];
  for (let i = 0; i < options.repeat; i++) {
    const drill: Drill = {
      run: `${stamp(Date.now())}-${randomBytes(2).toString('hex')}`,
      pages: options.page === true,
    };
    const told = await tellStory(files, ruleset, drill, Date.now());
    if (told.expected.size === 0) throw new UsageError(`${story}: these detectors find nothing in it`);
    let result: Run.DrillResult;
    try {
      result = await drillOnce(told, drill, { bus, queue, outlets }, options.within * 1000);
    } catch (error) {
      const { name, message } = error as Error;
      throw new UsageError(`AWS: ${name}: ${message}`);
    }
    results.push(result);
    if (options.json) process.stdout.write(`${jsonLine({ story, ...result })}\n`);
  }
  if (!options.json) process.stdout.write(`${printable(story)}: ${renderDrills(results, options.within)}`);
  return results.some(({ steps }) => steps.some(({ milliseconds }) => milliseconds === null)) ? EXIT.found : EXIT.done;
}

/** A table of all drills together: what came out of where, and how long it took. */
export function renderDrills(results: Run.DrillResult[], withinSeconds: number): string {
  const [first] = results as [Run.DrillResult];
  const steps = results.flatMap((result) => result.steps);
  const outlets = [...new Set(steps.map(({ outlet }) => outlet))];
  const findings = new Set(first.steps.map(({ finding }) => finding.id)).size;
  const rows = [
    row(
      'put on the bus',
      '',
      results.map(({ putMilliseconds }) => putMilliseconds),
    ),
    row(
      'stored by detect',
      '',
      results.flatMap(({ storedMilliseconds }) => storedMilliseconds),
    ),
    ...outlets.map((outlet) => {
      const all = steps.filter((step) => step.outlet === outlet);
      const came = all.map(({ milliseconds }) => milliseconds).filter((milliseconds) => milliseconds !== null);
      return row(outlet, `${came.length} of ${all.length}`, came);
    }),
  ];
  const missing = steps.filter(({ milliseconds }) => milliseconds === null);
  const unexpected = [...new Set(results.flatMap((result) => result.unexpected))];
  return [
    `${plural(results.length, 'drill')} (${results
      .map(({ run }) => run)
      .slice(0, 3)
      .join(', ')}${results.length > 3 ? ', …' : ''}), ` +
      `each of ${plural(first.events, 'event')} and ${plural(findings, 'finding')}`,
    `${'step'.padEnd(18)}${'findings'.padStart(12)}${'median'.padStart(10)}${'p95'.padStart(10)}${'slowest'.padStart(10)}`,
    ...rows,
    ...missing.map(({ outlet, finding }) => printable(`not in ${outlet} within ${withinSeconds} s: ${finding.title}`)),
    ...unexpected.map((title) => printable(`not expected with these detectors and this configuration: ${title}`)),
    '',
  ].join('\n');
}

function row(name: string, findings: string, milliseconds: number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number): string =>
    sorted.length === 0 ? '-' : `${(sorted[Math.ceil(share * sorted.length) - 1]! / 1000).toFixed(2)} s`;
  const cells = [findings.padStart(12), ...[0.5, 0.95, 1].map((share) => at(share).padStart(10))];
  return `${name.padEnd(18)}${cells.join('')}`.trimEnd();
}

function samples(): string[] {
  return readdirSync(samplesFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** @returns e.g. `20260303-021902` */
function stamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}

function parseOutlets(value: string): Outlet[] {
  const names = value.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !OUTLETS.includes(name as Outlet));
  if (unknown !== undefined) throw new InvalidArgumentError(`Give some of ${OUTLETS.join(', ')}, with commas.`);
  return names as Outlet[];
}

function parseCount(value: string): number {
  if (!/^[1-9]\d{0,4}$/.test(value)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return Number(value);
}
