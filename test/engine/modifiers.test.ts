import fc from 'fast-check';
import { holdsFor, refusal, check, messages, ruleOf, verdict } from './support';

const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('base64');

describe('Modifiers', () => {
  test.each([
    ['v|contains', 'B', { v: 'abc' }, true],
    ['v|contains', '', { v: '' }, true],
    ['v|contains', '', {}, false],
    ['v|startswith', 'AB', { v: 'abc' }, true],
    ['v|startswith', 'bc', { v: 'abc' }, false],
    ['v|endswith', 'BC', { v: 'abc' }, true],
    ['v|endswith', 'ab', { v: 'abc' }, false],
    ['v|contains|cased', 'B', { v: 'abc' }, false],
    ['v|cased|contains', 'b', { v: 'abc' }, true],
    ['v|contains|neq', 'b', { v: 'abc' }, false],
    ['v|contains|neq', 'b', {}, true],
    ['v|contains|all', ['a', 'c'], { v: 'abc' }, true],
    ['v|contains|all|neq', ['a', 'x'], { v: 'abc' }, true],
    ['v|all', ['a*', '*c'], { v: 'abc' }, true],
    ['v|exists', true, { v: [] }, true],
    ['v|exists', false, { v: null }, false],
    ['v|cidr', '10.0.0.1', { v: '10.0.0.1' }, true],
    ['v|cidr', '10.0.0.0/8', { v: '10.0.0' }, false],
    ['v|cidr', '10.0.0.0/8', { v: '0x0a.0.0.1' }, false],
    ['v|cidr', '10.0.0.0/8', { v: 167772161 }, false],
    ['v|cidr', '10.0.0.0/8', { v: '::ffff:10.1.2.3' }, true],
    ['v|cidr', '2001:db8::/32', { v: '2001:DB8::9' }, true],
    ['v|cidr|neq', '10.0.0.0/8', { v: 'AWS Internal' }, true],
    ['v|lt', 9, { v: '8.5' }, true],
    ['v|lt', 9, { v: 9 }, false],
    ['v|lte', 9, { v: 9 }, true],
    ['v|gt', -1, { v: '-0.5' }, true],
    ['v|gte', 9, { v: '0x10' }, false],
    ['v|gte', 9, { v: '' }, false],
    ['v|gte', 9, { v: [1, 10] }, true],
    ['v|gte', [100, 5], { v: 10 }, true],
    ['v|gte', 5, { v: true }, false],
    ['v|base64', 'Ä', { v: base64('Ä') }, true],
    ['v|base64', 'a\\*', { v: base64('a*') }, true],
    ['v|wide|base64', 'cmd', { v: base64('cmd', 'utf16le') }, true],
    ['v|utf16le|base64', 'cmd', { v: base64('cmd', 'utf16le') }, true],
    ['v|utf16be|base64', 'cmd', { v: Buffer.from('cmd', 'utf16le').swap16().toString('base64') }, true],
    ['v|utf16|base64', 'cmd', { v: base64('\uFEFFcmd', 'utf16le') }, true],
    ['v|wide|base64offset|contains', 'cmd', { v: base64('x cmd', 'utf16le') }, true],
    ['v|windash', 'a -b -c', { v: 'A /B \u2014C' }, true],
    ['v|windash', 'a-b', { v: 'a/b' }, false],
    ['v|windash|contains', '-x*y', { v: ' \u2013x and y' }, true],
    ['v|re', '^a[bc]+$', { v: ['x', 'abc'] }, true],
    ['v|re', ['x', 'b'], { v: 'abc' }, true],
    ['v|re|all', ['a', 'x'], { v: 'abc' }, false],
    ['v|re', '^5$', { v: 5 }, true],
    ['v|re|i|m', '^B$', { v: 'a\nb' }, true],
    ['v|re|ignorecase|multiline|dotall', '^A.B$', { v: 'x\na\nb' }, true],
  ] as const)('%s: %j on %j is %s', (field, value, record, expected) => {
    expect(holdsFor(field, value as never, record as never)).toBe(expected);
  });

  test.each([
    ['v|like', 'x', 'unknown modifier like'],
    ['v|constructor', 'x', 'unknown modifier constructor'],
    ['v|', 'x', 'unknown modifier '],
    ['v|contains', null, 'contains takes text, not null'],
    ['v|startswith', [true], 'startswith takes text, not true'],
    ['v|endswith', 5, 'endswith takes text, not 5'],
    ['v|cased', 5, 'cased takes text, not 5'],
    ['v|exists', 'true', 'exists takes true or false, unquoted'],
    ['v|exists', [true, false], 'exists takes true or false, unquoted'],
    ['v|exists|neq', true, 'exists stands alone, without neq'],
    ['v|contains|exists', 'true', 'exists comes first, not after contains'],
    ['v|cidr', 'ten', '"ten" is not an IP range'],
    ['v|cidr', '10.0.0.0/33', '"10.0.0.0/33" is not an IP range'],
    ['v|cidr', 'fd00::1/8', 'fd00::1/8 has bits set behind the prefix'],
    ['v|cidr|contains', '10.0.0.0/8', 'cidr does not go with contains'],
    ['v|contains|cidr', '10.0.0.0/8', 'cidr comes first, not after contains'],
    ['v|contains|re', 'a', 're comes first, not after contains'],
    ['v|re', 5, 're takes text'],
    ['v|re|cased', 'a', 'cased does not go with re'],
    ['v|i', 'a', 'i belongs after re'],
    ['v|lt', true, 'lt takes a number, unquoted, not true'],
    ['v|contains|lt', 'a', 'lt comes first, not after contains'],
    ['v|lt|contains', 5, 'contains does not go with lt'],
    ['v|lt|gt', 5, 'gt does not go with lt'],
    ['v|base64', 'a*', 'base64 takes no wildcards'],
    ['v|base64offset', 5, 'base64offset takes text, not 5'],
    ['v|wide', 'a?', 'wide takes no wildcards'],
    ['v|fieldref', 'a*', 'fieldref takes no wildcards'],
    ['v|fieldref', 5, 'fieldref takes text, not 5'],
    ['v|hour', '5', 'hour takes a whole number from 0 to 23, unquoted, not "5"'],
    ['v|hour', 24, 'hour takes a whole number from 0 to 23, unquoted, not 24'],
    ['v|week', 0, 'week takes a whole number from 1 to 53, unquoted, not 0'],
    ['v|hour|gte', 5, 'hour does not go with gte'],
    ['v|windash', '-a -b -c -d -e', 'windash: over 4 dashes in one value'],
    ['v|base64|expand', '%a%', 'expand comes before base64'],
    ['v|contains', [], 'an empty list matches nothing'],
    ['v', [['a']], 'a list within a list'],
  ] as const)('%s: %j is refused', (field, value, message) => {
    expect(refusal(field, value as never, { expand: { a: 'x' } })).toBe(message);
  });

  test.each([
    ['v|all', 'x', 'all does nothing on a single value'],
    ['v|all|contains', ['x', 'z'], 'all goes last'],
    ['v|re|contains', 'x', 'contains does nothing here: a regular expression is searched for anywhere'],
    ['v|utf16le', 'x', 'pySigma does not know utf16le: write wide'],
    ['v', ['x', null], 'null in a list is outside the specification; it is read as "or null"'],
    ['v[any].w', 'x', '[any] is a literal part of the name in Sigma 2'],
  ] as const)('%s: %j loads with a warning', (field, value, message) => {
    const { errors, warnings } = check([ruleOf({ [field]: value as never })]);
    expect(errors).toEqual([]);
    expect(messages(warnings)).toEqual([`detection.selection.${field}: ${message}`]);
  });

  test('base64offset finds a value wherever it stands in encoded text', () => {
    for (const value of ['/bin/sh', 'secret', 'a value', 'passw0rd!']) {
      for (const offset of [0, 1, 2]) {
        for (const rest of ['', 'x', 'xy', 'xyz']) {
          const v = base64(`${'>'.repeat(offset)}${value}${rest}`);
          expect(holdsFor('v|base64offset|contains', value, { v })).toBe(true);
        }
      }
    }
    expect(holdsFor('v|base64offset|contains', '/bin/sh', { v: base64('/usr/bin/env') })).toBe(false);
  });
});

