import { isDeepStrictEqual } from 'node:util';
import type { Correlation } from './correlation';
import { DAY_MILLISECONDS, dayOf, episodesOf, type Day } from './episodes';
import { byTime, makeHits, placeIn, type Hit, type Placed } from './hit';
import type { Match } from './match';
import type { Rule } from './rule';
import type { Ruleset } from './ruleset';
import type { Head, HeadChange, Store } from './store';
import { completing, firing, type WindowHit } from './windows';

/** `matches` make hits; what makes none is counted. Of a plain rule no match is ever left out. */
export interface Correlated {
  changes: HeadChange[];
  matches: number;
  hits: number;
  /** The same hit again. */
  repeated: number;
  /** The same key with other content. */
  conflicting: number;
  /** Left out of a correlation for want of a group value. */
  withoutGroup: number;
  /** Left out of a correlation for want of a usable time. */
  untimed: number;
}

export interface CorrelateOptions {
  /** Windows that end before this time (milliseconds since the epoch) are over; asked when all matches are in. */
  over?: () => number;
}

/** Another worker may write the same head; each attempt starts from what is then there. */
const MAX_ATTEMPTS = 20;

/** A partition that got hits, and the days on which it may look different now. */
interface Touched {
  sample: Hit;
  days: Set<Day>;
}

/**
 * Remembers matches as hits, then brings the heads of all groups that were touched up to date, each once however many
 * hits it got: those of rules, then those of correlations, inputs before what they feed. What the heads hold in the end
 * depends only on which matches there were.
 */
export async function correlate(
  matches: AsyncIterable<Match> | Iterable<Match>,
  ruleset: Ruleset,
  store: Store,
  { over = () => Infinity }: CorrelateOptions = {},
): Promise<Correlated> {
  const result: Correlated = {
    ...{ changes: [], matches: 0, hits: 0, repeated: 0, conflicting: 0, withoutGroup: 0, untimed: 0 },
  };
  const touched = new Map<Rule | Correlation, Map<string, Touched>>();
  for await (const match of matches) {
    const { placed, withoutGroup, untimed } = makeHits(match, ruleset);
    result.matches++;
    result.withoutGroup += withoutGroup;
    result.untimed += untimed;
    for (const { detector, hit } of placed) {
      const put = await store.put(hit);
      if (put.outcome === 'new') result.hits++;
      else if (put.outcome === 'known') result.repeated++;
      else result.conflicting++;
      // A known hit is not "already done": a worker may have died between its put and the head.
      touch(touched, detector, hit, put.days);
    }
  }
  const end = over();
  for (const detector of [...ruleset.rules, ...ruleset.correlations]) {
    for (const { sample, days } of touched.get(detector)?.values() ?? []) {
      if (!detector.silenced) result.changes.push(...(await settle(detector, sample, days, store, end)));
      if (detector.kind === 'correlation' && detector.feeds.length > 0) {
        for (const inner of await feed(detector, sample, store)) touch(touched, inner.detector, inner.hit, inner.days);
      }
    }
  }
  return result;
}

function touch(
  touched: Map<Rule | Correlation, Map<string, Touched>>,
  detector: Rule | Correlation,
  hit: Hit,
  days: Day[],
): void {
  let partitions = touched.get(detector);
  if (!partitions) touched.set(detector, (partitions = new Map<string, Touched>()));
  let entry = partitions.get(hit.partition);
  if (!entry) partitions.set(hit.partition, (entry = { sample: hit, days: new Set() }));
  for (const day of days) for (const affected of affectedBy(day, detector)) entry.days.add(affected);
}

/** The days whose heads a hit may change: where a window with it lies, and the day after, whose first episode may continue. */
function affectedBy(day: Day, detector: Rule | Correlation): Day[] {
  if (detector.kind === 'rule' && detector.firstSeen) return ['ever'];
  if (typeof day !== 'number') return [day];
  const reach = reachOf(detector);
  const quietDays = Math.ceil(detector.quietMilliseconds / DAY_MILLISECONDS);
  return Array.from({ length: 2 * reach + quietDays + 1 }, (_, i) => day - reach + i);
}

/** How many days away a hit may still decide whether another fires: it may open, or keep another from opening, a window. */
function reachOf(detector: Rule | Correlation): number {
  if (detector.kind === 'rule') return 0;
  return Math.ceil((2 * detector.window.timespanMilliseconds) / DAY_MILLISECONDS);
}

/**
 * Brings the heads of a partition up to date. First the heads are read, *then* the hits: a head that is still unchanged
 * when it is written was computed from hits at least as fresh as those it held.
 */
