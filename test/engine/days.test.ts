import fc from 'fast-check';
import type { FindingChange } from '../../engine/changes';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import type { Store } from '../../engine/store';
import { sweep } from '../../engine/sweep';
import { work } from '../../engine/work';
import type { Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { MemoryStore } from '../../state/memory';
import { MIDNIGHT, MINUTE, runs } from './arbitraries';
import { findingsIn, findingsOf } from './filing';
import { Recorded } from './recorded-store';
import { eventsFrom, ruleOf, rulesetOf } from './support';

/*
 * A day's first episode goes on with one of an earlier day, which another worker, or a sweep, may take back: wherever it
 * dies, nothing goes on with what is no more.
 */

const DAY = 1440;
const ID = '00000001-1234-4abc-8abc-123456789abc';
const OTHER_ID = '00000002-1234-4abc-8abc-123456789abc';
const rules = ['a', 'b'].map((name) =>
  ruleOf({ is: name }, { name, title: name, privwatch: { group: ['g'], quiet: '20m' } }),
);
const ONCE: JsonObject = { type: 'event_count', condition: { gte: 1 } };
const SUM: JsonObject = { type: 'value_sum', condition: { gte: 2, field: 'n' } };
const UNDER_TWO: JsonObject = { type: 'event_count', condition: { lt: 2 } };
const A_AND_NOT_B: JsonObject = { type: 'temporal', condition: 'a and not b' };

function counting(said: JsonObject, quiet: string): Ruleset {
  const correlation = { rules: ['a', 'b'], 'group-by': ['g'], timespan: '1h', ...said };
  return rulesetOf([...rules, { title: 'counted', privwatch: { quiet }, correlation }]);
}

const eventAt = eventsFrom(MIDNIGHT);

/** The same event, told of anew: it was at another time. */
function updateAt(is: string, minutes: number, eventID = ID, more: JsonObject = {}): Event {
  return eventAt(is, minutes, { eventID, addendum: { reason: 'UPDATED_DATA' }, ...more });
}

async function take(events: Event[], set: Ruleset, store: Store, now = 0): Promise<void> {
  for (const event of events) await work(match(event, set), set, store, MIDNIGHT + now * MINUTE);
}

/**
 * Files some events, and then one more as often as that and the sweep behind it have steps, with a death at each of them in
 * turn; what was left undone is done again.
 */
async function dieAtEachStep(set: Ruleset, before: Event[], late: Event): Promise<void> {
  const wanted = await findingsOf([...before, late], set);
  for (let step = 1, isDead = true; isDead; step++) {
    isDead = false;
    let left = Infinity;
    const store = new Recorded(async () => {
      if (--left > 0) return;
      left = Infinity;
      isDead = true;
      throw new Error('dead');
    }, new MemoryStore());
    await take(before, set, store);
    await sweepAll(set, store);
    expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(before, set));
    left = step;
    await take([late], set, store).catch(() => take([late], set, store));
    await sweepAll(set, store).catch(() => sweepAll(set, store));
    left = Infinity;
    await sweepAll(set, store);
    expect(findingsIn(store.heads(), set)).toEqual(wanted);
  }
}

/** @param until minutes from midnight */
async function sweepAll(set: Ruleset, store: Store, until = Infinity): Promise<void> {
  for await (const change of sweep(set, store, MIDNIGHT + until * MINUTE)) void change;
}