describe('fieldref', () => {
  test.each([
    ['a|fieldref', { a: 'X', b: 'x' }, true],
    ['a|fieldref|cased', { a: 'X', b: 'x' }, false],
    ['a|cased|fieldref', { a: 'x', b: 'x' }, true],
    ['a|fieldref', { a: '5.0', b: 5 }, true],
    ['a|fieldref', { a: 5, b: '5' }, true],
    ['a|fieldref', { a: 5, b: '5.0' }, false],
    ['a|fieldref', { a: null, b: null }, false],
    ['a|fieldref', { a: ['p', 'q'], b: ['q', 'r'] }, true],
    ['a|fieldref', { a: 'a.c', b: 'abc' }, false],
    ['a|fieldref', { a: 'abc', b: 'a*' }, false],
    ['a|fieldref|contains', { a: 'xBOBx', b: 'bob' }, true],
    ['a|contains|fieldref', { a: 'xBOBx', b: 'bob' }, true],
    ['a|fieldref|startswith', { a: 'bobx', b: 'BOB' }, true],
    ['a|fieldref|startswith', { a: 'xbob', b: 'bob' }, false],
    ['a|fieldref|endswith', { a: 'xbob', b: 'bob' }, true],
    ['a|fieldref|neq', { a: 'x', b: 'x' }, false],
    ['a|fieldref|neq', { a: 'x', b: 'y' }, true],
    ['a|fieldref|neq', { a: 'x' }, true],
    ['a|fieldref|endswith|neq', { a: 'xbob', b: 'bob' }, false],
  ] as const)('%s: b on %j is %s', (field, record, expected) => {
    expect(holdsFor(field, 'b', record as never)).toBe(expected);
  });
});

