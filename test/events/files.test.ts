import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import fc from 'fast-check';
import { findFiles, mayHoldEvents } from '../../events/files';
import { temporaryFolder } from './support';

const folder = temporaryFolder();
const at = (...names: string[]): string => folder.path(...names);

beforeAll(() => {
  for (const name of ['logs', 'logs/2026', 'logs/.hidden', 'logs [x]', 'logs {a,b}!', 'empty']) mkdirSync(at(name));
  for (const name of [
    ...['logs/b.json', 'logs/a.json.gz', 'logs/2026/c.log', 'logs/2026/noending', 'logs/2026/[1].json'],
    ...['logs/README.md', 'logs/.secret.json', 'logs/.hidden/d.json', 'logs [x]/e (1).json', 'logs {a,b}!/*.json'],
  ]) {
    folder.write(name, '{}');
  }
});

const inLogs = ['logs/2026/[1].json', 'logs/2026/c.log', 'logs/2026/noending', 'logs/a.json.gz', 'logs/b.json'];

test('a folder stands for all files below it, but for the hidden ones', () => {
  const found = findFiles([at('logs')], mayHoldEvents);
  expect(found.files).toEqual(inLogs.map((name) => at(name)));
  expect(found.passedOver).toEqual([at('logs/README.md')]);
  expect(found.problems).toEqual([]);
});

test.each<[string, string, string[]]>([
  ['a file', 'logs/b.json', ['logs/b.json']],
  ['a file that a folder would pass over', 'logs/README.md', ['logs/README.md']],
  ['a hidden file', 'logs/.secret.json', ['logs/.secret.json']],
  ['a hidden folder', 'logs/.hidden', ['logs/.hidden/d.json']],
  ['a file with brackets in its name', 'logs/2026/[1].json', ['logs/2026/[1].json']],
  ['a folder with brackets and a space in its name', 'logs [x]', ['logs [x]/e (1).json']],
  ['a folder with braces in its name', 'logs {a,b}!', ['logs {a,b}!/*.json']],
  ['a folder with slashes behind it', 'logs [x]//', ['logs [x]/e (1).json']],
  ['a glob', 'logs/*.json', ['logs/b.json']],
  ['a glob over folders', 'logs/**/*.{log,gz}', ['logs/2026/c.log', 'logs/a.json.gz']],
])('%s that is named gives what it names', (_name, path, files) => {
  expect(findFiles([at(path)], mayHoldEvents)).toEqual({
    files: files.map((name) => at(name)),
    passedOver: [],
    problems: [],
  });
});

/** Root reads everything. */
const unlessRoot = process.getuid?.() === 0 ? test.skip : test;

unlessRoot('what must not be listed or looked at is found, so that reading it says so', () => {
  for (const name of ['locked', 'locked/deaf', 'locked/blind']) mkdirSync(at(name));
  for (const name of ['locked/deaf/a.json', 'locked/blind/b.json']) folder.write(name, '{}');
  chmodSync(at('locked/deaf'), 0o000);
  chmodSync(at('locked/blind'), 0o400);
  const files = [at('locked/blind/b.json'), at('locked/deaf')];
  expect(findFiles([at('locked')], mayHoldEvents).files).toEqual(files);
  expect(findFiles([at('locked/**/*.json')], mayHoldEvents).files).toEqual(files);
  expect(findFiles([at('locked/blind/b.json')], mayHoldEvents).files).toEqual(files.slice(0, 1));
  for (const name of ['locked/deaf', 'locked/blind']) chmodSync(at(name), 0o700);
});

test('a path that names nothing is a problem, and the others are found', () => {
  const globs = ['logs/*.csv', 'nothing/**/*.json.gz', 'nothing/*'].map((name) => at(name));
  expect(findFiles([at('nothing'), ...globs, at('logs/b.json'), 'a\0b', ''], mayHoldEvents)).toEqual({
    files: [at('logs/b.json')],
    passedOver: [],
    problems: [
      `${at('logs/*.csv')}: no file matches`,
      `${at('nothing/**/*.json.gz')}: no file matches`,
      `${at('nothing/*')}: no file matches`,
      `${at('nothing')}: no such file or folder`,
      ': no such file or folder',
      'a\0b: no such file or folder',
    ],
  });
});

test('an empty folder is a problem if there is nothing else', () => {
  mkdirSync(at('documents'));
  folder.write('documents/README.md', '');
  const folders = [at('documents'), at('empty')];
  expect(findFiles(folders, mayHoldEvents)).toEqual({
    files: [],
    passedOver: [at('documents/README.md')],
    problems: folders.map((path) => `${path}: no file of events in this folder`),
  });
  expect(findFiles([...folders, at('logs/b.json')], mayHoldEvents).problems).toEqual([]);
});

test('a file that is named in several ways is found once, and standard input too', () => {
  symlinkSync(at('logs/b.json'), at('link.json'));
  const paths = ['logs', 'logs/', 'logs/b.json', 'logs/2026/../b.json', 'link.json', 'logs/*.json'].map((name) =>
    at(name),
  );
  const { files } = findFiles(['-', ...paths, '-'], mayHoldEvents);
  expect(files).toHaveLength(inLogs.length + 1);
  expect(files[0]).toBe('-');
});

test('a file that is named is read although its folder passes it over', () => {
  const { files, passedOver } = findFiles([at('logs'), at('logs/README.md')], mayHoldEvents);
  expect(files).toContain(at('logs/README.md'));
  expect(passedOver).toEqual([]);
});

test('links are followed, in circles too, and links to nothing left alone', () => {
  mkdirSync(at('links'));
  symlinkSync(at('nowhere'), at('links/dangling'));
  symlinkSync(at('links'), at('links/loop'));
  symlinkSync(at('logs/b.json'), at('links/file'));
  symlinkSync(at('logs/2026'), at('links/folder'));
  const names = ['links/file', 'links/folder/[1].json', 'links/folder/c.log', 'links/folder/noending'];
  expect(findFiles([at('links')], mayHoldEvents)).toEqual({
    files: names.map((name) => at(name)),
    passedOver: [],
    problems: [],
  });
});

test('the order of the paths makes no difference', () => {
  const paths = [
    '-',
    ...['logs', 'logs [x]', 'logs/b.json', 'logs/README.md', 'link.json', 'nothing', 'logs/*.x'].map((name) =>
      at(name),
    ),
  ];
  const expected = findFiles(paths, mayHoldEvents);
  fc.assert(
    fc.property(fc.shuffledSubarray(paths, { minLength: paths.length }), (order) => {
      expect(findFiles(order, mayHoldEvents)).toEqual(expected);
    }),
  );
});

test.each([
  ['a.json', true],
  ['a.json.gz', true],
  ['a.cloudtrail', true],
  ['noending', true],
  ['README.md', false],
  ['privwatch.YML', false],
  ['a.yaml', false],
])('in a folder, %s may hold events: %s', (name, may) => {
  expect(mayHoldEvents(name)).toBe(may);
});
