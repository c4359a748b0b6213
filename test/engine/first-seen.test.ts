import type { FindingChange } from '../../engine/changes';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { findingsOf, inBatches, standing } from './filing';
import { check, messages, ruleOf, rulesetOf } from './support';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 6, 12);

/** Who used which role, `hours` after noon. */
function use(id: string, hours: number | undefined, more: JsonObject = {}): Event {
  const eventTime = hours === undefined ? undefined : new Date(START + hours * HOUR).toISOString();
  return makeEvent(sources.cloudtrail, {
    ...{ eventID: id, recipientAccountId: '1', eventName: 'AssumeRole', who: 'alice', role: 'admin' },
    ...(eventTime !== undefined && { eventTime }),
    ...more,
  });
}

function rulesWith(forget: string): ReturnType<typeof rulesetOf> {
  const privwatch = {
    first_seen: { fields: ['who', 'role'], forget },
    title: '{who} used {role} for the first time',
    severity: [{ when: { env: 'prod' }, level: 'high' }],
  };
  return rulesetOf([ruleOf({ eventName: 'AssumeRole' }, { privwatch })]);
}
const RULES = rulesWith('60d');
const DAY = 24;

const kinds = (list: FindingChange[]): string[] => list.map(({ kind }) => kind).sort();

describe('First-seen', () => {
  test.each<[string, Event[], string[][]]>([
    ['of three sights only the first is filed', [use('a', 0), use('b', 10 * DAY), use('c', 20 * DAY)], [['a']]],
    [
      'so it is when each keeps the last from being forgotten',
      [use('a', 0), use('b', 50 * DAY), use('c', 100 * DAY)],
      [['a']],
    ],
    // What is remembered is the day: 60 days after its end.
    ['it is new again after it was forgotten', [use('a', 0), use('b', 60 * DAY + 12)], [['a'], ['b']]],
    ['and not a moment before', [use('a', 0), use('b', 60 * DAY + 11.99)], [['a']]],
    ['midnight makes nothing new', [use('a', 11.9), use('b', 12.1)], [['a']]],
    ['of two at one time it is the one with the smaller key', [use('b', 0), use('a', 0)], [['a']]],
    [
      'other tuples are new',
      [use('a', 0), use('b', 1, { role: 'dev' }), use('c', 2, { who: 'bob' })],
      [['a'], ['b'], ['c']],
    ],
    [
      'where a value is missing, the key stands in for it',
      [use('a', 0, { role: null }), use('b', 1, { role: null })],
      [['a'], ['b']],
    ],
    [
      'an event without a time stands alone',
      [use('a', undefined), use('b', undefined), use('c', 0)],
      [['a'], ['b'], ['c']],
    ],
  ])('%s', async (_what, events, expected) => {
    for (const order of [events, [...events].reverse()]) {
      const lists = await inBatches(
        order.map((event) => [event, event]),
        RULES,
      );
      const findings = standing(lists.flat());
      expect(findings.map(({ eventIds }) => eventIds).sort()).toEqual(expected);
      expect(findings).toEqual(await findingsOf(events, RULES));
    }
  });

  test('the finding is the first sight, and nothing else', async () => {
    const [finding] = await findingsOf([use('a', 0), use('b', 1, { env: 'prod' }), use('c', 30 * DAY)], RULES);
    expect(finding).toMatchObject({
      title: 'alice used admin for the first time',
      severity: 'low',
      count: 1,
      group: { who: 'alice', role: 'admin' },
      firstSeen: '2026-01-06T12:00:00Z',
      lastSeen: '2026-01-06T12:00:00Z',
      continues: null,
    });
  });

  test.each<[string, string, Event[], string[][]]>([
    [
      'a later sight changes nothing that is to be seen',
      '60d',
      [use('a', 0), use('b', 5), use('c', 50 * DAY)],
      [['created'], [], []],
    ],
    [
      'an earlier sight moves the start, within the rounding',
      '60d',
      [use('a', 0), use('b', -1)],
      [['created'], ['revised']],
    ],
    [
      'beyond it another id takes over, and pages nobody',
      '1d',
      [use('a', 0), use('b', -20)],
      [['created'], ['revised', 'superseded']],
    ],
    [
      'also where the first sight was days ago',
      '2d',
      [use('a', 0), use('b', 40), use('c', -40)],
      [['created'], [], ['revised', 'superseded']],
    ],
    [
      'an earlier sight that is worse does',
      '1d',
      [use('a', 0), use('b', -20, { env: 'prod' })],
      [['created'], ['raised', 'superseded']],
    ],
    [
      'a sight between two joins them',
      '1d',
      [use('a', 0), use('b', 40), use('c', 20)],
      [['created'], ['created'], ['superseded']],
    ],
    [
      'the second sight of a short memory is created on the same day',
      '1h',
      [use('a', 0), use('b', 3)],
      [['created'], ['created']],
    ],
  ])('%s', async (_what, forget, events, expected) => {
    const lists = await inBatches(
      events.map((event) => [event]),
      rulesWith(forget),
    );
    expect(lists.map(kinds)).toEqual(expected);
    expect(standing(lists.flat())).toEqual(await findingsOf(events, rulesWith(forget)));
  });

  test('is no input of a correlation', () => {
    const first = ruleOf(
      { a: 1 },
      { name: 'first', title: 'First', privwatch: { first_seen: { fields: ['a'], forget: '60d' } } },
    );
    const counting = {
      title: 'Count',
      correlation: { type: 'event_count', rules: ['first'], timespan: '1h', condition: { gte: 2 } },
    };
    expect(messages(check([first, counting]).errors)).toEqual([
      'correlation.rules: "First" is about first sights: it cannot be an input of a correlation',
    ]);
  });
});