describe('expand', () => {
  const config = { expand: { one: 'x', many: ['y', 'z*'], empty: [] as string[], esc: 'a\\*' } };
  test.each([
    ['%one%', 'X', true],
    ['%many%', 'Y', true],
    ['%many%', 'zzz', true],
    ['%many%', 'x', false],
    ['a%one%-%many%', 'ax-y', true],
    ['\\%one\\%', '%one%', true],
    ['\\%one\\%', 'x', false],
    ['\\\\%one%', '\\x', true],
    ['100%', '100%', true],
    ['%esc%', 'a*', true],
    ['%esc%', 'ab', false],
  ])('%s on %s is %s', (value, v, expected) => {
    expect(holdsFor('v|expand', value, { v }, config)).toBe(expected);
  });

  test.each(['%none%', '%empty%', '%constructor%', 'x%one%%none%'])('%s without values is refused', (value) => {
    expect(refusal('v|expand', value, config)).toMatch(/^no values for %\w+%/);
  });
});

describe('Parts of a time', () => {
  test.each([
    ['minute', 10, '2026-01-05T23:10:00Z', true],
    ['hour', 22, '2026-01-05T23:10:00+01:00', true],
    ['day', 31, '2026-01-01T00:30:00+02:00', true],
    ['month', 12, '2026-01-01T00:30:00+02:00', true],
    ['year', 2025, '2026-01-01T00:30:00+02:00', true],
    ['week', 1, '2026-01-01T00:00:00Z', true],
    ['week', 53, '2021-01-03T23:59:59Z', true],
    ['week', 1, '2021-01-04T00:00:00Z', true],
    ['week', 52, '2023-01-01T12:00:00Z', true],
    ['week', 1, '2024-12-30T00:00:00Z', true],
    ['week', 53, '2026-12-31T00:00:00Z', true],
    ['hour', 23, 'yesterday', false],
    ['hour', 23, 1767654600000, false],
  ] as const)('%s %d of %s: %s', (part, value, time, expected) => {
    expect(holdsFor(`eventTime|${part}`, value, { eventTime: time })).toBe(expected);
  });
});

