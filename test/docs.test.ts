import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/** Rows of the tables: file and name of the test that shows what is promised. */
const rows = readFileSync(join(ROOT, 'docs/faults.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (?:Fault|-+)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('docs/faults.md names tests that there are', () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) {
    const [, file, name] = /^`(test\/[\w./-]+\.ts)`: (.+)$/.exec(row[3] ?? '') ?? [];
    expect([row[3], file]).toEqual([row[3], expect.any(String)]);
    const code = readFileSync(join(ROOT, file!), 'utf8');
    expect(code.includes(`('${name!}'`) ? name : `${file!} has no test called ${name!}`).toBe(name);
  }
});
