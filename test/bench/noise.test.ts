import { rmSync } from 'node:fs';
import { highVolumeDetectors, loadDetectors, shippedDetectors } from '../../cli/detectors';
import { replay } from '../../cli/pipeline';
import { generatedFolder, labelsIn, logFilesIn } from '../../bench/generated';
import { broken, measureNoise, noiseTables } from '../../bench/noise/measure';
import type { Finding } from '../../engine/finding';

jest.setTimeout(60_000);

describe('Noise', () => {
  const finding = (severity: Finding['severity'], ...eventIds: string[]): Finding =>
    ({ severity, eventIds, detectorId: 'd', title: `it is ${severity}` }) as Finding;
  const labels = [
    { eventID: 'a1', technique: 'T1098', activity: 'steal', attack: 1 },
    { eventID: 'a2', technique: 'T1098', activity: 'steal', attack: 1 },
    { eventID: 'a3', technique: 'T1098', activity: 'steal', attack: 2 },
  ];

  test('is what has no event of an attack; an attack is caught by one of its events', () => {
    const noise = measureNoise(
      [finding('medium', 'a2', 'x'), finding('high', 'x'), finding('low', 'a3')],
      1000,
      labels,
    );
    expect(noise.noise.map(({ severity }) => severity)).toEqual(['high']);
    expect(noise.attacks).toEqual([{ activity: 'steal', technique: 'T1098', runs: 2, caught: { low: 2, medium: 1 } }]);
    expect(noiseTables(noise, () => 'aws_x')).toContain('| aws_x |  | 1 |');
  });

  test('breaks the promise with one high finding, or six at medium in 100,000 events', () => {
    expect(broken(measureNoise([finding('high', 'x')], 1_000_000, labels))).toEqual([
      'high, on ordinary events: it is high',
    ]);
    const five = Array.from({ length: 5 }, () => finding('medium', 'x'));
    expect(broken(measureNoise(five, 100_000, labels))).toEqual([]);
    expect(broken(measureNoise(five, 80_000, labels))).toEqual([
      '6.3 medium findings per 100,000 ordinary events, not 5',
    ]);
  });
});

test('all detectors are quiet on ordinary traffic, and see the attacks in it', async () => {
  const folder = generatedFolder(10_000);
  try {
    const ruleset = loadDetectors([shippedDetectors, highVolumeDetectors], {});
    const { findings, counters } = await replay(logFilesIn(folder), ruleset);
    const noise = measureNoise(findings, counters.in, labelsIn(folder));
    expect(counters.in).toBe(10_000);
    expect(noise.noise.filter(({ severity }) => severity === 'high' || severity === 'critical')).toEqual([]);
    // First sights all come at the start, where nothing was learned: one in an account and detector may be.
    const firstSeen = new Set(ruleset.rules.filter((rule) => rule.firstSeen).map(({ id }) => id));
    const medium = noise.noise.filter(({ severity }) => severity === 'medium');
    expect(medium.filter(({ detectorId }) => !firstSeen.has(detectorId))).toEqual([]);
    expect(medium.length).toBeLessThanOrEqual(4);
    expect(noise.attacks.length).toBeGreaterThan(0);
    expect(noise.attacks.filter(({ runs, caught }) => caught.low < runs)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
