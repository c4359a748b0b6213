import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root';

/**
 * Fills the code blocks that follow `<!-- output: privwatch … -->` with what that command prints now, and those that
 * follow `<!-- file: … -->` with the file.
 */
export function withExamples(page: string): string {
  return page.replace(
    /(<!-- (output|file): (.+?) -->\s*```\w*\n)[\s\S]*?(?=```)/g,
    (_all, head: string, kind: string, what: string) => {
      const content = kind === 'file' ? readFileSync(join(packageRoot, what), 'utf8') : outputOf(what);
      return `${head}${content.trimEnd()}\n`;
    },
  );
}

/** What a command of ours prints. */
export function outputOf(command: string): string {
  const args = command.split(' ').slice(1);
  const options = { cwd: packageRoot, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
  return execFileSync(process.execPath, ['bin/privwatch.js', ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