describe('Nothing goes on with what is no more', () => {
  test.each<[string, Ruleset, Event[], Event]>([
    ['an update', rulesetOf(rules), [eventAt('a', -5, { eventID: ID }), eventAt('a', 5)], updateAt('a', -600)],
    [
      'an update of the second of three days',
      counting(ONCE, '30h'),
      [eventAt('a', -30), eventAt('a', 400, { eventID: ID }), eventAt('a', DAY + 5)],
      updateAt('a', -6 * DAY),
    ],
    ['what must not follow', counting(A_AND_NOT_B, '1d'), [eventAt('a', -240), eventAt('a', 600)], eventAt('b', -220)],
    [
      'a number below zero',
      counting(SUM, '1d'),
      [eventAt('a', -240, { n: 2 }), eventAt('a', 600, { n: 2 })],
      eventAt('b', -220, { n: -1 }),
    ],
  ])('after %s, whichever step its worker or the sweep dies at', async (_what, set, before, late) => {
    await dieAtEachStep(set, before, late);
  });

  test('whatever comes late', async () => {
    const minutes = fc.constantFrom(-DAY - 30, -DAY + 30, -240, -5, 5, 30, 600, DAY - 240, DAY - 5, DAY + 5, DAY + 600);
    const event = fc
      .tuple(fc.constantFrom('a', 'b'), minutes, fc.constantFrom(-1, 2), fc.boolean())
      .map(([is, at, n, isUpdate]) => (isUpdate ? updateAt(is, at, ID, { n }) : eventAt(is, at, { n })));
    const sets = fc
      .tuple(fc.constantFrom(ONCE, SUM, A_AND_NOT_B, UNDER_TWO), fc.constantFrom('20m', '20h', '1d', '30h'))
      .map(([said, quiet]) => counting(said, quiet));
    const events = fc.array(event, { minLength: 4, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sets, events, event, (set, before, late) => dieAtEachStep(set, before, late)),
      runs(25),
    );
  });

  test('where a worker is held up while the day that it goes by is taken back', async () => {
    const set = counting(SUM, '30h');
    const [first, second, third] = [-30, 400, DAY + 10].map((minutes) => eventAt('a', minutes, { n: 2 }));
    const late = eventAt('b', 410, { n: -1 });
    const wanted = await findingsOf([first!, second!, third!, late], set);
    for (let heldUpAt = 1, isOver = false; !isOver; heldUpAt++) {
      const store = new Recorded(undefined, new MemoryStore());
      await take([first!, third!], set, store);
      let step = 0;
      const heldUp = new Recorded(async () => {
        if (++step !== heldUpAt) return;
        await take([late], set, store);
        await sweepAll(set, store);
      }, store);
      await take([second!], set, heldUp);
      isOver = step < heldUpAt;
      await sweepAll(set, store);
      if (!isOver) expect(findingsIn(store.heads(), set)).toEqual(wanted);
    }
  });
});

test('A day that only goes on with another is not taken for judged, nor for not judged, with it', async () => {
  const set = counting(A_AND_NOT_B, '3d');
  const store = new Recorded(undefined, new MemoryStore());
  await take([eventAt('a', 600, { eventID: ID })], set, store);
  await sweepAll(set, store, 700);
  await take([eventAt('a', 2 * DAY + 600), eventAt('a', 2 * DAY + 700, { eventID: OTHER_ID })], set, store, 2 * DAY);
  await sweepAll(set, store, 2 * DAY + 800);
  const before = store.written.length;
  await take([updateAt('a', 630), updateAt('a', 2 * DAY + 705, OTHER_ID)], set, store, 2 * DAY + 800);
  await sweepAll(set, store);
  const isLast = ({ finding }: FindingChange): boolean => finding.firstSeen === '2026-01-08T10:00:00Z';
  expect(store.written.length).toBeGreaterThan(before);
  expect(
    store
      .changes(set)
      .filter(isLast)
      .map(({ kind }) => kind),
  ).not.toContain('withdrawn');
});

test('An event that fired by two rules, and does by one, ends its episode where that one is', async () => {
  const set = counting(UNDER_TWO, '20h');
  const events = [eventAt('a', DAY - 10, { eventID: ID }), updateAt('b', 642), eventAt('a', DAY + 5)];
  const store = new Recorded(undefined, new MemoryStore());
  for (const event of events) {
    await take([event], set, store);
    await sweepAll(set, store);
  }
  expect(findingsIn(store.heads(), set)).toEqual(await findingsOf(events, set));
});
