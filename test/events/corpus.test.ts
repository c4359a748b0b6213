import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { derivedFields, deriveField, makeContext } from '../../events/derived';
import { findFiles } from '../../events/files';
import { makeReader, readFile } from '../../events/read';
import type { Unwrapped } from '../../events/unwrap';
import { readAll } from './support';

const corpus = process.env['PRIVWATCH_CORPUS'] ?? join(__dirname, '../../../shared/corpus');
const manifest = join(corpus, 'manifest.json');
const [describeCorpus, why] = existsSync(manifest)
  ? [describe, '']
  : [describe.skip, ` (skipped: there is no corpus of real events; PRIVWATCH_CORPUS names its folder)`];

interface Case {
  file: string;
  format: string;
  events: number;
}

describeCorpus(`real events${why}`, () => {
  const { files } = findFiles([corpus], (name) => name !== 'manifest.json' && !/\.(md|txt)$|^LICEN[CS]E/i.test(name));
  const streaming = makeReader({ wholeBytes: 0 });

  test('each file is read, or what cannot be read of it is rejected with a reason', async () => {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const { events, rejected } = await readAll(readFile, file);
      expect([file, rejected.filter((one) => one.reason === '')]).toEqual([file, []]);
      expect([file, events.length + rejected.length > 0]).toEqual([file, true]);
    }
  });

  test('each file gives the same as a stream', async () => {
    const shown = ({ events, rejected }: Unwrapped): unknown => [events.map((event) => event.key), rejected];
    for (const file of files) {
      expect([file, shown(await readAll(streaming, file))]).toEqual([file, shown(await readAll(readFile, file))]);
    }
  });

  test('each file holds as many records as its description says', async () => {
    const { cases } = JSON.parse(readFileSync(manifest, 'utf8')) as { cases: Case[] };
    const whole = cases.filter(({ file, format }) => !/case/i.test(format) && !file.includes('-cases/'));
    expect(whole.length).toBeGreaterThan(0);
    for (const { file, events: count } of whole) {
      const { events, rejected } = await readAll(readFile, join(corpus, file));
      expect([file, events.length + rejected.length]).toEqual([file, count]);
    }
  });

  test('each event has a key and derived fields', async () => {
    const context = makeContext();
    for (const file of files) {
      for (const event of (await readAll(readFile, file)).events) {
        expect(event.key).not.toBe('');
        for (const name of Object.keys(derivedFields)) deriveField(name, event, context);
      }
    }
  });
});
