import { Command, InvalidArgumentError, Option } from 'commander';
import { TYPES, type DetectorType } from './detectors';
import { SPREADS, type Spread } from './hits';

export interface CostOptions {
  hits: number[];
  types: DetectorType[];
  spreads: Spread[];
  full?: true;
  json?: true;
}

const ABOUT = [
  'What a hit costs in DynamoDB, in the units that AWS bills, measured on a DynamoDB in this process (dynalite, a development',
  'dependency: run this in a checkout, after npm ci). It calls nothing in AWS.',
  'One group gets many hits; then ten more are delivered, one by one, and what they consume is counted. All units are means.',
].join(' ');

const EXAMPLES = `
How the hits lie in time:
  burst   all within 30 seconds
  days    one by one, evenly over 5 days
  bouts   60 bursts, one every two hours: many findings a day

Read a table along its rows: if units grow with the number of hits, a busy group is dear.

Examples:
  npm run cost -- --hits 10,1000                     in a minute or two; 100,000 hits take longer
  npm run cost -- --types plain,event_count          two types of detector
  npm run cost -- --types plain --hits 1000 --full   every hit on the whole road, with all sweeps
  npm run -s cost -- --json | jq .next               one JSON object a line, to compare with another run`;

/** The options of `npm run cost`. */
export function costCommand(): Command {
  return new Command('cost')
    .description(ABOUT)
    .addOption(
      new Option('--hits <list>', 'hits that the group has before, with commas')
        .default([10, 1000, 100_000], '10,1000,100000')
        .argParser(parseHits),
    )
    .addOption(listOption('--types <list>', 'types of detector', TYPES, TYPES))
    .addOption(listOption('--spreads <list>', 'how the hits lie in time', SPREADS, ['burst', 'days']))
    .option(
      '--full',
      'deliver all hits one by one, with a sweep every five minutes, instead of storing and sweeping them once',
    )
    .option('--json', 'one JSON object a line instead of tables')
    .addHelpText('after', EXAMPLES);
}

/**
 * Reads the options of `npm run cost`; like every commander command it ends the process, with a message, where they are
 * wrong.
 */
export function parseCostOptions(argv: string[]): CostOptions {
  return costCommand().parse(argv, { from: 'user' }).opts<CostOptions>();
}

function parseHits(text: string): number[] {
  const hits = text.split(',').map(Number);
  if (!hits.every((one) => Number.isInteger(one) && one >= 1 && one <= 1_000_000))
    throw new InvalidArgumentError('Give whole numbers from 1 to 1000000, with commas: 10,1000.');
  return hits;
}

function listOption<T extends string>(flags: string, what: string, known: readonly T[], preset: readonly T[]): Option {
  return new Option(flags, `${what}, with commas (${known.join(', ')})`)
    .default([...preset], preset.length === known.length ? 'all' : preset.join(','))
    .argParser((text: string): T[] => {
      const names = text.split(',') as T[];
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) throw new InvalidArgumentError(`There is no "${unknown}".`);
      return names;
    });
}
