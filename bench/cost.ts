import { Presets, SingleBar } from 'cli-progress';
import { measure, type Case, type Measured } from './cost/measure';
import { parseCostOptions, type CostOptions } from './cost/options';
import { costTables } from './cost/table';

/** `npm run cost`: what state in DynamoDB costs, per hit. How to read it: docs/cost.md. */
async function main(argv: string[]): Promise<void> {
  // The SDK says at every start that releases after January 2027 need Node 22.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const options = parseCostOptions(argv);
  const cases = casesOf(options);
  const bar = makeBar();
  bar?.start(work(cases), 0, { now: '' });
  const all: Measured[] = [];
  try {
    for (const one of cases) {
      bar?.update({ now: `${one.type}, ${one.spread}, ${one.hits} hits` });
      const measured = await measure(one);
      all.push(measured);
      if (options.json) process.stdout.write(`${JSON.stringify(measured)}\n`);
      bar?.increment(work([one]));
    }
  } finally {
    bar?.stop();
  }
  if (!options.json) process.stdout.write(costTables(all));
}

function casesOf({ types, spreads, hits, full }: CostOptions): Case[] {
  return types.flatMap((type) =>
    spreads.flatMap((spread) => hits.map((count) => ({ type, spread, hits: count, isFull: full ?? false }))),
  );
}

/** Rather proportional to the time that cases take. */
function work(cases: Case[]): number {
  return cases.reduce((sum, { type, hits }) => sum + 500 + (type === 'first_seen' ? hits / 10 : hits), 0);
}

/** On a terminal only. */
function makeBar(): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  return new SingleBar(
    {
      format: '{bar} {percentage} %  {now}',
      stream: process.stderr,
      clearOnComplete: true,
      // Whoever interrupts it gets the terminal back as it was.
      ...{ hideCursor: false, linewrap: true },
    },
    Presets.shades_classic,
  );
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
