import { createHash } from 'node:crypto';
import { episodesOf } from '../../engine/episodes';
import { makeHits, type Hit } from '../../engine/hit';
import type { Hop, Lineage } from '../../engine/lineage';
import { match } from '../../engine/match';
import type { JsonObject } from '../../events/json';
import { ofHead, ofHit } from '../../state/item';
import { eventOf, ruleOf, rulesetOf } from '../engine/support';

/* What is stored has a size, whatever events say: an item of DynamoDB takes 400 KB, with the names of its attributes. */

const ITEM_BYTES = 400 * 1024;
const DAY = 20_000;
const MINUTE = 60_000;

/** Text that no packing makes much smaller, of three bytes a character or of one. */
const alphabets = {
  Chinese: (byte: number, i: number) => String.fromCharCode(0x4e00 + ((byte * 79 + i * 131) % 20_000)),
  ASCII: (byte: number) => String.fromCharCode(0x21 + (byte % 90)),
};

function textOf(seed: string, alphabet: keyof typeof alphabets): string {
  const bytes = Array.from({ length: 16 }, (_, i) => [...createHash('sha512').update(`${seed} ${i}`).digest()]).flat();
  return bytes.map((byte, i) => alphabets[alphabet](byte, i)).join('');
}

const RULES = rulesetOf([
  ruleOf(
    { is: 'a' },
    {
      name: 'a',
      privwatch: {
        title: '{requestParameters.x}',
        group: ['is'],
        entities: { resources: [{ type: 'Other', name: '$.requestParameters.list[*]' }] },
      },
    },
  ),
  {
    title: 'Counted',
    correlation: {
      ...{ type: 'value_count', rules: ['a'], timespan: '15m', generate: true },
      ...{ 'group-by': ['userAgent', 'requestParameters.x'], condition: { gte: 2, field: 'requestParameters.y' } },
    },
  },
]);

function guidOf(seed: string): string {
  const hash = createHash('sha256').update(seed).digest('hex');
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-a$4-$5');
}

/** What tells an event's hit from those of others. */
function idsOf(seed: string): Pick<Hit, 'id' | 'key' | 'eventId'> {
  const eventId = guidOf(seed);
  return { id: `${eventId} 111122223333`, key: `${eventId} 111122223333`, eventId };
}

/** As long as lineages can be: of what attackers choose, names of users and sessions of 64 characters. */
function lineageOf(seed: string): Lineage {
  const name = (of: string): string => createHash('sha512').update(`${seed} ${of}`).digest('base64').slice(0, 64);
  const hop = (_: unknown, i: number): Hop => ({
    ...{ action: 'AssumeRoleWithWebIdentity', by: name(`by ${i}`), account: '111122223333' },
    ...{ accessKeyId: `ASIA${name(`key ${i}`).slice(0, 16)}`, time: '2026-01-06T00:00:00Z' },
  });
  const id = `arn:aws:iam::111122223333:user/${name('id')}`;
  return {
    root: { id, kind: 'federated-user', name: name('root'), account: '111122223333', human: 'unknown' },
    hops: Array.from({ length: 6 }, hop),
  };
}

/** The hits of an event in which every text that is kept is as long as can be. */
function hitsOf(n: number, time: number, alphabet: keyof typeof alphabets): Hit[] {
  const text = (name: string): string => textOf(`${n} ${name}`, alphabet);
  const texts = (...names: string[]): JsonObject => Object.fromEntries(names.map((name) => [name, text(name)]));
  const event = eventOf({
    ...texts('eventSource', 'eventName', 'errorCode', 'awsRegion', 'userAgent', 'sourceIPAddress'),
    eventID: guidOf(`${n}`),
    eventTime: new Date(time).toISOString(),
    ...{ is: 'a', recipientAccountId: '111122223333' },
    userIdentity: { type: 'IAMUser', ...texts('arn', 'userName', 'principalId', 'accessKeyId', 'accountId') },
    requestParameters: { ...texts('x', 'y'), list: Array.from({ length: 20 }, (_, i) => text(`list ${i}`)) },
  });
  return match(event, RULES).flatMap((one) => makeHits(one, RULES).placed.map(({ hit }) => hit));
}

describe.each(Object.keys(alphabets) as (keyof typeof alphabets)[])('With long texts of %s', (alphabet) => {
  test('a hit stays small', () => {
    const hits = hitsOf(1, DAY * 86_400_000, alphabet);
    expect(hits).toHaveLength(2);
    for (const hit of hits) expect(ofHit(hit, [DAY], 1, 0)['data']!.B!.length).toBeLessThan(8 * 1024);
  });

  test.each([
    ['the default quiet', 60],
    ['the shortest quiet without a warning', 30],
  ])('a day of one group fits into its head, with %s', (_what, minutes) => {
    const quietMilliseconds = minutes * MINUTE;
    // As many episodes as there can be, each of more events than are listed.
    const gap = quietMilliseconds + MINUTE;
    const count = Math.floor(86_400_000 / gap);
    const start = DAY * 86_400_000;
    const hits = Array.from({ length: count }, (_, n) => {
      const [first] = hitsOf(n, start + n * gap, alphabet);
      return Array.from({ length: 101 }, (_unused, i) => ({
        ...first!,
        ...idsOf(`${n} ${i}`),
        time: first!.time! + i * 500,
      }));
    }).flat();
    const { partition, detectorId, group } = hits[0]!;
    const episodes = episodesOf(hits, { partition, day: DAY, quietMilliseconds }).map((one) => ({
      ...one,
      lineage: lineageOf(one.id),
    }));
    expect(episodes).toHaveLength(count);
    const item = ofHead({ partition, detectorId, group, day: DAY, version: 1, episodes }, 0);
    expect(item['data']!.B!.length).toBeGreaterThan(count * 4096);
    expect(item['data']!.B!.length).toBeLessThan(ITEM_BYTES - 1024);
  });
});
