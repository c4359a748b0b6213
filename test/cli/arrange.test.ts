import { join } from 'node:path';
import fc from 'fast-check';
import { arrange } from '../../cli/arrange';
import { privwatch, root } from './run';

test('shuffling keeps every event, and the same seed gives the same order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.nat({ max: 99 }), (events, shuffle) => {
      const arranged = arrange(events, { shuffle });
      expect([...arranged].sort()).toEqual([...events].sort());
      expect(arrange(events, { shuffle })).toEqual(arranged);
    }),
  );
});

test('about the share that was asked for comes twice', () => {
  const events = Array.from({ length: 2000 }, (_, i) => i);
  expect(arrange(events, { shuffle: 1, duplicate: 0.5 }).length).toBeGreaterThan(2900);
  expect(arrange(events, { shuffle: 1, duplicate: 0.5 }).length).toBeLessThan(3100);
  expect(arrange(events, { duplicate: 1 })).toEqual([...events, ...events]);
  expect(arrange(events, { shuffle: 2 })).not.toEqual(events);
});

test.each([
  ['1', 'the shipped detectors', []],
  ['2', 'all detectors', ['-d', join(root, 'detectors'), '-d', join(root, 'detectors-high-volume')]],
])(
  'a replay of the samples shuffled with seed %s, half of them twice, prints the same bytes with %s',
  (seed, _what, detectors) => {
    const plain = privwatch(['replay', '--json', ...detectors]);
    const other = privwatch(['replay', '--json', ...detectors, '--dup=0.5', `--shuffle=${seed}`]);
    expect(plain.stdout.length).toBeGreaterThan(1000);
    expect(other.stdout).toBe(plain.stdout);
  },
);

test.each([
  ['--shuffle', 'often'],
  ['--dup', '2'],
])('%s %s is wrong usage', (option, value) => {
  expect(privwatch(['replay', join(root, 'samples'), option, value])).toMatchObject({ code: 2, stdout: '' });
});
