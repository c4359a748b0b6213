import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { dayAt, dayOf, type Day } from '../../engine/episodes';
import { makeHits } from '../../engine/hit';
import { match, type Match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import type { Store } from '../../engine/store';
import { sweep } from '../../engine/sweep';
import { work } from '../../engine/work';
import { ofHead, ofHit } from '../../state/item';
import { inputsOf, rulesetOf, type DetectorType } from './detectors';
import { withDynamo, type Units } from './dynamo';
import { eventOf, lateTimes, nextTimes, NOW, timesOf, type Spread } from './hits';

/** One group of hits, and how it comes to be. */
export interface Case {
  type: DetectorType;
  spread: Spread;
  /** How many hits the group has when measuring begins. */
  hits: number;
  /** Whether they come one by one, as in use, with a sweep every five minutes; else they are stored, and swept once. */
  isFull: boolean;
}

/** Means of a few measurements. */
export interface Measured extends Case {
  /** Of one more hit, later than all others. */
  next: Units;
  /** Of one more hit, among the others. */
  late: Units;
  /** Of sweeping the group, per hit: once, or along the full road as often as it is due. */
  sweep: Units;
  /** Of the group's largest head, in bytes as stored. */
  headBytes: number;
}

/** A day after {@link NOW} all that was put off has come due. */
const LATER = NOW + 86_400_000;
const SWEEP_EVERY = 5 * 60_000;
const SAMPLE = 10;

/**
 * What hits of one group cost in DynamoDB.
 *
 * @throws Error where dynalite is not installed
 */
export async function measure(one: Case): Promise<Measured> {
  const { type, spread, hits } = one;
  const ruleset = rulesetOf(type);
  const matchesAt = (times: number[], from: number): Match[] =>
    times.flatMap((time, i) => match(eventOf(from + i, time, inputsOf(type)), ruleset));
  const times = timesOf(spread, hits);

  return withDynamo(async ({ store, meter, load }) => {
    const sample = async (matches: Match[]): Promise<Units> =>
      per(await meter(() => deliver(matches, ruleset, store, NOW)), matches.length);
    const idle = await meter(() => sweepAll(ruleset, store, NOW));
    /** Without what a sweep costs where nothing is due. */
    const sweepAt = async (now: number): Promise<Units> => {
      const { read, write } = await meter(() => sweepAll(ruleset, store, now));
      return { read: read - idle.read, write: write - idle.write };
    };
    const matches = matchesAt(times, 0);
    const days = new Set(times.map(dayAt));
    const place = makeHits(matches[0]!, ruleset).placed[0]!.hit;

    const sweeps: Units[] = [];
    if (type === 'first_seen') await work(matches, ruleset, store, NOW);
    else if (!one.isFull) {
      await load(itemsOf(matches, ruleset));
      await store.putDue(place, { days: [...days], times: [] }, NOW);
    } else {
      for (const [i, time] of times.entries()) {
        if (i > 0 && hasPassed(times[i - 1]!, time)) sweeps.push(await sweepAt(time));
        await deliver([matches[i]!], ruleset, store, time);
      }
    }
    sweeps.push(await sweepAt(LATER));
    const next = await sample(matchesAt(nextTimes(spread, hits, SAMPLE), hits));
    const late = await sample(matchesAt(lateTimes(spread, hits, SAMPLE), hits + SAMPLE));
    return {
      ...one,
      next,
      late,
      sweep: per(sum(sweeps), hits),
      headBytes: await largestHead(store, place.partition, [...days, 'ever']),
    };
  });
}

/** Whether one more sweep has come between two times. */
function hasPassed(before: number, time: number): boolean {
  return Math.floor(time / SWEEP_EVERY) > Math.floor(before / SWEEP_EVERY);
}

/** Each match is a delivery of its own. */
async function deliver(matches: Match[], ruleset: Ruleset, store: Store, now: number): Promise<void> {
  for (const one of matches) await work([one], ruleset, store, now);
}

async function sweepAll(ruleset: Ruleset, store: Store, now: number): Promise<void> {
  for await (const change of sweep(ruleset, store, now)) void change;
}

function* itemsOf(matches: Match[], ruleset: Ruleset): Iterable<Record<string, AttributeValue>> {
  for (const one of matches) {
    for (const { hit } of makeHits(one, ruleset).placed) yield ofHit(hit, [dayOf(hit)], 1, NOW / 1000);
  }
}

async function largestHead(store: Store, partition: string, days: Day[]): Promise<number> {
  let largest = 0;
  for (const day of days) {
    const head = await store.head(partition, day);
    if (head) largest = Math.max(largest, ofHead(head, NOW / 1000)['data']!.B!.length);
  }
  return largest;
}

function per({ read, write }: Units, count: number): Units {
  return { read: read / count, write: write / count };
}

function sum(all: Units[]): Units {
  return all.reduce((total, { read, write }) => ({ read: total.read + read, write: total.write + write }));
}
