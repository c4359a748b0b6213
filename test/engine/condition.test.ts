import fc from 'fast-check';
import { parseCondition } from '../../engine/condition';
import type { Node } from '../../engine/nodes';
import { KeyError } from '../../engine/problems';
import { check, rule, verdict } from './support';

const NAMES = ['a', 'b', 'c', 'sel_one', 'sel_two', '_hidden', '_hidden_too', 'not_x', 'x-y', '1'];

function leaf(name: string): Node {
  return {
    kind: 'item',
    name,
    slot: undefined,
    reads: [],
    shown: '',
    path: [],
    test: () => false,
    literals: undefined,
    demand: undefined,
  };
}

const identifiers = new Map(NAMES.map((name) => [name, leaf(name)]));

/** The tree with every binding shown: `(a or (b and (not c)))`. */
function shown(node: Node): string {
  if (node.kind === 'not') return `(not ${shown(node.node)})`;
  if ('nodes' in node) return `(${node.nodes.map(shown).join(` ${node.kind} `)})`;
  return node.name;
}

describe('Conditions', () => {
  test.each([
    ['a', 'a'],
    ['a or b and c', '(a or (b and c))'],
    ['a and b or c', '((a and b) or c)'],
    ['(a or b) and c', '((a or b) and c)'],
    ['not a and b', '((not a) and b)'],
    ['not (a and b)', '(not (a and b))'],
    ['not not a', 'a'],
    ['not not not a', '(not a)'],
    ['a and not b or c', '((a and (not b)) or c)'],
    ['not 1 of sel_*', '(not (sel_one or sel_two))'],
    ['not all of sel_* and a', '((not (sel_one and sel_two)) and a)'],
    ['any of sel_*', '(sel_one or sel_two)'],
    ['1 of sel_one', 'sel_one'],
    ['1 of *_t*o', 'sel_two'],
    ['all of _*', '(_hidden and _hidden_too)'],
    ['1 of *hidden*', undefined],
    ['1 of SEL_*', undefined],
    ['1 of them', '(a or b or c or sel_one or sel_two or not_x or x-y or 1)'],
    ['_hidden', '_hidden'],
    ['not_x', 'not_x'],
    ['x-y', 'x-y'],
    ['1', '1'],
    ['\n a\tand(b)', '(a and b)'],
    ['((((a))))', 'a'],
  ])('%j binds as %s', (condition, expected) => {
    const parse = (): string => shown(parseCondition(condition, identifiers));
    if (expected === undefined) expect(parse).toThrow(KeyError);
    else expect(parse()).toBe(expected);
  });

  test.each([
    ['', 'the condition is empty'],
    ['  ', 'the condition is empty'],
    ['a and', 'the condition ends where an identifier is expected'],
    ['and a', 'unexpected and'],
    ['a b', 'unexpected b'],
    ['a and or b', 'unexpected or'],
    ['a AND b', 'unexpected AND: operators are lower case'],
    ['NOT a', 'unexpected NOT: operators are lower case'],
    ['(a', 'a parenthesis is not closed'],
    ['a)', 'unexpected )'],
    ['()', 'a closing parenthesis where an identifier is expected'],
    ['nobody', 'unknown search identifier nobody'],
    ['sel_*', 'unknown search identifier sel_*'],
    ['2 of sel_*', '2 of: only 1, any and all are in the specification'],
    ['ALL of sel_*', 'ALL of: only 1, any and all are in the specification'],
    ['1 of', '1 of what?'],
    ['1 of nobody*', '1 of nobody*: no search identifier has such a name'],
    ['1 of (a)', '1 of (: no search identifier has such a name'],
    ['a | count() > 5', 'aggregations (a pipe in the condition) are not Sigma any more: write a correlation'],
    ['a near b', 'unexpected near'],
    ['count() > 5', 'unexpected character >'],
    ['a & b', 'unexpected character &'],
  ])('%j is refused', (condition, message) => {
    expect(() => parseCondition(condition, identifiers)).toThrow(new KeyError(message));
  });

  test.each([
    ['parentheses', `${'('.repeat(1_000)}a${')'.repeat(1_000)}`],
    ['many open parentheses', '('.repeat(100_000)],
    ['many words', `a${' and a'.repeat(100_000)}`],
    ['a pattern of many stars', `1 of ${'*a'.repeat(5000)}b`],
  ])('%s without end are refused, and soon', (_what, condition) => {
    expect(() => parseCondition(condition, identifiers)).toThrow(KeyError);
  });

  test('a thousand negations are one or none', () => {
    expect(shown(parseCondition(`${'not '.repeat(1001)}a`, identifiers))).toBe('(not a)');
  });

  test('any text gives a tree or a KeyError, nothing else', () => {
    const word = fc.constantFrom(
      ...NAMES,
      'and',
      'or',
      'not',
      'of',
      '1',
      'all',
      'any',
      'them',
      '(',
      ')',
      'sel_*',
      '*',
      '|',
      'AND',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (condition) => {
        try {
          expect(typeof shown(parseCondition(condition, identifiers))).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(KeyError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a tree means what its condition says', () => {
    type Tree = { text: string; value: (record: Record<string, number>) => boolean };
    const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('a', 'b', 'c').map((name): Tree => ({ text: name, value: (record) => record[name] === 1 })),
        fc.tuple(tie('tree'), tie('tree'), fc.boolean()).map(([left, right, isAnd]): Tree => ({
          text: `(${left.text}) ${isAnd ? 'and' : 'or'} (${right.text})`,
          value: (record) =>
            isAnd ? left.value(record) && right.value(record) : left.value(record) || right.value(record),
        })),
        tie('tree').map((inner): Tree => ({ text: `not (${inner.text})`, value: (record) => !inner.value(record) })),
      ),
    }));
    const record = fc.record({ a: fc.nat(1), b: fc.nat(1), c: fc.nat(1) });
    fc.assert(
      fc.property(tree, record, ({ text, value }, r) => {
        expect(verdict({ a: { a: 1 }, b: { b: 1 }, c: { c: 1 }, condition: text }, r)).toBe(value(r));
      }),
      { numRuns: 200 },
    );
  });

  test.each(['and', 'of', 'them', 'NOT'])('a search identifier cannot be called %s', (name) => {
    expect(check([rule({ [name]: { a: 1 }, condition: '1 of *' })]).errors[0]?.message).toBe(
      'this is a word of conditions: choose another name',
    );
  });

  test('a search identifier that no condition uses is pointed out', () => {
    const { errors, warnings } = check([rule({ a: { a: 1 }, b: { b: 1 }, _c: { c: 1 }, condition: 'a' })]);
    expect(errors).toEqual([]);
    expect(warnings.map(({ key }) => key)).toEqual(['detection.b']);
  });
});
