import pc from 'picocolors';
import type { Command } from 'commander';
import { jsonLine, printable } from '../../findings/escape';
import { readConfig } from '../config';
import { detectorsOf, loadDetectors } from '../detectors';
import { runDetectorTests } from '../detector-tests/run';
import { EXIT } from '../errors';
import { configOption } from '../options';
import { plural } from '../plural';

export function registerTest(program: Command): void {
  program
    .command('test')
    .summary("run the detectors' own tests")
    .description(
      'Runs the tests that stand in detector files under privwatch.tests: in the given order, reversed, and with each event ' +
        'twice. Exit codes: 0 all passed; 1 some failed; 2 wrong usage, or detectors that do not load.',
    )
    .argument('[path...]', 'files, folders or globs (default: the shipped detectors)')
    .addOption(configOption())
    .option('--json', 'one test a line as JSON')
    .action(async (paths: string[], options: { config?: string; json?: boolean }) => {
      const ruleset = loadDetectors(paths.length > 0 ? paths : undefined, readConfig(options.config));
      const results = await runDetectorTests(ruleset);
      const colors = pc.createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
      for (const { detector, test, failure } of results) {
        const { file } = detector.document.source;
        const line = detector.document.line(test.path);
        if (options.json) {
          const result = {
            file,
            line,
            detectorId: detector.id,
            test: test.name,
            passed: failure === undefined,
            failure: failure ?? null,
          };
          process.stdout.write(`${jsonLine(result)}\n`);
        } else if (failure !== undefined) {
          process.stdout.write(`${colors.red('failed')}  ${printable(`${file}:${line}: ${test.name}: ${failure}`)}\n`);
        }
      }
      const failed = results.filter(({ failure }) => failure !== undefined).length;
      const tested = new Set(results.map(({ detector }) => detector)).size;
      process.stderr.write(
        `${plural(detectorsOf(ruleset).length, 'detector')}, ${tested} of them with tests: ${plural(results.length - failed, 'test')} passed, ${failed} failed\n`,
      );
      process.exitCode = failed > 0 ? EXIT.found : EXIT.done;
    });
}
