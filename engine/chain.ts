import type { Context } from '../events/derived';
import type { Correlation } from './correlation';
import { apartFor, drillOf } from './drill';
import { dayAt, daysBetween, isWithin, type Span } from './episodes';
import { byTime, placeIn, titleOf, tupleOf, type Hit, type Place } from './hit';
import type { Rule } from './rule';
import { wholeUntil, type Link, type Read, type Store } from './store';
import { completing, firing, type WindowHit } from './windows';

/*
 * Chains: a correlation whose windows were satisfied is itself a hit of the correlations that refer to it.
 *
 * Such inner hits are never stored: a late event may move them, or join two into one, and of two workers that stored
 * theirs the slower one would win. They are made anew from the hits behind them whenever they are read. All that is kept
 * is a link from each partition to every place and day at which it was ever seen to make one, and links are only added:
 *
 *   hits of the inner one ──link──> place and day in an outer one
 *   read    an outer partition: its own hits, and what its links' sources make of theirs now
 *   change  an inner partition: all it was ever linked to is judged again, as what it made there may be gone
 */

/** What hits are read with. */
export interface Reading {
  store: Store;
  context: Context;
  /** Of each input of a partition, no more than so many hits are read at once. */
  limit: number;
}

const ALWAYS: Span = [-Infinity, Infinity];

/** The hits of a partition within some spans: those that were put, and those that its linked correlations make. */
export async function readHits(
  detector: Rule | Correlation,
  partition: string,
  spans: Span[],
  reading: Reading,
): Promise<Read> {
  const { store, limit } = reading;
  const inputs = detector.kind === 'rule' ? 1 : detector.inputs.length;
  const read = await store.hits(partition, inputs, spans, limit);
  if (detector.kind === 'rule' || detector.inputs.every(({ kind }) => kind === 'rule')) return read;
  const sources = new Map<string, Place>();
  for (const { source } of await linksTo(partition, spans, store)) sources.set(source.partition, source);
  for (const source of sources.values()) {
    const input = detector.inputs.findIndex(({ id }) => id === source.detectorId);
    const inner = detector.inputs[input];
    if (inner?.kind !== 'correlation') continue;
    const made = await innerHits(inner, source.partition, reading);
    read.hits.push(...made.hits.filter((hit) => hit.partition === partition && isWithin(hit, spans)));
    read.until[input] = Math.min(read.until[input]!, wholeUntil(made));
  }
  return read;
}

function linksTo(partition: string, spans: Span[], store: Store): Promise<Link[]> {
  if (spans.includes(ALWAYS)) return store.linksTo(partition, 'all');
  const days = spans.flatMap((span) => (typeof span === 'string' ? [] : daysBetween(dayAt(span[0]), dayAt(span[1]))));
  return store.linksTo(partition, [...new Set(days)]);
}

/**
 * Links a partition of a correlation to wherever it makes hits of others.
 *
 * @returns all links that it ever had
 */
export async function linkInnerHits(detector: Correlation, place: Place, reading: Reading): Promise<Link[]> {
  const { store } = reading;
  const links = new Map<string, Link>();
  const nameOf = ({ target, day }: Link): string => `${target.partition} ${day}`;
  for (const link of await store.linksFrom(place.partition)) links.set(nameOf(link), link);
  for (const { partition, detectorId, group, time } of (await innerHits(detector, place.partition, reading)).hits) {
    const link: Link = { source: place, target: { partition, detectorId, group }, day: dayAt(time!) };
    if (links.has(nameOf(link))) continue;
    await store.link(link);
    links.set(nameOf(link), link);
  }
  return [...links.values()];
}

/**
 * The hits that a partition of a correlation makes in those that refer to it: one for each run of firing hits with no gap
 * longer than `quiet` (here midnight cuts nothing), at the time when the run's earliest window was complete.
 */
async function innerHits(detector: Correlation, partition: string, reading: Reading): Promise<Read> {
  const { hits, until } = await readHits(detector, partition, [ALWAYS], reading);
  const sorted = hits.filter((hit) => hit.time !== undefined).sort(byTime);
  const fires = firing(sorted as WindowHit[], detector.window, Infinity);
  const completes = completing(sorted as WindowHit[], detector.window);
  const made: Hit[] = [];
  let run: Hit[] = [];
  let isComplete = false;
  sorted.forEach((hit, i) => {
    if (!fires[i]) return;
    if (run.length > 0 && hit.time! - run.at(-1)!.time! > detector.quietMilliseconds) {
      run = [];
      isComplete = false;
    }
    run.push(hit);
    if (!completes[i] || isComplete) return;
    isComplete = true;
    made.push(...outerHits(detector, run, reading.context));
  });
  return { hits: made, until };
}

/** The hits of one completion: the group, and what else its events agree on, are their fields; the rest is the last's. */
function outerHits(detector: Correlation, run: Hit[], context: Context): Hit[] {
  const last = run.at(-1)!;
  const fields = new Map<string, string>();
  for (const { name } of [...detector.group, ...detector.carries]) {
    const values = new Set(run.map((hit) => hit.carried?.[name]));
    const [value] = values;
    if (values.size === 1 && value !== undefined) fields.set(name, value);
  }
  const carried = Object.fromEntries(fields);
  const drill = drillOf(last.group);
  const apart = drill && apartFor(drill);
  const made: Hit[] = [];
  for (const { correlation, input } of detector.feeds) {
    const group = correlation.group.map(({ name, names }) => [name, fields.get(names[input]!)] as const);
    if (group.some(([, value]) => value === undefined)) continue;
    const title = titleOf(correlation, last.content, last.resources, context, (name) => fields.get(name) ?? '');
    const ofGroup = { ...Object.fromEntries(group), ...apart } as Record<string, string>;
    made.push({
      ...last,
      ...placeIn(correlation, ofGroup),
      id: `${input} ${last.partition} ${last.key}`,
      level: correlation.level,
      content: { ...last.content, title },
      input,
      value: tupleOf(correlation.values.map(({ names }) => fields.get(names[input]!))),
      carried: { ...carried, ...ofGroup },
    });
  }
  return made;
}
