import { apartFor, drillFrom, drillOf } from '../../engine/drill';
import { match } from '../../engine/match';
import { work } from '../../engine/work';
import type { Event } from '../../events/event';
import type { Json } from '../../events/json';
import { noticesOf } from '../../findings/notices';
import { Recorded } from './recorded-store';
import { check, eventOf, messages, ruleOf, rulesetOf } from './support';

const HUB = '999988887777';
const NOW = Date.UTC(2026, 0, 6, 10);
const drill = { run: 'r1', pages: false };
const detail = { ...drill, event: { eventName: 'A' } };
const envelope = { source: 'privwatch.drill', account: HUB, detail };

describe('a drill', () => {
  test('is told by its source, and names its run', () => {
    expect(drillFrom(envelope as Json, HUB)).toEqual(detail);
    expect(drillFrom({ ...envelope, source: 'aws.iam' }, HUB)).toBeUndefined();
    expect(drillFrom('privwatch.drill', HUB)).toBeUndefined();
    for (const pages of [true, false]) expect(drillOf(apartFor({ run: 'r-1', pages }))).toEqual({ run: 'r-1', pages });
    expect(drillOf({ account: HUB })).toBeUndefined();
  });

  test.each<[string, Json, string | undefined]>([
    ['of another account', { ...envelope, account: '111122223333' }, HUB],
    ['without an account', { source: 'privwatch.drill', detail }, HUB],
    ['where no account may drill', envelope, undefined],
    ['without a detail', { ...envelope, detail: null }, HUB],
    ['with a run that is more than a name', { ...envelope, detail: { ...detail, run: 'r, pages' } }, HUB],
    ['that does not say whether it pages', { ...envelope, detail: { ...detail, pages: 'no' } }, HUB],
    ['without an event', { ...envelope, detail: { ...detail, event: [] } }, HUB],
  ])('%s is refused', (_, value, hub) => {
    expect(() => drillFrom(value, hub)).toThrow(/^a drill/);
  });

  const rules = ['A', 'B'].map((name) => ruleOf({ eventName: name }, { name, title: name }));
  const correlation = (name: string, said: object) => ({
    ...{ title: name, name, generate: true },
    correlation: { 'group-by': ['recipientAccountId'], timespan: '1h', generate: true, ...said } as Json,
  });
  const ruleset = rulesetOf([
    ...rules,
    ruleOf(
      { eventName: 'C' },
      { name: 'C', title: 'C', privwatch: { first_seen: { fields: ['recipientAccountId'], forget: '30d' } } },
    ),
    correlation('pair', { type: 'temporal', rules: ['A', 'B'] }),
    correlation('chain', { type: 'event_count', rules: ['pair'], condition: { gte: 1 } }),
  ]);
  const event = (eventName: string, minute: number): Event =>
    eventOf({
      ...{ eventName, eventTime: new Date(NOW + minute * 60_000).toISOString(), recipientAccountId: '1' },
      ...{ eventID: `${eventName}${minute}`, userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/u' } },
    });

  test('is found what is real is, apart from it, and leaves nothing for later', async () => {
    const alone = new Recorded();
    for (const one of [event('A', 0), event('C', 1)]) await work(match(one, ruleset), ruleset, alone, NOW);
    const store = new Recorded();
    for (const one of [event('A', 0), event('C', 1)]) await work(match(one, ruleset), ruleset, store, NOW);
    // A real A and a drilled B are no pair; a drilled C does not make the next real one known.
    const notices = [];
    for (const one of [event('B', 2), event('C', 2)])
      await work(match(one, ruleset), ruleset, store, NOW, { run: 'r0', pages: false });
    for (const one of [event('A', 3), event('B', 4), event('C', 5)])
      for (const change of (await work(match(one, ruleset), ruleset, store, NOW, drill)).changes)
        notices.push(...noticesOf(change, ruleset));
    const created = notices.filter(({ kind }) => kind === 'created').map(({ finding }) => finding.detectorTitle);
    expect(created.sort()).toEqual(['A', 'B', 'C', 'chain', 'pair']);
    expect(notices.every((notice) => notice.drill && notice.notificationId === null)).toBe(true);

    const isReal = ({ group }: { group: Record<string, string> }): boolean => drillOf(group) === undefined;
    expect(store.heads().filter(isReal)).toEqual(alone.heads());
    const dues = [];
    for await (const due of store.due(Infinity)) dues.push(due.place);
    expect(dues.filter((place) => !isReal(place))).toEqual([]);
  });

  test('pages if it is asked to', async () => {
    const { changes } = await work(match(event('A', 0), ruleset), ruleset, new Recorded(), NOW, {
      ...drill,
      pages: true,
    });
    const [notice] = changes.flatMap((change) => noticesOf(change, ruleset));
    expect(notice!.notificationId).toBe(notice!.finding.id);
  });

  test('cannot be imitated by the group of a detector', () => {
    const { errors } = check([ruleOf({ eventName: 'A' }, { privwatch: { group: ['privwatch.drill'] } })]);
    expect(messages(errors)).toEqual([expect.stringContaining('privwatch.drill is what keeps drills apart')]);
  });
});
