import type { Correlation } from './correlation';
import { dayAt, DAY_MILLISECONDS } from './episodes';
import { Gathering, type Gathered } from './gather';
import type { Match } from './match';
import type { Mint } from './mint';
import type { Ruleset } from './ruleset';
import { quietDaysOf, reachOf, settleAll } from './settle';
import type { HeadChange, Store } from './store';
import { isMonotone } from './window-rule';

export interface Correlated extends Gathered {
  changes: HeadChange[];
}

/** A bound for what is remembered of very long histories. */
export interface Lateness {
  /** An event that is older than the newest by more than this is not counted by correlations any more. */
  milliseconds: number;
  /** Forgets the hits and heads of a detector on days before the one that is given for it. */
  forget: (firstDayOf: (detectorId: string) => number) => void;
}

export interface CorrelateOptions {
  /** Windows that end before this time (milliseconds since the epoch) are over; asked whenever heads are brought up to date. */
  over?: () => number;
  /** Without it nothing is ever too late. */
  lateness?: Lateness | undefined;
}

/**
 * Remembers matches as hits, then brings the heads of all groups that were touched up to date, each once however many
 * hits it got. What the heads hold in the end depends only on which matches there were: not on order, batches, or the
 * number of workers. After an error, the same call again makes up for what was left undone.
 *
 * This is how all events of a replay are judged at once. Where events come one by one, `work` judges each from the few
 * hits around it.
 */
export async function correlate(
  matches: AsyncIterable<Match | Mint> | Iterable<Match | Mint>,
  ruleset: Ruleset,
  store: Store,
  { over = () => Infinity, lateness }: CorrelateOptions = {},
): Promise<Correlated> {
  const bound = lateness?.milliseconds ?? Infinity;
  let newest = -Infinity;
  let settledAt = Infinity;
  const gathering = new Gathering(ruleset, store, { isTooLate: ({ time }) => time! < newest - bound });
  const changes: HeadChange[] = [];
  const settleTouched = async (): Promise<void> => {
    const work = { store, context: ruleset.context, over: over(), limit: Infinity };
    for (const change of await settleAll(gathering.touches, ruleset, work)) changes.push(change);
  };
  for await (const match of matches) {
    await gathering.take(match);
    const time = 'name' in match ? match.time : match.event.time;
    newest = Math.max(newest, time ?? -Infinity);
    settledAt = Math.min(settledAt, newest);
    if (!lateness || newest - settledAt <= bound) continue;
    await settleTouched();
    gathering.touches = forgetOld(gathering, ruleset, newest - bound, lateness);
    settledAt = newest;
  }
  await settleTouched();
  return { ...gathering.counts, changes };
}

/**
 * Forgets what no event can change any more.
 *
 * @returns what has to be judged again: windows that are not over
 */
function forgetOld(
  { touches }: Gathering,
  { correlations }: Ruleset,
  latest: number,
  { forget }: Lateness,
): Gathering['touches'] {
  // A chain reads its inner hits from all that there is.
  const single = correlations.filter(({ feeds, inputs }) => [...feeds, ...inputs.filter(isCorrelation)].length === 0);
  const open = correlations.filter(({ window }) => !isMonotone(window));
  // What is judged again, from this day on, looks at hits and heads before it.
  const first = dayAt(latest - Math.max(DAY_MILLISECONDS, ...open.map(reachOf))) - 1;
  const oldestOf = (one: Correlation): number => {
    const firstHead = dayAt(first * DAY_MILLISECONDS - reachOf(one));
    return Math.min(firstHead - quietDaysOf(one), dayAt(firstHead * DAY_MILLISECONDS - reachOf(one)));
  };
  const oldest = new Map(single.map((one) => [one.id, oldestOf(one)]));
  // Rules are of acts that are rare, and file a finding however late the event.
  forget((detectorId) => oldest.get(detectorId) ?? -Infinity);
  return touches.from(open, first);
}

function isCorrelation({ kind }: Correlation['inputs'][number]): boolean {
  return kind === 'correlation';
}
