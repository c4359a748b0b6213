import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { highVolumeDetectors, loadDetectors, shippedDetectors } from '../cli/detectors';
import { packageRoot } from '../cli/package-root';
import { findFiles, mayHoldEvents } from '../events/files';
import type { DetectorType } from './cost/detectors';
import type { Units } from './cost/dynamo';
import { measure } from './cost/measure';
import { layOut } from './cost/table';
import { billOf, total, type Bill, type Path } from './month/bill';
import { ASSUMED, PRICES, PRICES_AS_OF } from './month/prices';
import { measureTraffic, type Traffic } from './month/traffic';

const VOLUMES = [1e6, 1e8, 1e10];

const SETS = [
  { name: 'the shipped', detectors: [shippedDetectors] },
  { name: 'and high-volume', detectors: [shippedDetectors, highVolumeDetectors] },
];

const PATHS: [Path, string][] = [
  ['bus', 'EventBridge'],
  ['files', 'S3'],
];

interface Row {
  detectors: string;
  path: string;
  /** Of the events, those that the hub gets. */
  share: number;
  hitsPerMillion: number;
  /** Dollars for each of {@link VOLUMES}, by what they are paid for. */
  bills: Bill[];
}

/** `npm run cost:month`: what a month costs, in dollars. What is measured, assumed and left out: docs/cost.md. */
async function main(argv: string[]): Promise<void> {
  // The SDK says at every start that releases after January 2027 need Node 22.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const command = new Command('npm run cost:month --')
    .description(
      'Prints what a month of 1 million, 100 million and 10 billion events costs on AWS, by path and set of detectors. What share\n' +
        'of the events is forwarded, and how many hits there are, is counted in generated events, or in your own.',
    )
    .argument('[path...]', 'files of events to count in, as privwatch replay reads them')
    .option('--events <n>', 'without a path: how many events to generate', '100000')
    .option('--json', 'one JSON object a line instead of tables')
    .parse(argv, { from: 'user' });
  const { events, json } = command.opts<{ events: string; json?: boolean }>();
  const { files, problems } = findFiles(
    command.args.length > 0 ? command.args : [generated(Number(events))],
    mayHoldEvents,
  );
  if (problems.length > 0) throw new Error(problems.join('; '));
  const units = new Map<DetectorType, Units>();
  const rows: Row[] = [];
  for (const { name, detectors } of SETS) {
    const traffic = await measureTraffic(files, loadDetectors(detectors, {}));
    if (traffic.events === 0) throw new Error('there is no event in these files');
    for (const type of traffic.hits.keys()) if (!units.has(type)) units.set(type, await unitsOf(type));
    for (const [path, title] of PATHS) rows.push(rowOf(name, path, title, traffic, units));
  }
  if (json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
  else process.stdout.write(`${render(rows)}\n`);
}

/** Of one more hit where there are some, in the days before; with its part of the sweep. */
async function unitsOf(type: DetectorType): Promise<Units> {
  const { next, sweep } = await measure({ type, spread: 'days', hits: 100, isFull: false });
  return { read: next.read + sweep.read, write: next.write + sweep.write };
}

function rowOf(detectors: string, path: Path, title: string, traffic: Traffic, units: Map<DetectorType, Units>): Row {
  const hits = path === 'bus' ? traffic.forwardedHits : traffic.hits;
  return {
    detectors,
    path: title,
    share: path === 'bus' ? traffic.forwarded / traffic.events : 1,
    hitsPerMillion: ([...hits.values()].reduce((sum, count) => sum + count, 0) / traffic.events) * 1e6,
    bills: VOLUMES.map((volume) => billOf(path, traffic, units, volume)),
  };
}

function render(rows: Row[]): string {
  const volumes = ['1 million', '100 million', '10 billion'];
  const totals = layOut([
    ['detectors', 'path', 'read by the hub', 'hits per million', ...volumes],
    ...rows.map(({ detectors, path, share, hitsPerMillion, bills }) => [
      ...[detectors, path, `${(share * 100).toFixed(2)} %`, Math.round(hitsPerMillion).toLocaleString('en-US')],
      ...bills.map((bill) => money(total(bill))),
    ]),
  ]);
  const parts = layOut([
    ['detectors', 'path', 'bus', 'queue', 'functions', 'S3 requests', 'DynamoDB'],
    ...rows.map(({ detectors, path, bills: [, bill] }) => [
      ...[detectors, path],
      ...[bill!.bus, bill!.queue, bill!.functions, bill!.files, bill!.table].map(money),
    ]),
  ]);
  return [
    `Dollars a month for so many events, list prices of us-east-1 in ${PRICES_AS_OF}:`,
    totals,
    'Of 100 million events, by what is paid for:',
    parts,
    `Prices per million: ${listed(PRICES)}.`,
    `Assumed: ${listed(ASSUMED)}.`,
  ].join('\n\n');
}

function listed(values: Record<string, number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function money(dollars: number): string {
  if (dollars === 0) return '0';
  if (dollars < 0.01) return '<0.01';
  return dollars < 100 ? dollars.toFixed(2) : Math.round(dollars).toLocaleString('en-US');
}

function generated(events: number): string {
  if (!Number.isInteger(events) || events < 1) throw new Error('--events takes a whole number');
  const folder = join(tmpdir(), `privwatch-bench-${events}`);
  if (!existsSync(join(folder, 'summary.json'))) {
    const script = join(packageRoot, 'bench', 'make-bulk-corpus.mjs');
    execFileSync(process.execPath, [script, '--events', String(events), '--out', folder], { stdio: 'ignore' });
  }
  return join(folder);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
