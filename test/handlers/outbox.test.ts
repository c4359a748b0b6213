import type { Episode } from '../../engine/episodes';
import type { Head, HeadChange } from '../../engine/store';
import type { Notice } from '../../findings/notice';
import { SENT, failed, type Outcome } from '../../findings/sinks/sink';
import { outboxFunction, type Outbox } from '../../handlers/outbox';
import { ruleOf, rulesetOf } from '../engine/support';
import { hitOf } from '../state/store.contract';
import { givenBack, observed, streamRecordOf } from './support';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const TODAY = 20_000;

const ruleset = rulesetOf([
  ruleOf({ eventName: 'A' }, { title: 'D', name: 'd' }),
  ruleOf({ eventName: 'B' }, { title: 'S', name: 's', privwatch: { stage: 'staging' } }),
]);

/** @param time milliseconds into its day */
function episodeOf(id: string, day: number, time: number, more: Partial<Episode> = {}): Episode {
  const at = day * DAY + time;
  return {
    ...{ id, firstSeen: at, lastSeen: at, severity: 'low', count: 1, countExact: true },
    ...{ evidence: [{ key: `k${id}`, eventId: `k${id}`, time: at }], resources: [], firstHit: `k${id}` },
    ...{ mainResource: undefined, expired: [], continues: undefined, content: hitOf().content },
    ...more,
  };
}

function headOf(episodes: Episode[], more: Partial<Head> = {}): Head {
  return {
    ...{ partition: 'p'.repeat(32), detectorId: 'd', group: {}, day: TODAY, version: 1 },
    ...{ writtenAt: TODAY * DAY + 12 * HOUR, episodes },
    ...more,
  };
}

function changeOf(after: Head, ...before: Episode[]): HeadChange {
  return { before: before.length > 0 ? { ...after, episodes: before } : undefined, after };
}

function functionOf({
  heads = [],
  admit,
  queues = 1,
}: { heads?: Head[]; admit?: Outbox['paging']['admit']; queues?: number } = {}) {
  const sent: Notice[][] = Array.from({ length: queues }, () => []);
  const answers: ((notice: Notice) => Outcome)[] = sent.map(() => () => SENT);
  const tried: Notice[] = [];
  const all = observed(TODAY * DAY + 13 * HOUR);
  const handler = outboxFunction(
    () => ({
      ruleset,
      paging: {
        ...{ ruleset, stormLimit: 3, admit: admit ?? (async () => 'page') },
        tryOut: async (notice) => void tried.push(notice),
        heads: { head: async (_, day) => heads.find((head) => head.day === day) },
      },
      queues: sent.map((list, i) => async (notices) => {
        list.push(...notices);
        return notices.map(answers[i]!);
      }),
    }),
    all.surroundings,
  );
  const tell = (...changes: HeadChange[]) =>
    handler({ Records: changes.map((change, i) => streamRecordOf(change, 100 + i)) });
  return { ...all, handler, tell, sent, tried, answers };
}

const shown = (notices: Notice[] | undefined) =>
  notices!.map(({ kind, finding, notificationId }) => [kind, finding.id, notificationId]);

describe('outbox', () => {
  test('tells every queue what a write of a head means', async () => {
    const { tell, sent, totals } = functionOf({ queues: 2 });
    const [a, b] = [episodeOf('a', TODAY, HOUR), episodeOf('b', TODAY, 9 * HOUR)];
    const answer = await tell(
      changeOf(headOf([a])),
      changeOf(headOf([{ ...a, count: 2 }, b]), a),
      changeOf(headOf([{ ...a, severity: 'high' }]), a, b),
    );
    expect(givenBack(answer)).toEqual([]);
    expect(shown(sent[0])).toEqual([
      ['created', 'a', 'a'],
      ['revised', 'a', null],
      ['created', 'b', 'b'],
      ['raised', 'a', 'a high'],
      ['withdrawn', 'b', null],
    ]);
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[0]![0]).toMatchObject({ updatedAt: '2024-10-04T12:00:00.000Z', supersededBy: null, drill: false });
    expect(totals()).toMatchObject({ in: 3, changes: 5, findings: 2, notified: 3, failed: 0 });
  });

  test('names the successor of what is superseded, which does not page again', async () => {
    const { tell, sent } = functionOf();
    const old = episodeOf('old', TODAY, HOUR);
    await tell(changeOf(headOf([{ ...old, id: 'new' }]), old));
    expect(shown(sent[0])).toEqual([
      ['revised', 'new', null],
      ['superseded', 'old', null],
    ]);
    expect(sent[0]![1]!.supersededBy).toBe('new');
  });

  test('pages nobody for a detector in staging, and remembers that it would have', async () => {
    const { tell, sent, tried } = functionOf();
    const episode = episodeOf('a', TODAY, HOUR);
    const head = headOf([episode], { detectorId: 's' });
    const raised = headOf([{ ...episode, severity: 'critical' }], { detectorId: 's' });
    await tell(changeOf(head), changeOf(raised, episode));
    expect(shown(sent[0])).toEqual([
      ['created', 'a', null],
      ['raised', 'a', null],
    ]);
    expect(tried.map(({ notificationId }) => notificationId)).toEqual(['a', 'a critical']);
  });

  test('has nothing to tell of other items, of heads that expire, and of detectors that are gone', async () => {
    const { handler, sent } = functionOf();
    const record = streamRecordOf(changeOf(headOf([episodeOf('a', TODAY, HOUR)])), 1);
    const { NewImage, ...gone } = record.dynamodb!;
    const Records = [
      { ...record, dynamodb: { ...record.dynamodb, Keys: { pk: { S: 'p' }, sk: { S: 'hit#a' } } } },
      { ...record, eventName: 'REMOVE' as const, dynamodb: { ...gone, OldImage: NewImage! } },
      streamRecordOf(changeOf(headOf([episodeOf('a', TODAY, HOUR)], { detectorId: 'gone' })), 2),
    ];
    expect(givenBack(await handler({ Records }))).toEqual([]);
    expect(sent[0]).toEqual([]);
  });

  test('goes on, at the next try, from the first write that some queue did not take', async () => {
    const { tell, answers, lines, sent } = functionOf({ queues: 2 });
    answers[1] = ({ finding }) => (finding.id === 'a' ? SENT : failed('down', true));
    const changes = ['a', 'b', 'c'].map((id) => changeOf(headOf([episodeOf(id, TODAY, HOUR)])));
    expect(givenBack(await tell(...changes))).toEqual(['101']);
    expect(sent[0]).toHaveLength(3);
    expect(lines).toMatchObject([
      { sequenceNumber: '101', item: 'head#20000', reason: 'down' },
      { sequenceNumber: '102' },
    ]);
  });

  test('stops at a head that cannot be read, and tells what is before it', async () => {
    const { handler, sent, lines } = functionOf();
    const good = streamRecordOf(changeOf(headOf([episodeOf('a', TODAY, HOUR)])), 1);
    const bad = streamRecordOf(changeOf(headOf([episodeOf('b', TODAY, HOUR)])), 2);
    bad.dynamodb!.NewImage!.data = { B: 'AAAA' };
    expect(givenBack(await handler({ Records: [good, bad, good] }))).toEqual(['2']);
    expect(shown(sent[0])).toEqual([['created', 'a', 'a']]);
    expect(lines).toMatchObject([{ level: 'error', sequenceNumber: '2', message: 'cannot be told' }]);
  });
});

