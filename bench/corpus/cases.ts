import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../events/event';
import { isObject, text, type Json, type JsonObject } from '../../events/json';
import { readFile } from '../../events/read';
import { unwrap, type Unwrapped } from '../../events/unwrap';

/** One labelled case of a corpus: events, and whether an attack is among them. */
export interface Case {
  id: string;
  /** The collection it comes from: the first part of the id. */
  source: string;
  /** Cases of one activity are the positive and negative examples of one rule of others. */
  activity: string;
  isAttack: boolean;
  /** Benign as far as its own activity goes; the event may well be another's attack. */
  isRelative: boolean;
  /** Weak ones are calls that are everyday life by themselves. */
  isStrong: boolean;
  /** ATT&CK ids of the attack's steps, e.g. `T1098.003`. */
  techniques: string[];
  /** Names of techniques of an attack simulator, where it made the events. */
  simulated: string[];
  /** Whether an event is of the attack itself; all are, where the labels do not tell. */
  isKey: (event: Event) => boolean;
  events: Event[];
}

/** A case as `manifest.json` describes it. */
interface Entry {
  id: string;
  file: string;
  caseIndex?: number;
  expected: 'attack' | 'benign';
  expectedForActivity?: boolean;
  signal?: 'strong' | 'weak';
  labels: { technique: string | null; stratus?: string }[];
  keyEvents?: string[];
  attackEvents?: { eventID: string }[];
}

/** The folder of the labelled corpus, or why there is none. */
export function findCorpus(folder = process.env['PRIVWATCH_CORPUS']): { folder: string } | { skipped: string } {
  if (!folder) return { skipped: 'no corpus: name its folder by --corpus or PRIVWATCH_CORPUS' };
  if (!existsSync(join(folder, 'manifest.json'))) return { skipped: `${folder}: there is no manifest.json in it` };
  return { folder };
}

/** Reads the cases that a corpus describes in its `manifest.json`. */
export async function readCases(folder: string): Promise<Case[]> {
  const { cases } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { cases: Entry[] };
  const read: Case[] = [];
  for (const entry of cases) read.push(caseOf(entry, await eventsOf(folder, entry)));
  return read;
}

function caseOf(entry: Entry, events: Event[]): Case {
  const { id, file, expected, expectedForActivity, signal, labels, keyEvents, attackEvents } = entry;
  return {
    id,
    source: id.split('/')[0]!,
    activity: file,
    isAttack: expected === 'attack',
    isRelative: expected === 'benign' && expectedForActivity === false,
    isStrong: signal !== 'weak',
    techniques: [...new Set(labels.flatMap(({ technique }) => technique ?? []))],
    simulated: [...new Set(labels.flatMap(({ stratus }) => stratus ?? []))],
    isKey: keyOf(keyEvents, attackEvents),
    events,
  };
}

function keyOf(names: string[] | undefined, attackEvents: { eventID: string }[] | undefined): Case['isKey'] {
  const ids = attackEvents && new Set(attackEvents.map(({ eventID }) => eventID));
  return ({ id, record }) => ids?.has(id) ?? names?.includes(text(record, 'eventName') ?? '') ?? true;
}

/** Files of several cases are arrays of objects that hold a record each under `event`. */
async function eventsOf(folder: string, { file, caseIndex }: Entry): Promise<Event[]> {
  const path = join(folder, file);
  if (caseIndex !== undefined) {
    const { event } = (JSON.parse(readFileSync(path, 'utf8')) as JsonObject[])[caseIndex]!;
    return eventsIn(event ?? null);
  }
  const events: Event[] = [];
  for await (const batch of readFile(path)) events.push(...batch.events);
  return events;
}

/** The events in a JSON value. */
export function eventsIn(value: Json): Event[] {
  const out: Unwrapped = { events: [], rejected: [] };
  if (isObject(value) || Array.isArray(value)) unwrap(value, out);
  return out.events;
}
