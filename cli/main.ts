import { readConfig } from './config';
import { readDetectors, shippedDetectors } from './detectors';
import { checkRuleset } from '../engine/ruleset';
import { formatProblem } from '../engine/problems';
import { runDetectorTests } from './detector-tests/run';
(async () => {
  const paths = process.argv.slice(3);
  const { ruleset, errors, warnings } = checkRuleset(readDetectors(paths.length ? paths : [shippedDetectors]), readConfig(undefined));
  for (const p of errors) console.log('error', formatProblem(p));
  for (const p of warnings) console.log('warning', formatProblem(p));
  if (process.argv[2] === 'test' && ruleset) {
    let failed = 0;
    const results = await runDetectorTests(ruleset);
    for (const { rule, test, failure } of results) if (failure) { failed++; console.log(`${rule.document.source.file}:${rule.document.line(test.path)}: ${test.name}: ${failure}`); }
    console.log(`${results.length} tests, ${failed} failed`);
  }
})();
