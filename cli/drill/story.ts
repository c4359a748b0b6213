import { applyChanges, changes } from '../../engine/changes';
import type { Drill } from '../../engine/drill';
import type { Finding } from '../../engine/finding';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import { work } from '../../engine/work';
import type { Event } from '../../events/event';
import type { Json, JsonObject } from '../../events/json';
import { readEvents } from '../../events/read';
import { redactEvent } from '../../events/redact';
import { formatTime, parseTime } from '../../events/time';
import { unwrap, type Unwrapped } from '../../events/unwrap';
import { MemoryStore } from '../../state/memory';

/** Records that some detector matches, as if they had just happened, and what they come to. */
export interface Story {
  records: JsonObject[];
  /** By id: what a worker finds at once, without the timer that judges windows when they are over. */
  expected: Map<string, Finding>;
}

/**
 * Reads a story and moves it in time: its last event happens now.
 *
 * @param now milliseconds since the epoch
 */
export async function tellStory(files: string[], ruleset: Ruleset, drill: Drill, now: number): Promise<Story> {
  const events = new Map<string, Event>();
  for await (const batch of readEvents(files))
    for (const event of batch.events) if (match(event, ruleset).length > 0) events.set(event.key, event);
  const last = Math.max(...[...events.values()].map(({ time }) => time ?? -Infinity));
  const shift = Number.isFinite(last) ? Math.floor((now - last) / 1000) * 1000 : 0;
  const records = [...events.values()].map((event) => moved(redactEvent(event).record, shift) as JsonObject);
  return { records, expected: await findingsOf(records, ruleset, drill, now) };
}

/** Every time in a record, wherever it stands, later by so many milliseconds. */
function moved(value: Json, shift: number): Json {
  if (typeof value === 'string') {
    const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? parseTime(value) : undefined;
    return time === undefined ? value : formatTime(time + shift);
  }
  if (Array.isArray(value)) return value.map((member) => moved(member, shift));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, moved(member, shift)]));
}

async function findingsOf(
  records: JsonObject[],
  ruleset: Ruleset,
  drill: Drill,
  now: number,
): Promise<Map<string, Finding>> {
  const [store, findings] = [new MemoryStore(), new Map<string, Finding>()];
  const content: Unwrapped = { events: [], rejected: [] };
  for (const record of records) unwrap(record, content);
  for (const event of content.events) {
    const worked = await work(match(event, ruleset), ruleset, store, now, drill);
    for (const change of worked.changes) applyChanges(findings, changes(change, ruleset));
  }
  return findings;
}
