import { isObject, type Json, type JsonObject } from '../events/json';

/**
 * A rehearsal of the road: what a sample story finds, marked as such, in partitions of its own. No group, no first-seen
 * tuple and no window ever holds hits of a drill and others.
 */
export interface Drill {
  /** Tells one drill from another. */
  run: string;
  /** Whether it pages people, marked DRILL; else it goes where nobody is woken. */
  pages: boolean;
}

/** `source` of a drill's events on the hub's bus. */
export const DRILL_SOURCE = 'privwatch.drill';
/** `detail-type` of the same. */
export const DRILL_DETAIL_TYPE = 'privwatch drill';

/** The detail of such an event. */
export interface DrillDetail extends Drill {
  /** In any shape that events come in, e.g. as the EventBridge event of a GuardDuty finding. */
  event: JsonObject;
}

/** The name in a group that keeps a drill apart. No detector may group by a field of that name. */
export const DRILL_FIELD = 'privwatch.drill';

const PAGES = ', pages';

/** What a drill adds to every group. */
export function apartFor({ run, pages }: Drill): Record<string, string> {
  return { [DRILL_FIELD]: `${run}${pages ? PAGES : ''}` };
}

/** The drill that a group belongs to, if it does. */
export function drillOf(group: Record<string, string>): Drill | undefined {
  const value = group[DRILL_FIELD];
  if (value === undefined) return undefined;
  const pages = value.endsWith(PAGES);
  return { run: pages ? value.slice(0, -PAGES.length) : value, pages };
}

const RUN = /^[A-Za-z0-9-]{1,64}$/;

/**
 * The drill that an EventBridge event is of; undefined if its source is another. EventBridge itself writes source and
 * account into what it delivers, so that nobody in another account can make one.
 *
 * @param hub the account that drills may come from; without it, none may
 * @throws Error that says why it is no drill although its source says so
 */
export function drillFrom(envelope: Json, hub: string | undefined): DrillDetail | undefined {
  if (!isObject(envelope) || envelope['source'] !== DRILL_SOURCE) return undefined;
  if (hub === undefined || envelope['account'] !== hub)
    throw new Error('a drill that is not of the account of the hub');
  const { detail } = envelope;
  if (!isObject(detail)) throw new Error('a drill without a detail');
  const { run, pages, event } = detail;
  if (typeof run !== 'string' || !RUN.test(run))
    throw new Error('a drill whose run is not named in letters, digits, -');
  if (typeof pages !== 'boolean') throw new Error('a drill that does not say whether it pages');
  if (!isObject(event)) throw new Error('a drill without an event');
  return { run, pages, event };
}
