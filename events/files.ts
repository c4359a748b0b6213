import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { globSync, isDynamicPattern, type GlobOptions } from 'tinyglobby';
import { STDIN } from './read';

/** Files under the paths a user gave, and what was left out. */
export interface FoundFiles {
  /** In text order, each once; among them folders that cannot be listed, so that reading them says why. */
  files: string[];
  /** Within folders only: documents and settings, which hold no events. A file that is named is always read. */
  passedOver: string[];
  /** One sentence a path that names nothing; so are all paths if there is nothing in any of them. */
  problems: string[];
}

/**
 * The files that paths name: files, folders (with all below, except hidden ones), globs, and `-` for standard input.
 * The order in which the paths are given makes no difference.
 *
 * @param wanted what `isWanted` takes out of folders, for the sentence that there is none
 */
export function findFiles(paths: string[], isWanted: (name: string) => boolean, wanted = 'file of events'): FoundFiles {
  const found = new Map<string, string>();
  const passedOver = new Map<string, string>();
  const problems = new Set<string>();
  for (const path of paths) {
    if (path === STDIN) found.set(STDIN, STDIN);
    else if (kindOf(path) === 'folder') {
      const { files, unlisted } = glob('**/*', { cwd: path });
      for (const name of files) {
        const file = join(path, name);
        add(isWanted(basename(file)) ? found : passedOver, file);
      }
      for (const folder of unlisted) add(found, join(path, relative(path, folder)));
    } else if (kindOf(path) === 'file') add(found, path);
    else if (isDynamicPattern(path)) {
      const { files, unlisted } = glob(path, { absolute: isAbsolute(path) });
      const matching = [...files, ...unlisted.map((folder) => (isAbsolute(path) ? folder : relative('', folder)))];
      // Of links to nothing, none is added.
      if (matching.filter((file) => add(found, file)).length === 0) problems.add(`${path}: no file matches`);
    } else problems.add(`${path}: no such file or folder`);
  }
  // One folder of many may well be empty; where all are, nobody looked at anything.
  if (found.size + problems.size === 0) for (const path of paths) problems.add(`${path}: no ${wanted} in this folder`);
  for (const real of found.keys()) passedOver.delete(real);
  return { files: sorted(found.values()), passedOver: sorted(passedOver.values()), problems: sorted(problems) };
}

/** What a pattern matches, and the folders (absolute) that it may have matched in and that cannot be listed. */
function glob(pattern: string, options: GlobOptions): { files: string[]; unlisted: string[] } {
  const unlisted: string[] = [];
  const list = ((folder: string, how: { withFileTypes: true }) => {
    try {
      return readdirSync(folder, how);
    } catch (error) {
      if (!isAbsent(error)) unlisted.push(resolve(folder));
      throw error;
    }
  }) as typeof readdirSync;
  const files = globSync(pattern, { ...options, onlyFiles: true, fs: { readdirSync: list } });
  return { files, unlisted };
}

/**
 * Under its real path, so that a file with two names counts once; of the names, the first in text order.
 *
 * @returns false for a link to nothing
 */
function add(files: Map<string, string>, file: string): boolean {
  const real = realPath(file);
  if (real === undefined) return false;
  const known = files.get(real);
  if (known === undefined || file < known) files.set(real, file);
  return true;
}

/** Undefined if there is nothing; where that cannot be known, the path itself. */
function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch (error) {
    return isForbidden(error) ? resolve(file) : undefined;
  }
}

function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** A folder that a pattern names may not be there, or be a file. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}

/** Any name may hold events, but for those that say they hold something else. */
export function mayHoldEvents(name: string): boolean {
  return !/\.(md|ya?ml)$/i.test(name);
}

/**
 * Anything that is no folder counts as a file, a named pipe for one, and what must not be looked at: reading it says so.
 * Undefined if there is nothing.
 */
function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    return isForbidden(error) ? 'file' : undefined;
  }
}
