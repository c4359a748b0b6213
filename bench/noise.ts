import { Command } from 'commander';
import { readConfig } from '../cli/config';
import { highVolumeDetectors, loadDetectors, shippedDetectors } from '../cli/detectors';
import { report } from '../cli/errors';
import { wholeNumber } from '../cli/options';
import { replay } from '../cli/pipeline';
import { fileNames } from './corpus/fired';
import { generatedFolder, labelsIn, logFilesIn } from './generated';
import { updateProof } from './page';
import { broken, measureNoise, noiseTables } from './noise/measure';

/** `npm run noise`: what all detectors find in generated events, most of which are ordinary. */
async function main(): Promise<void> {
  const options = new Command('noise')
    .description(
      'Findings of all detectors on generated events: those on ordinary events are noise, attacks without one are missed.',
    )
    .option('--events <n>', 'how many events to generate', wholeNumber, 1_000_000)
    .option('--seed <n>', 'another seed gives other events', wholeNumber, 1)
    .option('-c, --config <file>', 'a configuration (default: none, as at a first replay)')
    .option('-d, --detectors <path...>', 'other detectors', [shippedDetectors, highVolumeDetectors])
    .option('--update', 'write the tables to docs/proof.md')
    .option('--json', 'the findings on ordinary events instead of tables, one JSON object a line')
    .parse()
    .opts<{ events: number; seed: number; config?: string; detectors: string[]; json?: true; update?: true }>();
  const folder = generatedFolder(options.events, options.seed);
  const ruleset = loadDetectors(options.detectors, options.config === undefined ? {} : readConfig(options.config));
  const { findings, counters } = await replay(logFilesIn(folder), ruleset);
  const noise = measureNoise(findings, counters.in, labelsIn(folder));
  const names = fileNames(ruleset);
  if (options.json) for (const finding of noise.noise) console.log(JSON.stringify(finding));
  const tables = noiseTables(noise, (id) => names.get(id)!);
  if (options.update) updateProof('noise', `On ${counters.in.toLocaleString('en-US')} events:\n\n${tables}`);
  else if (!options.json) console.log(tables);
  for (const problem of broken(noise)) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => (process.exitCode = report(error)));
