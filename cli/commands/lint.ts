import pc from 'picocolors';
import type { Command } from 'commander';
import { checkRuleset } from '../../engine/ruleset';
import { formatProblem, type Problem } from '../../engine/problems';
import { jsonLine, printable } from '../../findings/escape';
import { readConfig } from '../config';
import { readDetectors, shippedDetectors } from '../detectors';
import { EXIT } from '../errors';
import { configOption } from '../options';
import { plural } from '../plural';

export function registerLint(program: Command): void {
  program
    .command('lint')
    .summary('check detectors: everything the loader refuses, and warnings')
    .description(
      'Checks detector files (rules, correlations, filters) with file and line. Exit codes: 0 no errors; 1 errors; 2 wrong usage.',
    )
    .argument('[path...]', 'files, folders or globs (default: the shipped detectors)')
    .addOption(configOption())
    .option('--json', 'one problem a line as JSON')
    .action((paths: string[], options: { config?: string; json?: boolean }) => {
      const sources = readDetectors(paths.length > 0 ? paths : [shippedDetectors]);
      const { errors, warnings } = checkRuleset(sources, readConfig(options.config));
      if (options.json) {
        const line = (severity: string) => (problem: Problem) =>
          process.stdout.write(`${jsonLine({ severity, ...problem })}\n`);
        errors.forEach(line('error'));
        warnings.forEach(line('warning'));
      } else {
        const colors = pc.createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
        for (const problem of errors)
          process.stdout.write(`${colors.red('error')}    ${printable(formatProblem(problem))}\n`);
        for (const problem of warnings)
          process.stdout.write(`${colors.yellow('warning')}  ${printable(formatProblem(problem))}\n`);
      }
      process.stderr.write(
        `${plural(sources.length, 'file')}, ${plural(errors.length, 'error')}, ${plural(warnings.length, 'warning')}\n`,
      );
      process.exitCode = errors.length > 0 ? EXIT.found : EXIT.done;
    });
}