describe('Regular expressions', () => {
  test.each([
    ['a.b', 'a-b'],
    ['(?:x|y){2}', 'xy'],
    ['[(?]', '?'],
    ['[]a]', ']'],
    ['[^]a]', 'b'],
    ['\\bab\\B', 'abc'],
    ['\\d\\D\\s\\S\\w\\W', '1a ab.'],
    ['\\/\\-\\.', '/-.'],
    ['(?i)ADMIN', 'admin'],
    ['(?is)A.B', 'a\nb'],
    ['x{2,}', 'xx'],
    ['', ''],
    ['^.$', '\u{1F600}'],
  ])('%s is understood', (value, v) => {
    expect(holdsFor('v|re', value, { v })).toBe(true);
  });

  test.each([
    'a(?=b)',
    'a(?!b)',
    '(?<=a)b',
    '(?<!a)b',
    '(a)\\1',
    '(?<name>a)',
    '(?P<name>a)',
    'a(?i)b',
    '(?x)a',
    '(?i:a)',
    '(?#note)a',
    '\\Aa',
    '\\x41',
    '\\p{L}',
    '\\Qa\\E',
    '[[:alpha:]]',
    'a{,3}',
    'a++',
    '(a',
    'a)',
    '[a',
    'a\\',
    '*a',
    '((a{100}){100}){100}',
    '('.repeat(2000) + ')'.repeat(2000),
    'a'.repeat(5000),
  ])('%s is refused', (value) => {
    expect(refusal('v|re', value)).toBeDefined();
  });

  test.each(['(a+)+$', '(a|aa)+$', '(.*a){12}x', 'a*a*a*a*a*b'])('%s takes linear time', (value) => {
    const v = `${'a'.repeat(100_000)}!`;
    const start = performance.now();
    expect(holdsFor('v|re', value, { v })).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('Wildcards', () => {
  test.each(['*a*a*a*a*b', 'a*a*a*a*a*a*a*a*a*b', '*?a?*?a?*?a?*b', `${'*a'.repeat(200)}*b`])(
    '%s is fast on long text',
    (value) => {
      const v = 'a'.repeat(100_000);
      const start = performance.now();
      expect(holdsFor('v', value, { v })).toBe(false);
      expect(performance.now() - start).toBeLessThan(2000);
    },
  );

  test.each([
    ['?', '\u{1F600}', true],
    ['??', '\u{1F600}', false],
    ['a?c', 'a\nc', true],
    ['*?', '', false],
    ['?*?', 'ab', true],
    ['?*?', 'a', false],
    ['**', '', true],
    ['\\?', '?', true],
    ['\\?', 'x', false],
    ['a\\', 'a\\', true],
    ['\\\\?', '\\x', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'abbc', true],
    ['*\u00e9?', 'x\u00c9y', true],
  ])('%j on %j is %s', (value, v, expected) => {
    expect(holdsFor('v', value, { v })).toBe(expected);
  });

  test('agree with a plain recursive matcher on any pattern and text', () => {
    const reference = (pattern: string, text: string): boolean => {
      if (pattern === '') return text === '';
      if (pattern[0] === '*')
        return reference(pattern.slice(1), text) || (text !== '' && reference(pattern, text.slice(1)));
      return (
        text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && reference(pattern.slice(1), text.slice(1))
      );
    };
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (p, v) => expect(holdsFor('v', p, { v })).toBe(reference(p, v))),
      { numRuns: 500 },
    );
  });
});

describe('Letter case', () => {
  test.each([
    ['\u212a', 'k', true, 'the Kelvin sign is a k'],
    ['\u017f', 'S', true, 'the long s is an s'],
    ['\u03a3', '\u03c2', true, 'the final sigma is a sigma'],
    ['\u03bf\u03b4\u03bf\u03c2', '\u039f\u0394\u039f\u03a3', true, 'a word that ends in sigma'],
    ['\u00df', '\u1e9e', true, 'the capital sharp s'],
    ['\u00df', 'ss', false, 'the sharp s is one character'],
    ['\u0131', 'i', false, 'the dotless i is another letter'],
    ['\u{10400}', '\u{10428}', true, 'letters beyond the first plane'],
  ])('%s and %s: %s (%s)', (a, b, expected) => {
    expect(holdsFor('v', a, { v: b })).toBe(expected);
    expect(holdsFor('v', b, { v: a })).toBe(expected);
  });

  test('folds as Unicode does: as a regular expression with the flags i and u', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (char) => {
        const expression = new RegExp(`^\\u{${char.codePointAt(0)!.toString(16)}}$`, 'iu');
        for (const other of [char.toLowerCase(), char.toUpperCase(), 'i', 's', 'k']) {
          const isPlain = Array.from(other).length === 1 && !/[*?\\]/.test(char + other);
          if (isPlain) expect(verdict({ s: { v: char }, condition: 's' }, { v: other })).toBe(expression.test(other));
        }
      }),
      { numRuns: 300 },
    );
  });
});
