import { match } from '../../engine/match';
import type { Head } from '../../engine/store';
import { work } from '../../engine/work';
import type { Notice } from '../../findings/notice';
import { failed, SENT } from '../../findings/sinks/sink';
import { rebuild } from '../../handlers/rebuild';
import { scanHeads } from '../../state/heads';
import { Recorded } from '../engine/recorded-store';
import { eventOf, ruleOf, rulesetOf } from '../engine/support';
import { trailRecord } from '../events/support';
import { startDynalite, type Dynalite } from '../state/dynalite';

const ruleset = rulesetOf([ruleOf({ eventName: 'CreateUser' }, { title: 'A user' })]);

describe('rebuild', () => {
  let dynalite: Dynalite;
  beforeAll(async () => {
    dynalite = await startDynalite();
  });
  afterAll(() => dynalite.stop());

  async function written(): Promise<{ heads: () => AsyncIterable<Head>; ids: string[] }> {
    const store = await dynalite.makeStore();
    const recorded = new Recorded(undefined, store);
    for (const [i, recipientAccountId] of ['1', '2', '3'].entries()) {
      const event = eventOf(trailRecord(i, { recipientAccountId }));
      await work(match(event, ruleset), ruleset, recorded, 0);
    }
    const table = (store as unknown as { table: string }).table;
    const ids = recorded.heads().map(({ episodes }) => episodes[0]!.id);
    return { heads: () => scanHeads(dynalite.client, table), ids: ids.sort() };
  }

  function outboxOf(sent: Notice[], refused: string[] = []) {
    const queue = async (notices: Notice[]) => {
      sent.push(...notices);
      return notices.map(({ finding }) => (refused.includes(finding.id) ? failed('down', true) : SENT));
    };
    const paging = {
      ruleset,
      heads: { head: async () => undefined },
      admit: async () => 'page' as const,
      tryOut: async () => undefined,
      stormLimit: 9,
    };
    return { ruleset, paging, queues: [queue] };
  }

  test('tells of every finding that stands, and pages nobody', async () => {
    const { heads, ids } = await written();
    const sent: Notice[] = [];
    expect(await rebuild(outboxOf(sent), heads())).toEqual({ heads: 3, sent: 3, failed: [] });
    expect(sent.map(({ finding }) => finding.id).sort()).toEqual(ids);
    for (const notice of sent) expect(notice).toMatchObject({ kind: 'revised', notificationId: null });
  });

  test('pages for what was found since a time, under the ids that its creation would have had', async () => {
    const { heads, ids } = await written();
    const sent: Notice[] = [];
    await rebuild(outboxOf(sent), heads(), { pagesFrom: Date.now() - 60_000 });
    expect(sent.map(({ notificationId }) => notificationId).sort()).toEqual(ids);
  });

  test('says what some queue did not take', async () => {
    const { heads, ids } = await written();
    const failures = [ids[1]!];
    expect(await rebuild(outboxOf([], failures), heads())).toEqual({ heads: 3, sent: 2, failed: failures });
  });
});
