import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../events/event';
import { inTimeOrder, sortByTime } from '../../events/order';

const folder = mkdtempSync(join(tmpdir(), 'order-'));
const written = (name: string, ...times: string[]): string => {
  const file = join(folder, name);
  const Records = times.map((eventTime) => ({ eventTime, eventSource: 'iam.amazonaws.com', eventName: 'ListUsers' }));
  writeFileSync(file, JSON.stringify({ Records }));
  return file;
};

test('files are put in the order of time, by the names that CloudTrail gives them or by what is in them', async () => {
  const [early, later, last] = [
    'AWSLogs/2/CloudTrail/us-east-1/2_CloudTrail_us-east-1_20260304T2350Z_aB3.json.gz',
    'AWSLogs/1/CloudTrail/us-east-1/1_CloudTrail_us-east-1_20260305T0005Z_xyz.json.gz',
    'AWSLogs/1/CloudTrail/eu-west-1/1_CloudTrail_eu-west-1_20260305T0010Z_xyz.json.gz',
  ] as const;
  // As `lookup-events` answers: the newest first.
  const between = written('b.json', '2026-06-01T00:00:00Z', '2026-03-05T00:07:00Z');
  const before = written('z_20260601T0000Z.json', '2026-03-01T00:00:00Z');
  const timeless = written('c.json');
  expect(await inTimeOrder([last, between, later, before, timeless, early])).toEqual([
    ...[timeless, before, early, later, between, last],
  ]);
});

test('events are sorted by time, those without one first', () => {
  const events = [3, undefined, 1, 2].map((time) => ({ time }) as Event);
  sortByTime(events);
  expect(events.map(({ time }) => time)).toEqual([undefined, 1, 2, 3]);
});
