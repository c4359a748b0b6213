import type { Measured } from './measure';
import type { Units } from './dynamo';

/** What is told of each measurement, in the order of the tables. */
const TABLES: { title: string; cell: (measured: Measured) => string }[] = [
  { title: 'One more hit, the latest: read units + write units', cell: ({ next }) => unitsCell(next) },
  { title: 'One more hit, late, among the others: read units + write units', cell: ({ late }) => unitsCell(late) },
  { title: 'Sweeping the group, per hit in it: read units + write units', cell: ({ sweep }) => unitsCell(sweep) },
  { title: 'The largest head: bytes', cell: ({ headBytes }) => headBytes.toLocaleString('en-US') },
];

/** Tables of Markdown that also read well on a terminal: a row for each detector and spread, a column for each number of hits. */
export function costTables(all: Measured[]): string {
  return TABLES.map(({ title, cell }) => `${title}\n\n${table(all, cell)}\n`).join('\n');
}

function table(all: Measured[], cell: (measured: Measured) => string): string {
  const sizes = [...new Set(all.map(({ hits }) => hits))];
  const header = ['detector', 'hits are', ...sizes.map((size) => `${size.toLocaleString('en-US')} hits`)];
  const rows = new Map<string, string[]>();
  for (const measured of all) {
    const { type, spread, hits } = measured;
    const key = `${type} ${spread}`;
    const row = rows.get(key) ?? [type, SPREAD_TEXT[spread], ...sizes.map(() => '')];
    row[2 + sizes.indexOf(hits)] = cell(measured);
    rows.set(key, row);
  }
  return layOut([header, ...rows.values()]);
}

const SPREAD_TEXT = { burst: 'in a burst', days: 'over 5 days', bouts: 'in 60 bursts' };

/** A table of Markdown: the first two columns are names, to the left; the others are numbers, to the right. */
export function layOut(rows: string[][]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (texts: string[]): string => `| ${texts.join(' | ')} |`;
  const [header, ...body] = rows.map((row) =>
    line(row.map((text, i) => (i < 2 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)))),
  );
  const rule = line(widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  return [header, rule, ...body].join('\n');
}

function unitsCell({ read, write }: Units): string {
  return `${short(read)} + ${short(write)}`;
}

/** As many digits behind the point as say something. */
function short(units: number): string {
  if (units === 0) return '0';
  if (units < 0.01) return '<0.01';
  return units < 1 ? units.toFixed(2) : units.toFixed(1);
}
