import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { registerDrill } from './commands/drill';
import { registerExplain } from './commands/explain';
import { registerLint } from './commands/lint';
import { registerNew } from './commands/new';
import { registerPatterns } from './commands/patterns';
import { registerReplay } from './commands/replay';
import { registerTest } from './commands/test';
import { report } from './errors';
import { packageRoot } from './package-root';

/** The command line: parses arguments, runs one command, and turns what was thrown into a message and an exit code. */
export async function main(argv: string[]): Promise<void> {
  const program = new Command('privwatch')
    .description('Watches every privileged act in an AWS organization.')
    .version(packageVersion())
    .showHelpAfterError('(see --help)')
    .exitOverride();
  registerReplay(program);
  registerLint(program);
  registerTest(program);
  registerExplain(program);
  registerNew(program);
  registerPatterns(program);
  registerDrill(program);
  program.commands.forEach((command) => command.copyInheritedSettings(program));
  // `privwatch replay | head`: the reader has seen enough, and the exit code is still to come.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(report(error));
  });
  // Nobody reads the summary: no reason to stop.
  process.stderr.on('error', () => undefined);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function packageVersion(): string {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
