import { join } from 'node:path';
import { renderDrills } from '../../cli/commands/drill';
import { arrivalOf } from '../../cli/drill/arrivals';
import { tellStory } from '../../cli/drill/story';
import { loadDetectors } from '../../cli/detectors';
import { findFiles, mayHoldEvents } from '../../events/files';
import { chatOf } from '../../findings/chat';
import { eventBridgeDetailOf } from '../../findings/event';
import { noticeWith, setting } from '../findings/support';
import { privwatch, root } from './run';

const NOW = Date.UTC(2026, 10, 5, 12);

test('a story is told as if it had just happened, without secrets, each event once', async () => {
  const { files } = findFiles([join(root, 'samples/root-at-night')], mayHoldEvents);
  const ruleset = loadDetectors([join(root, 'detectors')], {});
  const { records, expected } = await tellStory(files, ruleset, { run: 'r', pages: false }, NOW);
  const times = records.map(({ eventTime }) => Date.parse(eventTime as string)).sort();
  expect(times.at(-1)).toBe(NOW);
  expect(times[0]).toBeGreaterThan(NOW - 86_400_000);
  expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(records.length);
  expect(JSON.stringify(records)).not.toContain('2026-04-18T');
  expect([...expected.values()].map(({ group }) => group['privwatch.drill'])).toEqual([...expected].map(() => 'r'));
  expect([...expected.values()].some(({ detectorTitle }) => detectorTitle.includes('root user'))).toBe(true);
});

describe('an arrival is recognised', () => {
  const Attributes = { SentTimestamp: '1700000000000' };
  const notice = noticeWith(
    { drill: true, notificationId: 'f1' },
    { id: 'f1', group: { 'privwatch.drill': 'r1, pages' } },
  );
  const detail = eventBridgeDetailOf(notice);
  const published = (Message: string, more = {}) => JSON.stringify({ Type: 'Notification', Message, ...more });
  test.each([
    ['on the bus', JSON.stringify({ source: 'privwatch', detail }), { outlet: 'eventbridge', run: 'r1' }],
    ['by machines', published(JSON.stringify(detail)), { outlet: 'machines', run: 'r1' }],
    ['in chat', published(JSON.stringify(chatOf(notice, setting))), { outlet: 'chat' }],
    [
      'by people',
      published('text', { MessageAttributes: { notificationId: { Type: 'String', Value: 'f1 high' } } }),
      { outlet: 'people' },
    ],
  ])('%s', (_, Body, expected) => {
    expect(arrivalOf({ Body, Attributes })).toMatchObject({ findingId: 'f1', at: 1_700_000_000_000, ...expected });
  });

  test('and nothing else is', () => {
    for (const Body of ['', 'text', '[]', '{"Message":"text"}', '{"detail":{}}', '{"Message":"{}"}'])
      expect(arrivalOf({ Body, Attributes })).toBeUndefined();
  });
});

test('what did not come out is named', () => {
  const finding = { id: 'f1', title: 'root signed in\u001b[2J', severity: 'high' as const };
  const text = renderDrills(
    [
      {
        ...{ run: 'r1', events: 3, putMilliseconds: 40, storedMilliseconds: [900], unexpected: ['Something else'] },
        steps: [
          { outlet: 'machines', finding, milliseconds: 2_500 },
          { outlet: 'security-hub', finding, milliseconds: null },
        ],
      },
    ],
    60,
  );
  expect(text).toBe(`1 drill (r1), each of 3 events and 1 finding
step                  findings    median       p95   slowest
put on the bus                    0.04 s    0.04 s    0.04 s
stored by detect                  0.90 s    0.90 s    0.90 s
machines                1 of 1    2.50 s    2.50 s    2.50 s
security-hub            0 of 1         -         -         -
not in security-hub within 60 s: root signed in\\u{1b}[2J
not expected with these detectors and this configuration: Something else
`);
});

test.each([
  [['no-such-story'], /no-such-story: no sample \(.*root-at-night\) and no path/],
  [['--outlets', 'pigeons'], /Give some of security-hub/],
  [['--outlets', 'people'], /people and chat get a drill only with --page/],
  [['ordinary-day', '-d', 'detectors/organizations'], /these detectors find nothing in it/],
])('drill %j is refused', (args, message) => {
  const { code, stderr } = privwatch(['drill', ...args]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});
