import { statSync } from 'node:fs';
import { Presets, SingleBar } from 'cli-progress';

/** A bar of the bytes read: on a terminal only, and only where it takes long enough to be worth a look. */
export function startProgress(files: string[]): { update: (file: string, bytes: number) => void; stop: () => void } {
  const total = files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  if (!process.stderr.isTTY || total < 4 * 1024 * 1024) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} % of {megabytes} MB',
      stream: process.stderr,
      clearOnComplete: true,
      // Whoever interrupts it gets the terminal back as it was.
      ...{ hideCursor: false, linewrap: true },
    },
    Presets.shades_classic,
  );
  bar.start(total, 0, { megabytes: Math.ceil(total / 1e6) });
  const seen = new Map<string, number>();
  let read = 0;
  return {
    update: (file, bytes) => {
      read += bytes - (seen.get(file) ?? 0);
      seen.set(file, bytes);
      bar.update(Math.min(read, total));
    },
    stop: () => bar.stop(),
  };
}
