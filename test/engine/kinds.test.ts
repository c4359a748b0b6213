import { Kinds } from '../../engine/kinds';

test('events of no kind leave nothing behind, and those of too many kinds are forgotten together', () => {
  const kinds = new Kinds<number>(['eventName', 'errorCode']);
  let made = 0;
  const get = (record: Record<string, string | null>): number => kinds.get(record, () => ++made);
  const known = (): number => (kinds as unknown as { root: Map<unknown, unknown> }).root.size;
  for (let i = 0; i < 100; i++) get({ eventName: `call ${i}`, errorCode: null });
  expect([made, known()]).toEqual([100, 0]);
  for (let i = 0; i < 25_000; i++) {
    get({ eventName: `call ${i}` });
    if (known() > 10_001) throw new Error(`${known()} names are remembered`);
  }
  const before = made;
  expect(get({ eventName: 'one' })).toBe(get({ eventName: 'one' }));
  expect(get({ eventName: 'one', errorCode: 'AccessDenied' })).not.toBe(get({ eventName: 'one' }));
  expect(made).toBe(before + 2);
});
