import { realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { STDIN } from './read';

/** Files under the paths a user gave, and what was left out. */
export interface FoundFiles {
  /** In text order, each once. */
  files: string[];
  /** Within folders only: documents and settings, which hold no events. A file that is named is always read. */
  passedOver: string[];
  /** One sentence a path that names nothing. */
  problems: string[];
}

/**
 * The files that paths name: files, folders (with all below, except hidden ones), globs, and `-` for standard input.
 * The order in which the paths are given makes no difference.
 */
export function findFiles(paths: string[], isWanted: (name: string) => boolean): FoundFiles {
  const found = new Map<string, string>();
  const passedOver = new Map<string, string>();
  const problems = new Set<string>();
  for (const path of paths) {
    if (path === STDIN) found.set(STDIN, STDIN);
    else if (kindOf(path) === 'folder') {
      for (const name of globSync('**/*', { cwd: path, onlyFiles: true })) {
        const file = join(path, name);
        add(isWanted(basename(file)) ? found : passedOver, file);
      }
    } else if (kindOf(path) === 'file') add(found, path);
    else if (isDynamicPattern(path)) {
      const files = globSync(path, { onlyFiles: true, absolute: isAbsolute(path) });
      if (files.length === 0) problems.add(`${path}: no file matches`);
      for (const file of files) add(found, file);
    } else problems.add(`${path}: no such file or folder`);
  }
  for (const real of found.keys()) passedOver.delete(real);
  return { files: sorted(found.values()), passedOver: sorted(passedOver.values()), problems: sorted(problems) };
}

/** Under its real path, so that a file with two names counts once; of the names, the first in text order. */
function add(files: Map<string, string>, file: string): void {
  if (kindOf(file) !== 'file') return; // a link to nothing
  const real = realpathSync(file);
  const known = files.get(real);
  if (known === undefined || file < known) files.set(real, file);
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}

/** Any name may hold events, but for those that say they hold something else. */
export function mayHoldEvents(name: string): boolean {
  return !/\.(md|ya?ml)$/i.test(name);
}

/** Anything that is no folder counts as a file, a named pipe for one; undefined if there is nothing to get at. */
function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