async function settle(
  detector: Rule | Correlation,
  sample: Hit,
  affected: Set<Day>,
  store: Store,
  over: number,
): Promise<HeadChange[]> {
  const { partition, detectorId, group } = sample;
  const changes: HeadChange[] = [];
  let open = [...affected];
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const heads = new Map<Day, Head | undefined>();
    for (const day of open) heads.set(day, await store.head(partition, day));
    const hits = firingHits(detector, await store.hits(partition, daysToRead(open, detector)), over);
    const lost: Day[] = [];
    for (const [day, before] of heads) {
      const episodes = episodesOf(hits, day, detector.quietMilliseconds);
      if (isDeepStrictEqual(episodes, before?.episodes ?? [])) continue;
      const after: Head = { partition, detectorId, group, day, version: (before?.version ?? 0) + 1, episodes };
      if (await store.putHead(after)) changes.push({ before, after });
      else lost.push(day);
    }
    open = lost;
    if (open.length === 0) return changes;
  }
  throw new Error(`the heads of ${partition} changed ${MAX_ATTEMPTS} times while they were being written`);
}

/** Enough to judge every window that touches one of some days, and what their first episodes continue. */
function daysToRead(days: Day[], detector: Rule | Correlation): Day[] | 'all' {
  if (days.includes('ever')) return 'all';
  const reach = reachOf(detector);
  const back = reach + Math.ceil(detector.quietMilliseconds / DAY_MILLISECONDS);
  const wanted = new Set<Day>();
  for (const day of days) {
    if (typeof day !== 'number') wanted.add(day);
    else for (let near = day - back; near <= day + reach; near++) wanted.add(near);
  }
  return [...wanted];
}

/** Every hit of a plain rule fires; of a correlation, those in a window that satisfies it. */
function firingHits(detector: Rule | Correlation, hits: Hit[], over: number): Hit[] {
  if (detector.kind === 'rule') return hits;
  const sorted = hits.filter((hit) => hit.time !== undefined).sort(byTime);
  const fires = firing(sorted as WindowHit[], detector.window, over);
  return sorted.filter((_, i) => fires[i]);
}

/**
 * The hits that a partition of a correlation makes in the correlations it feeds: one for each of its episodes, at the
 * time when the earliest window of it was complete. They replace those that it made before.
 */
async function feed(detector: Correlation, sample: Hit, store: Store): Promise<(Placed & { days: Day[] })[]> {
  const all = (await store.hits(sample.partition, 'all')).filter((hit) => hit.time !== undefined).sort(byTime);
  const fires = firing(all as WindowHit[], detector.window, Infinity);
  const completes = completing(all as WindowHit[], detector.window);
  const made: Placed[] = [];
  let episode: Hit[] = [];
  let isComplete = false;
  all.forEach((hit, i) => {
    if (!fires[i]) return;
    if (episode.length > 0 && hit.time! - episode.at(-1)!.time! > detector.quietMilliseconds) {
      episode = [];
      isComplete = false;
    }
    episode.push(hit);
    if (completes[i] && !isComplete) {
      isComplete = true;
      made.push(...innerHits(detector, hit, episode));
    }
  });
  const days = await store.replace(
    sample.partition,
    made.map(({ hit }) => hit),
  );
  return [
    ...made.map((placed) => ({ ...placed, days: [dayOf(placed.hit.time)] })),
    ...days.flatMap(({ hit, day }) =>
      detector.feeds
        .filter(({ correlation }) => correlation.id === hit.detectorId)
        .map(({ correlation }) => ({ detector: correlation, hit, days: [day] })),
    ),
  ];
}

/** A completed correlation as a hit of those it feeds: its group, and what else its events agree on, are its fields. */
function innerHits(detector: Correlation, last: Hit, episode: Hit[]): Placed[] {
  const fields: Record<string, string> = { ...last.group };
  for (const { name } of detector.carries) {
    const values = new Set(episode.map((hit) => hit.carried?.[name]));
    const [value] = values;
    if (values.size === 1 && value !== undefined) fields[name] = value;
  }
  const placed: Placed[] = [];
  for (const { correlation, input } of detector.feeds) {
    const group = correlation.group.map(({ name, names }) => [name, fields[names[input]!]] as const);
    if (group.some(([, value]) => value === undefined)) continue;
    const counted = correlation.values.map(({ names }) => fields[names[input]!]);
    const hit: Hit = {
      ...last,
      ...placeIn(correlation, Object.fromEntries(group) as Record<string, string>),
      id: `${input} ${last.partition} ${last.key}`,
      level: correlation.level,
      input,
      value: counted.length === 1 ? counted[0] : counted.includes(undefined) ? undefined : JSON.stringify(counted),
      carried: fields,
    };
    placed.push({ detector: correlation, hit });
  }
  return placed;
}
