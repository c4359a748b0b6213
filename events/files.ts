import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
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
  const passedOver: string[] = [];
  const problems: string[] = [];
  const take = (file: string): void => {
    const real = file === STDIN ? STDIN : realpathSync(file);
    const known = found.get(real);
    if (known === undefined || file < known) found.set(real, file);
  };
  for (const path of paths) {
    if (path === STDIN) take(STDIN);
    else if (isFolder(path)) {
      const all = globSync('**/*', { cwd: path, absolute: false, dot: false, onlyFiles: true, followSymbolicLinks: false });
      for (const name of all) {
        const file = `${path.replace(/\/+$/, '')}/${name}`;
        if (isWanted(basename(file))) take(file);
        else passedOver.push(file);
      }
    } else if (exists(path)) take(path);
    else if (isDynamicPattern(path)) {
      const matches = globSync(path, { onlyFiles: true, dot: false });
      if (matches.length === 0) problems.push(`${path}: no file matches`);
      matches.forEach(take);
    } else problems.push(`${path}: no such file or folder`);
  }
  return { files: [...found.values()].sort(), passedOver: passedOver.sort(), problems };
}

/** Any name may hold events, but for those that say they hold something else. */
export function mayHoldEvents(name: string): boolean {
  return !/\.(md|ya?ml)$/i.test(name);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
