import { Memo } from '../../events/memo';

test('remembers what was made of a text, and gives it back', () => {
  const memo = new Memo<{ n: number }>();
  const made = { n: 1 };
  expect(memo.get('a')).toBeUndefined();
  expect(memo.set('a', made)).toBe(made);
  expect(memo.get('a')).toBe(made);
});

test('holds no more than its limit, and no long texts', () => {
  const memo = new Memo<number>(2);
  memo.set('a', 1);
  memo.set('b', 2);
  expect(memo.set('c', 3)).toBe(3);
  expect(['a', 'b', 'c'].map((key) => memo.get(key))).toEqual([undefined, undefined, 3]);
  const long = 'x'.repeat(100_000);
  expect(memo.set(long, 4)).toBe(4);
  expect(memo.get(long)).toBeUndefined();
});
