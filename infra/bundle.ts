import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { buildSync, type BuildOptions } from 'esbuild';
import { readConfig } from '../cli/config';
import { loadDetectors } from '../cli/detectors';
import { wholeNumber } from '../cli/options';
import { packageRoot } from '../cli/package-root';
import { checkedDocuments, type CheckedDocument } from '../engine/compiled';
import type { Config } from '../events/config';
import { exitOnMistakes } from './deployment';

/** The Lambda functions, each after its file in `handlers/`. */
export const FUNCTIONS = [
  ...['detect', 'sweep', 'reconcile', 'outbox', 'digest', 'security-hub', 'sns', 'eventbridge'],
  ...['heartbeat', 'silence'],
];

/** Those that know the detectors. */
const WITH_RULESET = ['detect', 'sweep', 'reconcile', 'outbox', 'digest'];

/** Lies beside the bundles of those, since it is read only when it is needed. */
const READ_LATER = 're2js';

/** Where the bundles lie, a folder for each function with `index.js` in it. */
export const bundleFolder = join(packageRoot, 'dist', 'lambda');

/** As Lambda runs it: Node's own modules are there, all else is inside. */
const OPTIONS: BuildOptions = {
  ...{ absWorkingDir: packageRoot, outdir: bundleFolder },
  ...{ bundle: true, platform: 'node', target: 'node22', format: 'cjs', minify: true, legalComments: 'none' },
  // The ES modules of the SDK: what is not used of them stays out.
  mainFields: ['module', 'main'],
  alias: {
    '@aws-sdk/credential-provider-node': join(packageRoot, 'infra', 'lambda-credentials.ts'),
    '@smithy/core/event-streams': join(packageRoot, 'infra', 'lambda-left-out.ts'),
    bowser: join(packageRoot, 'infra', 'lambda-left-out.ts'),
    'thread-stream': join(packageRoot, 'infra', 'lambda-left-out.ts'),
  },
  logLevel: 'error',
};

/**
 * Makes the bundles, and `ruleset.json`: detectors and configuration, checked here so that no function has to.
 *
 * @throws DetectorError if detectors or configuration are not sound
 */
export function bundle(detectors: string[] | undefined, configFile: string | undefined): void {
  const config = readConfig(configFile);
  writeBundles({ documents: checkedDocuments(loadDetectors(detectors, config)), config });
}

/** Makes the bundles, with what was chosen and checked already. */
export function writeBundles({ documents, config }: { documents: CheckedDocument[]; config: Config }): void {
  rmSync(bundleFolder, { recursive: true, force: true });
  mkdirSync(bundleFolder, { recursive: true });
  const text = JSON.stringify({ documents, config });
  writeFileSync(join(bundleFolder, 'ruleset.json'), text);
  // Tests and commands run from sources or from dist; the bundles are always made of the sources.
  const entryPoints = FUNCTIONS.map((name) => ({
    ...{ in: join(packageRoot, 'handlers', `${name}.ts`), out: join(name, 'index') },
  }));
  buildSync({ ...OPTIONS, entryPoints, external: [READ_LATER] });
  const later = WITH_RULESET.map((name) => ({ in: READ_LATER, out: join(name, 'node_modules', READ_LATER, 'index') }));
  buildSync({ ...OPTIONS, entryPoints: later });
  for (const name of WITH_RULESET) writeFileSync(join(bundleFolder, name, 'ruleset.json'), text);
}

/** Size and load time of each function, beside those of the same code as it is compiled, file by file. */
function report(rounds: number): void {
  console.log(`${'function'.padEnd(14)}${'KB'.padStart(6)}${'load'.padStart(22)}`);
  for (const name of FUNCTIONS) {
    const bundled = join(bundleFolder, name, 'index.js');
    const plain = join(packageRoot, 'dist', 'handlers', `${name}.js`);
    const times: [number[], number[]] = [[], []];
    // Side by side, so that what else the machine does falls on both.
    for (let round = 0; round < rounds; round++) {
      times[0].push(loadTime(bundled));
      times[1].push(loadTime(plain));
    }
    const ratio = median(times[0]) / median(times[1]);
    const size = Math.round(codeSize(join(bundleFolder, name)) / 1000);
    console.log(`${name.padEnd(14)}${String(size).padStart(6)}${`${ratio.toFixed(2)} of unbundled`.padStart(22)}`);
  }
}

/** Bytes of all code in a folder. */
function codeSize(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
  return files.reduce((bytes, file) => bytes + statSync(join(folder, file)).size, 0);
}

/** Milliseconds that a new process takes to load a file. */
function loadTime(file: string): number {
  const script = `const start = performance.now(); require(${JSON.stringify(file)}); console.log(performance.now() - start)`;
  return Number(execFileSync(process.execPath, ['-e', script], { env: { ...process.env, NODE_NO_WARNINGS: '1' } }));
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function main(): void {
  const options = new Command('bundle')
    .description('Bundles the Lambda functions into dist/lambda, with the detectors and the configuration they run.')
    .option('-d, --detectors <path...>', 'detectors instead of the shipped ones')
    .option('-c, --config <file>', 'configuration')
    .option(
      '--report [rounds]',
      'print size and load time of each function, medians of so many loads (11)',
      wholeNumber,
    )
    .parse()
    .opts<{ detectors?: string[]; config?: string; report?: number | true }>();
  exitOnMistakes(() => {
    bundle(options.detectors, options.config);
    if (options.report) report(options.report === true ? 11 : options.report);
  });
}

if (require.main === module) main();
