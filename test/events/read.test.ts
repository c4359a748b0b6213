import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Json } from '../../events/json';
import { makeReader, parse, readEvents, readFile } from '../../events/read';
import type { Unwrapped } from '../../events/unwrap';
import { envelope, guid, readAll, temporaryFolder, trailRecord } from './support';

const folder = temporaryFolder();
/** Reads every file record by record, as the default one does with files that are too large to parse whole. */
const streaming = makeReader({ wholeBytes: 0 });
const readers = [
  ['whole', readFile],
  ['as a stream', streaming],
] as const;

const records = [1, 2, 3].map((number) => trailRecord(number));
const ids = (found: Unwrapped): string[] => found.events.map((event) => event.id);
const allIds = [1, 2, 3].map(guid);
const reasons = (found: Unwrapped): string[] => found.rejected.map((one) => one.reason);
const lines = (values: Json[], end = '\n'): string => values.map((value) => JSON.stringify(value)).join(end);
const utf16le = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');

describe.each(readers)('a file that is read %s', (_how, reader) => {
  const read = (content: Buffer | string): Promise<Unwrapped> => readAll(reader, folder.write('events', content));

  const shapes: [string, string][] = [
    ['a CloudTrail file', JSON.stringify({ Records: records })],
    ['a CloudTrail file, pretty-printed', JSON.stringify({ Records: records }, null, 2)],
    ['an array', JSON.stringify(records)],
    ['an array, one record a line', `[\n${lines(records, ',\n')}\n]\n`],
    ['JSON lines', lines(records)],
    ['JSON lines with CRLF and empty lines', `${lines(records, '\r\n\r\n')}\r\n`],
    ['JSON lines of files', lines(records.map((one) => ({ Records: [one] })))],
    ['JSON lines of envelopes', lines(records.map((one) => envelope('AWS API Call via CloudTrail', one)))],
    ['JSON lines of LookupEvents items', lines(records.map((one) => ({ CloudTrailEvent: JSON.stringify(one) })))],
    [
      'an answer of LookupEvents',
      JSON.stringify(
        { Events: records.map((one) => ({ CloudTrailEvent: JSON.stringify(one) })), NextToken: 'x' },
        null,
        4,
      ),
    ],
    ['pretty-printed documents one after the other', records.map((one) => JSON.stringify(one, null, 2)).join('\n')],
    ['documents one after the other without a space', lines(records, '')],
    [
      'a compact document and pretty-printed ones',
      `${JSON.stringify(records[0])}\n${JSON.stringify({ Records: records.slice(1) }, null, 2)}`,
    ],
  ];
  describe.each(shapes)('%s', (_name, text) => {
    test.each<[string, Buffer]>([
      ['plain', Buffer.from(text)],
      ['gzip', gzipSync(text)],
      ['gzip in two members', Buffer.concat([gzipSync(text.slice(0, 700)), gzipSync(text.slice(700))])],
      ['with a byte order mark', Buffer.from(`\ufeff${text}`)],
      ['in UTF-16', utf16le(text)],
      ['in UTF-16, big-endian', utf16le(text).swap16()],
      ['in UTF-16, gzip', gzipSync(utf16le(text))],
    ])('%s, gives its events', async (_form, bytes) => {
      const found = await read(bytes);
      expect(reasons(found)).toEqual([]);
      expect(ids(found)).toEqual(allIds);
    });
  });

  test('gives one event of a single record', async () => {
    expect(ids(await read(JSON.stringify(records[0], null, 2)))).toEqual([guid(1)]);
  });

  test('is rejected where there is nothing in it, but for an empty list', async () => {
    expect(await read('{"Records":[]}')).toEqual({ events: [], rejected: [] });
    for (const content of ['', ' \n', gzipSync(''), '\ufeff']) {
      expect(await read(content)).toEqual({ events: [], rejected: [{ reason: 'it is empty', record: null }] });
    }
  });

  test('gives all but the one bad line of JSON lines, and keeps that line', async () => {
    const good = records.map((one) => JSON.stringify(one));
    const cut = JSON.stringify(trailRecord(4));
    // Cut anywhere, the line must not take its neighbours with it.
    for (let length = 1; length < cut.length; length++) {
      const bad = cut.slice(0, length);
      const found = await read([good[0], bad, good[1], good[2]].join('\n'));
      expect([bad, ids(found)]).toEqual([bad, allIds]);
      expect(found.rejected.map((one) => typeof one.record === 'string' && one.record.trim())).toEqual([bad.trim()]);
      expect(found.rejected[0]!.reason).not.toBe('');
    }
  });

  test('gives the records before the place where it was cut, and keeps the rest', async () => {
    const text = JSON.stringify({ Records: records });
    const found = await read(text.slice(0, -100));
    expect(ids(found)).toEqual(allIds.slice(0, 2));
    expect(found.rejected).toEqual([
      { reason: 'the input ends in the middle of it', record: JSON.stringify(records[2]).slice(0, -98) },
    ]);
  });

  test('says so where it was cut between two records', async () => {
    const found = await read(`{"Records":[${lines(records, ',')}`);
    expect(ids(found)).toEqual(allIds);
    expect(found.rejected).toEqual([{ reason: 'the input ends before the list of records does', record: null }]);
  });

  test('gives the records around one that is damaged', async () => {
    const [a, b, c] = records.map((one) => JSON.stringify(one));
    const damaged = b!.replace('"eventName":', '"eventName"=');
    const found = await read(`{"Records":[${[a, damaged, c].join(',')}]}`);
    expect(ids(found)).toEqual([guid(1), guid(3)]);
    expect(found.rejected.map((one) => one.record)).toEqual([damaged]);
    expect(reasons(found)[0]).toMatch(/^not JSON: /);
  });

  test('gives what gzip data held before it was cut', async () => {
    const many = Array.from({ length: 500 }, (_, i) => trailRecord(i, { noise: noise(i) }));
    const zipped = gzipSync(JSON.stringify({ Records: many }));
    const found = await read(zipped.subarray(0, zipped.length / 2));
    expect(ids(found).length).toBeGreaterThan(200);
    expect(ids(found)).toEqual(many.slice(0, found.events.length).map((one) => one['eventID']));
    expect(reasons(found)).toEqual(['the gzip file is cut: it ends before its data does']);
  });

  test('gives what gzip data held before it was damaged', async () => {
    const many = Array.from({ length: 500 }, (_, i) => trailRecord(i, { noise: noise(i) }));
    const zipped = gzipSync(JSON.stringify({ Records: many }));
    zipped.fill(0xff, zipped.length >> 1, (zipped.length >> 1) + 8);
    const found = await read(zipped);
    expect(found.events.length).toBeGreaterThan(200);
    expect(reasons(found).at(-1)).toMatch(/^the gzip file is damaged: /);
  });

  test('gives all of gzip data whose checksum is wrong, and says so', async () => {
    const zipped = gzipSync(lines(records));
    zipped[zipped.length - 6]! ^= 1;
    const found = await read(zipped);
    expect(ids(found)).toEqual(allIds);
    expect(reasons(found)).toEqual(['the gzip file is damaged: incorrect data check']);
  });

  test('gives a record of ten megabytes and one of 100,000 levels', async () => {
    const huge = trailRecord(1, { requestParameters: { body: '{"'.repeat(2_500_000) } });
    const deep = `{"eventSource":"x","eventID":"${guid(2)}","deep":${'[{"a":'.repeat(50_000)}1${'}]'.repeat(50_000)}}`;
    expect(ids(await read(`[${JSON.stringify(huge)},${deep}]`))).toEqual([guid(1), guid(2)]);
  });

  test('that is a picture or an archive is rejected once, and not copied', async () => {
    const found = await read(Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n{\n[\n{"', 'latin1'));
    expect(found).toEqual({
      events: [],
      rejected: [{ reason: expect.stringMatching(/^not JSON: it begins with "/) as string, record: null }],
    });
  });

  test('that is prose is rejected once', async () => {
    const text = 'Once upon a "time",\nthere was {a log}.\n';
    expect(await read(text)).toEqual({
      events: [],
      rejected: [{ reason: 'not JSON: it begins with "Once upon a \\"time\\","', record: text }],
    });
    expect((await read(text.repeat(20_000))).rejected.map((one) => one.record)).toEqual([null]);
  });

  test('that has prose around its records is read but for the prose', async () => {
    const found = await read(`# exported\n# today\n${lines(records)}\n-- end\n`);
    expect(ids(found)).toEqual(allIds);
    expect(found.rejected.map((one) => one.record)).toEqual(['# exported\n# today\n', '-- end\n']);
  });

  test('that is a folder or is not there is rejected', async () => {
    expect(reasons(await readAll(reader, folder.path()))[0]).toMatch(/^cannot be read: EISDIR/);
    expect(reasons(await readAll(reader, folder.path('nothing')))[0]).toMatch(/^cannot be read: ENOENT/);
  });
});

/** Incompressible, so that half of the gzip data is half of the records. */
function noise(seed: number): string {
  return Array.from({ length: 40 }, (_, i) =>
    Math.sin(seed * 40 + i)
      .toString(36)
      .slice(3),
  ).join('');
}

test('any bytes are read or rejected with a reason, never thrown', async () => {
  const shards = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    '\n',
    ',',
    ':',
    '{"Records":[',
    '{"eventName":"x"}',
    '\0',
    '\ufeff',
    'é',
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    fc.array(shards, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''))),
  );
  const disguise = fc.constantFrom<(plain: Buffer) => Buffer>(
    (plain) => plain,
    (plain) => gzipSync(plain),
    (plain) => gzipSync(plain).subarray(0, -5),
    (plain) => Buffer.concat([Buffer.from([0x1f, 0x8b]), plain]),
    (plain) => Buffer.concat([Buffer.from([0xff, 0xfe]), plain]),
  );
  await fc.assert(
    fc.asyncProperty(bytes, disguise, async (plain, disguised) => {
      const file = folder.write('any', disguised(plain));
      const [whole, stream] = [await readAll(readFile, file), await readAll(streaming, file)];
      for (const { reason } of [...whole.rejected, ...stream.rejected]) expect(reason).not.toBe('');
      // Damaged input may be rejected in other pieces by the one than by the other, but events are events.
      expect(stream.events.map((event) => event.digest)).toEqual(whole.events.map((event) => event.digest));
    }),
    { numRuns: 300 },
  );
});

test('a large file comes in batches, with the bytes read so far', async () => {
  const many = Array.from({ length: 6000 }, (_, i) => trailRecord(i));
  const file = folder.write('large', JSON.stringify({ Records: many }));
  let before = 0;
  const found: string[] = [];
  for await (const batch of streaming(file)) {
    expect(batch.file).toBe(file);
    expect(batch.bytesRead).toBeGreaterThanOrEqual(before);
    before = batch.bytesRead;
    found.push(...ids(batch));
  }
  expect(found).toEqual(many.map((one) => one['eventID']));
  expect(before).toBe(Buffer.byteLength(JSON.stringify({ Records: many })));
});

test('a reader may be left in the middle of a file', async () => {
  const file = folder.write('left', gzipSync(lines(Array.from({ length: 6000 }, (_, i) => trailRecord(i)))));
  for await (const batch of streaming(file)) {
    expect(batch.events.length).toBeGreaterThan(0);
    break;
  }
});

test('files are read one after the other, in the order given, by the reader given', async () => {
  const files = ['b', 'a'].map((name, i) => folder.write(name, JSON.stringify(records[i])));
  const batches = [];
  for await (const batch of readEvents(files, streaming)) batches.push([batch.file, ...ids(batch)]);
  expect(batches).toEqual([
    [files[0], guid(1)],
    [files[1], guid(2)],
  ]);
});

test.each([
  ['plain', lines(records)],
  ['gzip', gzipSync(lines(records))],
  ['UTF-16', utf16le(lines(records))],
])('standard input is read, %s', (_name, input) => {
  const script = `
    require('@swc/core');
    const { readFileSync } = require('node:fs');
    require.extensions['.ts'] = (module, file) => module._compile(require('@swc/core').transformSync(readFileSync(file, 'utf8'), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } }).code, file);
    const { readFile } = require('./events/read.ts');
    (async () => { for await (const batch of readFile('-')) for (const event of batch.events) console.log(event.id); })();`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { input, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual(allIds);
});

test('parse reads the records of a text in memory', () => {
  expect(ids(parse(Buffer.from(lines(records))))).toEqual(allIds);
});
