import type { Notice } from '../notice';
import { failureOf, isContentRefused } from './retries';
import { failed, type Outcome } from './sink';

/** How a kind of request takes many notices at once. */
export interface Batching<T> {
  /** Notices with one key are one: the newest is sent, the others share its outcome. */
  keyOf(this: void, notice: Notice): string;
  /** What a request carries of a notice. What it throws fails this notice alone. */
  render(this: void, notice: Notice): T;
  /** Bytes that count against the limits. */
  sizeOf(this: void, entry: T): number;
  limits: { entries: number; bytes: number; bytesOfEntry: number };
  /** One request; answers one outcome per entry, in order, or throws what the SDK threw. */
  request(this: void, entries: T[]): Promise<Outcome[]>;
}

/**
 * Sends notices in as few requests as the limits allow. A request that is refused for its content is cut in halves, so
 * that one bad entry does not take the others with it.
 *
 * @returns one outcome per notice, in their order
 */
export async function deliver<T>(notices: Notice[], batching: Batching<T>): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const entries: Entry<T>[] = [];
  for (const [key, notice] of newestByKey(notices, batching.keyOf)) {
    const entry = prepare(key, notice, batching);
    if ('sent' in entry) outcomes.set(key, entry);
    else entries.push(entry);
  }
  for (const batch of batchesOf(entries, batching.limits)) {
    const answers = await requestOrHalves(
      batch.map(({ content }) => content),
      batching.request,
    );
    batch.forEach(({ key }, i) => outcomes.set(key, answers[i] ?? failed('the answer does not name it', true)));
  }
  return notices.map((notice) => outcomes.get(batching.keyOf(notice))!);
}

interface Entry<T> {
  key: string;
  content: T;
  bytes: number;
}

function newestByKey(notices: Notice[], keyOf: (notice: Notice) => string): Map<string, Notice> {
  const newest = new Map<string, Notice>();
  for (const notice of notices) {
    const key = keyOf(notice);
    const other = newest.get(key);
    if (!other || Date.parse(notice.updatedAt) >= Date.parse(other.updatedAt)) newest.set(key, notice);
  }
  return newest;
}

function prepare<T>(key: string, notice: Notice, { render, sizeOf, limits }: Batching<T>): Entry<T> | Outcome {
  try {
    const content = render(notice);
    const bytes = sizeOf(content);
    if (bytes <= limits.bytesOfEntry) return { key, content, bytes };
    return failed(`too large: ${bytes} bytes, at most ${limits.bytesOfEntry} are taken`, false);
  } catch (error) {
    return failed(`cannot be rendered: ${String(error)}`, false);
  }
}

function batchesOf<T>(entries: Entry<T>[], limits: { entries: number; bytes: number }): Entry<T>[][] {
  const batches: Entry<T>[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const batch = batches.at(-1);
    if (batch && batch.length < limits.entries && bytes + entry.bytes <= limits.bytes) {
      batch.push(entry);
      bytes += entry.bytes;
    } else {
      batches.push([entry]);
      bytes = entry.bytes;
    }
  }
  return batches;
}

async function requestOrHalves<T>(entries: T[], request: (entries: T[]) => Promise<Outcome[]>): Promise<Outcome[]> {
  try {
    return await request(entries);
  } catch (error) {
    if (entries.length === 1 || !isContentRefused(error)) return entries.map(() => failureOf(error));
    const half = Math.ceil(entries.length / 2);
    const first = await requestOrHalves(entries.slice(0, half), request);
    return [...first, ...(await requestOrHalves(entries.slice(half), request))];
  }
}
