import type { ChatNotification } from '../findings/chat';

/** A run of text in one style. */
interface Run {
  text: string;
  style: 'plain' | 'bold' | 'code';
}

const WIDTH = 860;
const MARGIN = 28;
const SIZE = 14;
const LEADING = 21;
const COLORS: Record<string, string> = {
  ...{ critical: '#b3261e', high: '#d9622b', medium: '#c79a00', low: '#3b78c2', informational: '#6b7280' },
};

/**
 * A chat notification as a channel shows it: an SVG with nothing in it but shapes and text, the same for the same
 * notification. Widths of letters are estimated, on the safe side, since no font is there to ask.
 */
export function pictureOf({ content, metadata }: ChatNotification): string {
  const lines: { runs: Run[]; indent: number }[] = [];
  const add = (text: string, indent = 0, before = ''): void => {
    const room = WIDTH - 2 * MARGIN - 16 - indent - (before === '' ? 0 : 20);
    wrap(runsOf(text), room).forEach((runs, i) => {
      const first: Run[] = before === '' ? [] : [{ text: i === 0 ? before : '', style: 'plain' }];
      lines.push({ runs: [...first, ...runs], indent });
    });
  };
  content.description.split('\n').forEach((line) => add(line));
  lines.push({ runs: [], indent: 0 });
  add('*Next steps*');
  content.nextSteps.forEach((step, i) => add(`${i + 1}. ${step}`, 12));
  const title = wrap([{ text: content.title, style: 'bold' }], WIDTH - 2 * MARGIN - 16, 16);
  const top = 76 + title.length * 23;
  const height = top + lines.length * LEADING + 24;
  const color = COLORS[metadata.additionalContext['severity'] ?? ''] ?? COLORS['informational']!;
  const font = 'font-family="Helvetica, Arial, \'Liberation Sans\', sans-serif"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" ${font} font-size="${SIZE}">`,
    `<title>${escape(content.title)}</title>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="#ffffff" stroke="#d0d7de"/>`,
    `<text x="${MARGIN}" y="33" font-weight="bold" fill="#1d1c1d">Amazon Q</text>`,
    `<rect x="${MARGIN + 74}" y="20" width="36" height="17" rx="3" fill="#e8e8e8"/>`,
    `<text x="${MARGIN + 80}" y="33" font-size="11" fill="#616061">APP</text>`,
    `<text x="${MARGIN + 120}" y="33" font-size="12" fill="#616061">#security-on-call</text>`,
    `<rect x="${MARGIN}" y="48" width="5" height="${height - 66}" rx="2" fill="${color}"/>`,
    ...title.map(
      (runs, i) =>
        `<text x="${MARGIN + 16}" y="${66 + i * 23}" font-size="16" font-weight="bold" fill="#1d1c1d">${escape(runs.map(({ text }) => text).join(''))}</text>`,
    ),
    ...lines.flatMap(({ runs, indent }, i) => lineOf(runs, MARGIN + 16 + indent, top + i * LEADING)),
    '</svg>',
    '',
  ].join('\n');
}

function lineOf(runs: Run[], left: number, y: number): string[] {
  let x = left;
  const shapes: string[] = [];
  for (const run of runs) {
    const width = widthOf(run);
    let at = `x="${Math.round(x)}" y="${y}"`;
    // Where a letter is narrower than was thought, the text is stretched to its place.
    const fit = run.text.trim().length > 1 ? ` textLength="${Math.round(width)}" lengthAdjust="spacing"` : '';
    if (run.style === 'code') {
      x += 4;
      at = `x="${Math.round(x)}" y="${y}"`;
      shapes.push(
        `<rect x="${Math.round(x) - 2}" y="${y - 13}" width="${Math.round(width) + 4}" height="18" rx="3" fill="#f4f4f5" stroke="#e4e4e7"/>`,
        `<text ${at} font-family="Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="12" fill="#a1264b"${fit}>${escape(run.text)}</text>`,
      );
      x += width + 4;
    } else {
      const weight = run.style === 'bold' ? ' font-weight="bold"' : '';
      if (run.text !== '')
        shapes.push(`<text ${at}${weight} fill="#1d1c1d" xml:space="preserve"${fit}>${escape(run.text)}</text>`);
      x += width;
    }
  }
  return shapes;
}

/** The markup of client-markdown that privwatch writes: `*bold*`, and code spans. */
function runsOf(text: string): Run[] {
  return [...text.matchAll(/`([^`]*)`|\*([^*]+)\*|([^`*]+)/g)].map(([, code, bold, plain]) =>
    code !== undefined
      ? { text: code, style: 'code' }
      : bold !== undefined
        ? { text: bold, style: 'bold' }
        : { text: plain!, style: 'plain' },
  );
}

/** Breaks between words; a word that is longer than a line, within it. */
function wrap(runs: Run[], room: number, size = SIZE): Run[][] {
  const lines: Run[][] = [[]];
  let left = room;
  for (const { text, style } of runs) {
    for (const word of text.match(/\s*\S{1,96}|\s+$/g) ?? []) {
      const width = widthOf({ text: word, style }, size);
      const isNew = width > left && lines.at(-1)!.length > 0;
      if (isNew) {
        lines.push([]);
        left = room;
      }
      const line = lines.at(-1)!;
      const piece = isNew ? word.trimStart() : word;
      const last = line.at(-1);
      if (last?.style === style) last.text += piece;
      else line.push({ text: piece, style });
      left -= widthOf({ text: piece, style }, size);
    }
  }
  return lines;
}

/** Of Helvetica, roughly, in ems; the code font is as wide for every letter. */
function widthOf({ text, style }: Run, size = SIZE): number {
  if (style === 'code') return text.length * 12 * 0.602;
  const ems = [...text].reduce((sum, letter) => sum + emsOf(letter), 0);
  return ems * size * (style === 'bold' ? 1.07 : 1);
}

function emsOf(letter: string): number {
  if (/[ijl.,:;|!'·]/.test(letter)) return 0.26;
  if (/[ftr()[\]/\s-]/.test(letter)) return 0.31;
  if (/[mwMW@%]/.test(letter)) return 0.85;
  if (/[A-Z]/.test(letter)) return 0.69;
  return 0.555;
}

/** Also without the wide colon that chat gets in place of what could make an emoji: few fonts for the web have it. */
function escape(text: string): string {
  return text
    .replaceAll('：', ':')
    .replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
}