describe('a finding that goes on after midnight', () => {
  /** The notification of an episode at some time of today, after a run of episodes: [days ago, hour, severity]. */
  async function paged(hour: number, run: [number, number, Episode['severity']?][], more: Partial<Episode> = {}) {
    const heads = run.map(([ago, at, severity], i) => {
      const continues = i > 0 ? `e${i - 1}` : undefined;
      const last = episodeOf(`e${i}`, TODAY - ago, at * HOUR, { continues, severity: severity ?? 'low' });
      return headOf([last], { day: TODAY - ago });
    });
    const { tell, sent } = functionOf({ heads });
    await tell(changeOf(headOf([episodeOf('now', TODAY, hour * HOUR, { continues: `e${run.length - 1}`, ...more })])));
    return sent[0]![0]!.notificationId;
  }

  test.each<[string, number, [number, number, Episode['severity']?][], string | null]>([
    ['does not page within 24 hours of the page before', 1, [[1, 23]], null],
    ['nor after just as many', 23, [[1, 23]], null],
    ['pages after more than that', 23.1, [[1, 23]], 'now'],
    [
      'pages on the third day of a run',
      0.5,
      [
        [2, 23],
        [1, 0.5],
      ],
      'now',
    ],
    [
      'does not on the day after the second day paged',
      0.5,
      [
        [2, 0.1],
        [1, 0.5],
      ],
      null,
    ],
    ['pages where what it goes on with is not known any more', 1, [], 'now'],
  ])('%s', async (_, hour, run, expected) => {
    expect(await paged(hour, run)).toBe(expected);
  });

  test('pages if it is worse than all before', async () => {
    expect(await paged(1, [[1, 23, 'low']], { severity: 'high' })).toBe('now');
    expect(
      await paged(
        1,
        [
          [2, 23, 'high'],
          [1, 1, 'low'],
        ],
        { severity: 'high' },
      ),
    ).toBe('now');
    expect(await paged(0.5, [[1, 22, 'high']], { severity: 'high' })).toBeNull();
  });

  test('pages later if what it went on with has gone', async () => {
    const { tell, sent } = functionOf();
    const held = episodeOf('now', TODAY, HOUR, { continues: 'e0' });
    await tell(changeOf(headOf([{ ...held, continues: undefined }]), held));
    expect(shown(sent[0])).toEqual([['revised', 'now', 'now']]);
  });
});

describe('a storm', () => {
  test('pages as often as is allowed, then once for the rest; each finding is still told', async () => {
    const { tell, sent } = functionOf({
      admit: async ({ limit }, id) => (Number(id) < limit ? 'page' : Number(id) === limit ? 'summarize' : 'hold'),
    });
    await tell(...[0, 1, 2, 3, 4].map((i) => changeOf(headOf([episodeOf(String(i), TODAY, HOUR)]))));
    const summary = sent[0]!.find(({ finding }) => !/^\d$/.test(finding.id))!;
    expect(shown(sent[0]!.filter((notice) => notice !== summary)).map(([, id, page]) => [id, page])).toEqual([
      ...[
        ['0', '0'],
        ['1', '1'],
        ['2', '2'],
      ],
      ...[
        ['3', null],
        ['4', null],
      ],
    ]);
    expect(summary).toMatchObject({
      kind: 'created',
      notificationId: 'storm d low 2024-10-04T12:00:00.000Z',
      finding: {
        id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        title: 'Storm: D: more than 3 low findings between 12:00 and 13:00 UTC; all are filed, the rest do not page',
        ...{ count: 4, countExact: false, detectorId: 'd', severity: 'low' },
      },
    });
  });
});
