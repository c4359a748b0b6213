import fc from 'fast-check';
import type { Json } from '../../events/json';
import { MAX_RECORD_BYTES, RecordSplitter, type Piece } from '../../events/split';
import { LIST_KEYS } from '../../events/unwrap';
import { anyJson, anyObject } from './support';

function split(input: string | Buffer, sizes: number[] = [Infinity]): Piece[] {
  const bytes = Buffer.from(input);
  const splitter = new RecordSplitter();
  const pieces: Piece[] = [];
  for (let from = 0, n = 0; from < bytes.length; n++) {
    const to = Math.min(from + sizes[n % sizes.length]!, bytes.length);
    pieces.push(...splitter.push(bytes.subarray(from, to)));
    from = to;
  }
  return [...pieces, ...splitter.end()];
}

const indent = fc.constantFrom(undefined, 0, 2, '\t');
const lineEnd = fc.constantFrom('\n', '\r\n');
const chunkSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
/** A document that is no container: of those that are, the members are the records. */
const document = anyObject.filter((value) => !LIST_KEYS.some((key) => Array.isArray(value[key])));
const afterList = fc.constantFrom('', ',"NextToken":"a]}{"', ',"x":{"Records":[{}]},"y":[[1],{}]');

/** Texts in every container shape, with the records that a parse of the whole gives. */
const containers: fc.Arbitrary<{ text: string; records: Json[] }> = fc.oneof(
  fc
    .tuple(fc.array(anyJson), indent)
    .map(([records, space]) => ({ text: JSON.stringify(records, null, space), records })),
  fc.tuple(fc.constantFrom(...LIST_KEYS), fc.array(anyJson), indent, afterList).map(([key, records, space, rest]) => ({
    text: JSON.stringify({ meta: { Records: [1] }, [key]: records }, null, space).replace(/\s*\}$/, `${rest}}`),
    records,
  })),
  fc.tuple(fc.array(document), indent, lineEnd).map(([records, space, end]) => ({
    text: records.map((one) => JSON.stringify(one, null, space)).join(end),
    records,
  })),
  fc.tuple(fc.array(fc.array(anyJson), { minLength: 1 }), lineEnd).map(([lists, end]) => ({
    text: lists.map((Records) => JSON.stringify({ Records })).join(end),
    records: lists.flat(),
  })),
);

describe('the splitter', () => {
  test('gives the records of a whole parse, however the input is cut into chunks', () => {
    fc.assert(
      fc.property(containers, chunkSizes, ({ text, records }, sizes) => {
        const pieces = split(text, sizes);
        expect(pieces.filter((piece) => piece.broken !== undefined)).toEqual([]);
        expect(pieces.map((piece) => JSON.parse(piece.text) as Json)).toEqual(JSON.parse(JSON.stringify(records)));
      }),
      { numRuns: 1000 },
    );
  });

  test('gives the same pieces for any bytes, however they are cut into chunks', () => {
    const shards = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '\n',
      ' ',
      '1',
      'null',
      '"Records":[',
      '{"a":1}',
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.array(shards, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''))),
    );
    fc.assert(
      fc.property(bytes, chunkSizes, (input, sizes) => {
        expect(split(input, sizes)).toEqual(split(input));
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[string, string, { good: string[]; broken: number }]>([
    ['an empty input', '', { good: [], broken: 0 }],
    ['white space', ' \r\n\t', { good: [], broken: 0 }],
    ['an empty list', '[]', { good: [], broken: 0 }],
    ['an empty list under a key', '{"Records":[]}', { good: [], broken: 0 }],
    ['scalars in a list', '[1, "a,]b" ,null]', { good: ['1', '"a,]b"', 'null'], broken: 0 }],
    ['two lists under keys', '{"Records":[{"a":1}],"Events":[{"b":2}]}', { good: ['{"a":1}', '{"b":2}'], broken: 0 }],
    ['lists within a list', '[[{"a":1}],[]]', { good: ['[{"a":1}]', '[]'], broken: 0 }],
    ['a list under another key', '{"a":[{"b":1}]}', { good: ['{"a":[{"b":1}]}'], broken: 0 }],
    ['the text of a key as a value', '{"a":"Records","b":[1]}', { good: ['{"a":"Records","b":[1]}'], broken: 0 }],
    ['a cut record in a list', '{"Records":[{"a":1},{"b":', { good: ['{"a":1}'], broken: 1 }],
    ['a list that is cut between records', '[{"a":1},', { good: ['{"a":1}'], broken: 1 }],
    ['a list that is cut after its end', '{"Records":[{"a":1}]', { good: ['{"a":1}'], broken: 1 }],
    ['an open string on a line', '{"a":"x}\n{"b":2}\n', { good: ['{"b":2}'], broken: 1 }],
    ['an open string in a list', '[\n{"a":"x},\n{"b":2}\n]', { good: ['{"b":2}'], broken: 1 }],
    ['an open brace on a line', '{"a":{"x":1}\n{"b":2}\n{"c":3}', { good: ['{"b":2}', '{"c":3}'], broken: 1 }],
    ['a line cut after a comma', '{"a":1,\n{"b":2}\n{"c":3}', { good: ['{"b":2}', '{"c":3}'], broken: 1 }],
    ['an open brace in a list', '[{"a":{"x":1},{"b":2}]', { good: ['{"b":2}'], broken: 1 }],
    ['brackets that do not match', '[{"a":[1},{"b":2}]', { good: ['{"b":2}'], broken: 1 }],
  ])('of %s gives what can be had', (_name, text, { good, broken }) => {
    const pieces = split(text);
    expect(pieces.filter((piece) => piece.broken === undefined).map((piece) => piece.text.trim())).toEqual(good);
    expect(pieces.filter((piece) => piece.broken !== undefined)).toHaveLength(broken);
  });

  test('hands on text that is no JSON up to the next line that begins with a bracket', () => {
    expect(split('# a comment\nwith "two lines\n{"a":1}\n}\n').map((piece) => piece.text)).toEqual([
      '# a comment\nwith "two lines\n',
      '{"a":1}',
      '}\n',
    ]);
  });

  test('cuts a record that outgrows the limit, and goes on after it', () => {
    const huge = `{"a":"${'x'.repeat(MAX_RECORD_BYTES + 3_000_000)}"}`;
    const pieces = split(`[${huge},{"b":2}]`, [1024 * 1024]);
    expect(pieces[0]!.broken).toBe('a record of over 32 MiB');
    expect(
      pieces
        .slice(0, -1)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(huge);
    expect(pieces.at(-1)).toEqual({ text: '{"b":2}' });
  });

  test('survives 100,000 levels of nesting', () => {
    const deep = `${'{"a":['.repeat(100_000)}1${']}'.repeat(100_000)}`;
    expect(split(`[${deep},{"b":2}]`, [1000]).map((piece) => piece.text)).toEqual([deep, '{"b":2}']);
  });
});
