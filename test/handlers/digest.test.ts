import { digestChat, digestSubject, digestText, type Digest } from '../../findings/digest';
import { digestFunction, digestOf } from '../../handlers/digest';
import { MAX_TRIALS, type Trial } from '../../state/trials';
import { ruleOf, rulesetOf } from '../engine/support';
import { HOSTILE, RAW } from '../findings/support';
import { observed } from './support';

const staging = { privwatch: { stage: 'staging' } };
const ruleset = rulesetOf([
  ruleOf({ eventName: 'A' }, { name: 'loud', title: 'Loud', ...staging }),
  ruleOf({ eventName: 'B' }, { name: 'still', title: 'Still', ...staging }),
  ruleOf({ eventName: 'C' }, { name: 'live', title: 'Live' }),
]);
const NOW = Date.parse('2026-03-04T06:00:00Z');

function trial(i: number, more: Partial<Trial> = {}): Trial {
  const at = new Date(NOW - 86_400_000 + i).toISOString();
  return {
    detectorId: 'loud',
    notificationId: `n${i}`,
    severity: 'low',
    title: `finding ${i}`,
    account: 'shop',
    at,
    ...more,
  };
}

function functionOf(trials: Trial[], rules = ruleset) {
  const published: Digest[] = [];
  const sent = new Set<string>();
  const all = observed(NOW);
  const store = {
    of: async (day: string) => trials.filter(({ at }) => at.startsWith(day)),
    isSent: async (day: string) => sent.has(day),
    markSent: async (day: string) => void sent.add(day),
  };
  const publish = jest.fn(async (digest: Digest) => void published.push(digest));
  return {
    ...all,
    published,
    publish,
    digest: digestFunction(() => ({ ruleset: rules, trials: store, publish }), all.surroundings),
  };
}

describe('the digest of what detectors in staging would have done', () => {
  test('tells of the day before, worst first, and of detectors that found nothing', async () => {
    const { digest, published } = functionOf([trial(1), trial(2, { severity: 'critical' }), trial(3)]);
    await digest({ time: '2026-03-04T06:00:00Z' });
    expect(published).toEqual([
      {
        day: '2026-03-03',
        detectors: [
          {
            ...{ detectorId: 'loud', detectorTitle: 'Loud', pages: { critical: 1, low: 2 }, isCut: false },
            titles: ['finding 2 (shop)', 'finding 1 (shop)', 'finding 3 (shop)'],
          },
          { detectorId: 'still', detectorTitle: 'Still', pages: {}, isCut: false, titles: [] },
        ],
      },
    ]);
    expect(digestText(published[0]!)).toBe(`STAGING: 1 of 2 detectors on trial would have paged 3 times on 2026-03-03
All findings are filed, marked STAGING. Nobody was paged. A detector that proved itself goes live by taking
\`stage: staging\` out of it.

3 pages (1 critical, 2 low)  Loud (loud)
  finding 2 (shop)
  finding 1 (shop)
  finding 3 (shop)

no page  Still (still)
`);
  });

  test('comes once a day, and again if sending it failed', async () => {
    const { digest, publish } = functionOf([trial(1)]);
    publish.mockRejectedValueOnce(new Error('throttled'));
    await expect(digest({ time: '2026-03-04T06:00:00Z' })).rejects.toThrow('throttled');
    for (const time of ['2026-03-04T06:00:00Z', '2026-03-04T06:00:00Z', '2026-03-04T23:00:00Z', undefined])
      await digest({ ...(time !== undefined && { time }) });
    expect(publish).toHaveBeenCalledTimes(2);
    await digest({ time: '2026-03-05T06:00:00Z' });
    expect(publish).toHaveBeenCalledTimes(3);
  });

  test('does not come where no detector is in staging', async () => {
    const { digest, publish } = functionOf([], rulesetOf([ruleOf({ eventName: 'C' })]));
    await digest({});
    expect(publish).not.toHaveBeenCalled();
  });

  test('stays small and harmless, whatever was found', () => {
    const many = Array.from({ length: 60 }, (_, detector) =>
      Array.from({ length: MAX_TRIALS }, (_, i) =>
        trial(i, { detectorId: `d${detector}`, notificationId: `${i}`, title: HOSTILE[i % HOSTILE.length]! }),
      ),
    ).flat();
    const digest = digestOf('2026-03-03', ruleset, many);
    expect(digest.detectors).toHaveLength(62);
    const [text, chat] = [digestText(digest), digestChat(digest)];
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(30_000);
    expect(text.replaceAll('\n', '')).not.toMatch(RAW);
    expect(text).not.toMatch(/https?:\/\//);
    expect(chat.content.description.length).toBeLessThan(3_000);
    expect(digestSubject(digest)).toMatch(/^[ -~]{1,99}$/);
    expect(digestSubject(digest)).toContain('at least 6000 times');
  });
});
