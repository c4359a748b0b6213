import { createHash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../../events/json';
import { formatTime, parseTimespan } from '../../events/time';
import { unwrap, type Unwrapped } from '../../events/unwrap';
import type { Event } from '../../events/event';
import bases from './bases.json';

const records = bases as unknown as Record<string, JsonObject>;

export const baseNames = Object.keys(records);

/** A Monday morning. */
const START = Date.UTC(2026, 0, 5, 10);

/** A mistake in a test itself. */
export class TestEventError extends Error {
  override readonly name = 'TestEventError';
}

/**
 * The events of a test: each gives the fields that matter, merged over the record named `base`. Objects are merged,
 * anything else replaces; `without` lists fields to leave out. `at` is the time after the first event (one second after
 * the event before, if not given); `repeat` and `every` make several, in which `{n}` and `{n%9}` are replaced.
 */
export function testEvents(descriptions: JsonObject[]): Event[] {
  const out: Unwrapped = { events: [], rejected: [] };
  let number = 0;
  descriptions.forEach((description, i) => {
    const { base, at, repeat, every, without, ...fields } = description;
    const record = base === undefined ? {} : typeof base === 'string' ? records[base] : undefined;
    if (!record)
      throw new TestEventError(`there is no base record ${JSON.stringify(base)}; known: ${baseNames.join(', ')}`);
    const offset = at === undefined ? i * 1000 : at === '0s' ? 0 : (parseTimespan(at) ?? 0);
    const count = typeof repeat === 'number' ? repeat : 1;
    for (let n = 0; n < count; n++) {
      const time = START + offset + n * (parseTimespan(every) ?? 1000);
      const merged = merge(stamp(record, time, number++), substitute(fields, n)) as JsonObject;
      for (const path of (without ?? []) as string[]) remove(merged, path.split('.'));
      unwrap(merged, out);
    }
  });
  const [rejected] = out.rejected;
  if (rejected) throw new TestEventError(`the event cannot be read: ${rejected.reason}`);
  return out.events;
}

/** Its own id and time, for a CloudTrail record, a GuardDuty finding or an EventBridge event. */
function stamp(record: JsonObject, time: number, number: number): JsonObject {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const iso = formatTime(time);
  if (isObject(record['detail'])) return { ...record, id, time: iso };
  if (!isObject(record['service'])) return { ...record, eventTime: iso, eventID: id };
  const service = { ...record['service'], eventFirstSeen: iso, eventLastSeen: iso };
  return { ...record, id: hex.slice(0, 32), createdAt: iso, updatedAt: iso, service };
}

function merge(base: Json, over: Json): Json {
  if (!isObject(base) || !isObject(over)) return over;
  const merged: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = key in base ? merge(base[key]!, value) : value;
  return merged;
}

function substitute(value: Json, n: number): Json {
  if (typeof value === 'string') {
    return value.replace(/\{n(?:%(\d+))?\}/g, (_all, modulus?: string) => String(modulus ? n % Number(modulus) : n));
  }
  if (Array.isArray(value)) return value.map((member) => substitute(member, n));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, substitute(member, n)]));
}

function remove(record: JsonObject, path: string[]): void {
  const last = path.at(-1)!;
  let here: JsonObject = record;
  for (const step of path.slice(0, -1)) {
    const next = here[step];
    if (!isObject(next)) return;
    here[step] = { ...next };
    here = here[step];
  }
  delete here[last];
}
