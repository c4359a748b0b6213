import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { highVolumeDetectors, loadDetectors, shippedDetectors } from '../cli/detectors';
import { report } from '../cli/errors';
import { readArgued } from './corpus/argued';
import { findCorpus, readCases } from './corpus/cases';
import { firedOn } from './corpus/fired';
import { caseTable, proof, setupTable } from './corpus/report';
import { setupEvents, setupNoise } from './corpus/setup';
import { judge } from './corpus/verdict';
import { updateProof } from './page';

/** `npm run corpus-bench`: what all detectors find in labelled recordings. */
async function main(): Promise<void> {
  const options = new Command('corpus-bench')
    .description('What the detectors, those for who asks for them included, find in labelled recordings.')
    .option('--corpus <folder>', 'the folder with manifest.json (default: PRIVWATCH_CORPUS)')
    .option('-o, --out <file>', 'write a table with a row for every case there')
    .option('--update', 'write the figures to docs/proof.md')
    .parse()
    .opts<{ corpus?: string; out?: string; update?: true }>();
  const found = findCorpus(options.corpus);
  if ('skipped' in found) {
    console.log(`skipped: ${found.skipped}`);
    return;
  }
  const ruleset = loadDetectors([shippedDetectors, highVolumeDetectors], {});
  const argued = readArgued();
  const cases = await readCases(found.folder);
  const results = [];
  for (const one of cases) results.push({ one, fired: await firedOn(one.events, ruleset) });
  const judged = judge(results);
  const parts = {
    'corpus-bench': proof(judged, argued),
    'set-up': setupTable(await setupNoise(setupEvents(cases), ruleset), argued),
  };
  if (options.out) writeFileSync(options.out, caseTable(judged, argued));
  for (const [name, content] of Object.entries(parts)) {
    if (options.update) updateProof(name, content);
    else console.log(`${content}\n`);
  }
}

main().catch((error: unknown) => (process.exitCode = report(error)));
