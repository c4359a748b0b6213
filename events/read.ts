import { createReadStream, readFileSync, statSync } from 'node:fs';
import { decode, gunzip, isGzip, utf8Chunks } from './bytes';
import type { Json } from './json';
import { redactText } from './redact';
import { RecordSplitter, type Piece } from './split';
import { unwrap, type Rejected, type Unwrapped } from './unwrap';

/** Some of the records of one file, in the order of the file. */
export interface Batch extends Unwrapped {
  readonly file: string;
  /** Compressed bytes of the file read so far, for a progress bar. */
  readonly bytesRead: number;
}

/**
 * How bytes become events. A faster reader takes the place of {@link readFile} by having its shape; nothing behind it
 * changes. A reader never throws for what it reads: the unreadable is in `rejected`.
 */
export type EventReader = (file: string) => AsyncIterable<Batch>;

/** The name under which standard input is read. */
export const STDIN = '-';

const WHOLE_BYTES = 64 * 1024 * 1024;
const BATCH_RECORDS = 2000;
/** Text that is no JSON and longer than any record is not copied into the rejects: the file itself is there to look at. */
const LONGEST_REJECTED_TEXT = 256 * 1024;
const BINARY_BYTES = 512;

/** Reads files one after the other. */
export async function* readEvents(files: string[], reader: EventReader = readFile): AsyncIterable<Batch> {
  for (const file of files) yield* reader(file);
}

/** The events of one file (plain or gzip, whatever its name), or of standard input if the name is `-`. */
export const readFile: EventReader = makeReader();

/**
 * A reader that parses files of up to `wholeBytes` (also when unzipped) whole, which is several times faster, and
 * larger ones record by record in bounded memory.
 */
export function makeReader({ wholeBytes = WHOLE_BYTES } = {}): EventReader {
  return async function* (file) {
    try {
      const whole = file === STDIN ? undefined : readWhole(file, wholeBytes);
      if (whole) yield whole;
      else yield* readStream(file);
    } catch (error) {
      yield { file, bytesRead: 0, events: [], rejected: [{ reason: damageOf(error), record: null }] };
    }
  };
}

function readWhole(file: string, limit: number): Batch | undefined {
  const stat = statSync(file);
  if (!stat.isFile() || stat.size > limit) return undefined;
  let bytes: Buffer = readFileSync(file);
  if (isGzip(bytes)) {
    try {
      bytes = gunzip(bytes, limit);
    } catch {
      return undefined; // too large, cut or damaged: the stream gives what can be had
    }
  }
  return { ...parse(bytes), file, bytesRead: stat.size };
}

/** Nothing at all is no answer: the command whose output this was may have failed. */
const EMPTY: Rejected = { reason: 'it is empty', record: null };

/** The records of a text that is in memory. */
export function parse(bytes: Buffer): Unwrapped {
  const out: Unwrapped = { events: [], rejected: [] };
  const content = decode(bytes);
  if (content.trim() === '') {
    out.rejected.push(EMPTY);
    return out;
  }
  let value: Json;
  try {
    value = JSON.parse(content) as Json;
  } catch {
    takePieces(content, out);
    return out;
  }
  unwrap(value, out);
  return out;
}

function takePieces(content: string, out: Unwrapped): void {
  if (isBinary(content)) return void out.rejected.push(notJson(content));
  const splitter = new RecordSplitter();
  for (const piece of splitter.push(Buffer.from(content, 'utf8'))) takePiece(piece, out);
  for (const piece of splitter.end()) takePiece(piece, out);
}

async function* readStream(file: string): AsyncIterable<Batch> {
  const input: AsyncIterable<Buffer> =
    file === STDIN ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 });
  let bytesRead = 0;
  const counted = async function* (): AsyncIterable<Buffer> {
    for await (const chunk of input) {
      bytesRead += chunk.length;
      yield chunk;
    }
  };
  const splitter = new RecordSplitter();
  let batch: Unwrapped = { events: [], rejected: [] };
  let damage: string | undefined;
  let isFirst = true;
  let isBlank = true;
  try {
    for await (const chunk of utf8Chunks(counted())) {
      if (isFirst && isBinary(chunk.toString('latin1', 0, BINARY_BYTES))) {
        batch.rejected.push(notJson(chunk.toString('utf8', 0, BINARY_BYTES)));
        break;
      }
      isFirst = false;
      isBlank &&= chunk.every((byte) => byte <= 0x20);
      for (const piece of splitter.push(chunk)) takePiece(piece, batch);
      if (batch.events.length < BATCH_RECORDS && batch.rejected.length === 0) continue;
      yield { ...batch, file, bytesRead };
      batch = { events: [], rejected: [] };
    }
  } catch (error) {
    damage = damageOf(error);
  }
  const rest = splitter.end();
  for (const piece of rest) takePiece(damage && piece.broken ? { ...piece, broken: damage } : piece, batch);
  if (isBlank && !damage && batch.rejected.length === 0) batch.rejected.push(EMPTY);
  if (damage && !rest.some((piece) => piece.broken)) batch.rejected.push({ reason: damage, record: null });
  yield { ...batch, file, bytesRead };
}

function takePiece({ text, broken }: Piece, out: Unwrapped): void {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    const lines = text.split('\n');
    if (lines.length > 1 && lines.some(isRecordLine)) {
      // Whole lines within a damaged piece are records that can be had.
      for (const line of lines) if (line.trim() !== '') takePiece({ text: line }, out);
    } else out.rejected.push(rejectedText(text, broken ?? `not JSON: ${messageOf(error)}`));
    return;
  }
  unwrap(value, out);
}

/** Whether a line is a whole JSON object by itself; within a damaged document, lines of it are mostly indented. */
function isRecordLine(line: string): boolean {
  if (!/^\{.*\}\s*$/.test(line)) return false;
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

function rejectedText(text: string, reason: string): Rejected {
  if (text === '') return { reason, record: null };
  return /^[[{]/.test(text) ? { reason, record: text } : notJson(text);
}

function notJson(text: string): Rejected {
  const isKept = text.length <= LONGEST_REJECTED_TEXT && !isBinary(text);
  // More than is quoted, so that a secret is known for one before it is cut.
  const [begin] = redactText(text.trimStart().slice(0, 400)).slice(0, 40).split('\n');
  return { reason: `not JSON: it begins with ${JSON.stringify(begin!.trimEnd())}`, record: isKept ? text : null };
}

/** JSON has no zero byte; pictures and archives have one early. */
function isBinary(text: string): boolean {
  return text.slice(0, BINARY_BYTES).includes('\0');
}

/** V8 quotes the text in its message; the record is kept beside it, so only the cause is of interest. */
function messageOf(error: unknown): string {
  return (error as Error).message.replace(/,? (?:\.\.\.)?"[\s\S]*$/, '').replace(/ in JSON at position.*/s, '');
}

function damageOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return 'the gzip file is cut: it ends before its data does';
  if (code?.startsWith('Z_')) return `the gzip file is damaged: ${message}`;
  return `cannot be read: ${message}`;
}
