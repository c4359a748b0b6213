import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { highVolumeDetectors, loadDetectors, shippedDetectors } from '../cli/detectors';
import { findCorpus, readCases } from './corpus/cases';
import { firedOn } from './corpus/fired';
import { report } from './corpus/report';
import { judge } from './corpus/verdict';

async function main(): Promise<void> {
  const options = new Command('corpus-bench')
    .description('What the detectors, those for who asks for them included, find in labelled recordings.')
    .option('--corpus <folder>', 'the folder with manifest.json (default: PRIVWATCH_CORPUS)')
    .option('-o, --out <file>', 'write the table of every case there')
    .parse()
    .opts<{ corpus?: string; out?: string }>();
  const found = findCorpus(options.corpus);
  if ('skipped' in found) {
    console.log(`skipped: ${found.skipped}`);
    return;
  }
  const ruleset = loadDetectors([shippedDetectors, highVolumeDetectors], {});
  const results = [];
  for (const one of await readCases(found.folder)) results.push({ one, fired: await firedOn(one.events, ruleset) });
  const { summary, table } = report(judge(results));
  if (options.out) writeFileSync(options.out, table);
  console.log(summary);
}

void main();
