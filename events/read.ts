import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { RecordSplitter, type Piece } from './split';
import { unwrap, type Unwrapped } from './unwrap';
import type { Json } from './json';

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

/** Files up to this size are parsed whole, which is several times faster; larger ones record by record. */
const WHOLE_BYTES = 64 * 1024 * 1024;
const BATCH_RECORDS = 2000;
const GZIP_SLICE = 64 * 1024;
const GUNZIP = { chunkSize: 1024 * 1024 };

/** Reads files one after the other. */
export async function* readEvents(files: string[], reader: EventReader = readFile): AsyncIterable<Batch> {
  for (const file of files) yield* reader(file);
}

/** The events of one file (plain or gzip, whatever its name), or of standard input if the name is `-`. */
export async function* readFile(file: string): AsyncIterable<Batch> {
  try {
    const whole = file === STDIN ? undefined : readWhole(file);
    if (whole) yield whole;
    else yield* readStream(file);
  } catch (error) {
    const reason = `cannot be read: ${(error as Error).message}`;
    yield { file, bytesRead: 0, events: [], rejected: [{ reason, record: null }] };
  }
}

function readWhole(file: string): Batch | undefined {
  const { size } = statSync(file);
  if (size > WHOLE_BYTES) return undefined;
  let bytes = readFileSync(file);
  if (isGzip(bytes)) {
    try {
      bytes = gunzipSync(bytes, { ...GUNZIP, maxOutputLength: WHOLE_BYTES });
    } catch {
      return undefined; // too large, cut or damaged: the stream gives what can be had
    }
  }
  return { ...parse(bytes), file, bytesRead: size };
}

/** The records of a text that is in memory. */
export function parse(bytes: Buffer): Unwrapped {
  const out: Unwrapped = { events: [], rejected: [] };
  const content = decode(bytes);
  if (content.trim() === '') return out;
  let value: Json;
  try {
    value = JSON.parse(content) as Json;
  } catch {
    parsePieces(content, bytes, out);
    return out;
  }
  unwrap(value, out);
  return out;
}

function parsePieces(content: string, bytes: Buffer, out: Unwrapped): void {
  const start = content.trimStart();
  const lines = start.split('\n');
  const isText = !bytes.subarray(0, 512).includes(0) || utf16(bytes) !== undefined;
  if (!isText || (!/^[[{]/.test(start) && !lines.some(isRecordLine))) {
    const shown = JSON.stringify(lines[0]!.slice(0, 40).trimEnd());
    // The file itself is where it can be read again: a picture or a licence text is not copied into the rejects.
    out.rejected.push({ reason: `not JSON: it begins with ${shown}`, record: null });
    return;
  }
  if (!start.startsWith('[') && lines.some(isRecordLine)) {
    for (const line of lines) parsePiece({ text: line }, out);
    return;
  }
  const splitter = new RecordSplitter();
  const utf8Bytes = Buffer.from(content, 'utf8');
  for (const piece of [...splitter.push(utf8Bytes), ...splitter.end()]) parsePiece(piece, out);
}

function parsePiece(piece: Piece, out: Unwrapped): void {
  if (piece.text.trim() === '' && piece.broken === undefined) return;
  let value: Json;
  try {
    value = JSON.parse(piece.text) as Json;
  } catch (error) {
    // Whole lines within a damaged piece are records that can be had.
    const lines = piece.text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length > 1 && lines.some(isRecordLine)) {
      for (const line of lines) parsePiece({ text: line }, out);
      return;
    }
    out.rejected.push({ reason: piece.broken ?? `not JSON: ${messageOf(error)}`, record: piece.text });
    return;
  }
  unwrap(value, out);
}

/** Whether a line is a whole JSON object by itself. */
function isRecordLine(line: string): boolean {
  if (!/^\s*\{.*\}\s*$/.test(line)) return false;
  try {
    return typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

/** V8 quotes the text in its message; the record is kept beside it, so only the cause is of interest. */
function messageOf(error: unknown): string {
  return (error as Error).message.replace(/,? (?:\.\.\.)?"[\s\S]*$/, '').replace(/ in JSON at position.*/s, '');
}

async function* readStream(file: string): AsyncIterable<Batch> {
  const input: Readable = file === STDIN ? process.stdin : createReadStream(file, { highWaterMark: 1024 * 1024 });
  let bytesRead = 0;
  const counted = (async function* () {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      bytesRead += chunk.length;
      yield chunk;
    }
  })();
  const splitter = new RecordSplitter();
  let batch: Unwrapped = { events: [], rejected: [] };
  let any = false;
  let damage: string | undefined;
  try {
    for await (const chunk of decompressed(counted)) {
      any = true;
      for (const piece of splitter.push(chunk)) parsePiece(piece, batch);
      if (batch.events.length + batch.rejected.length >= BATCH_RECORDS) {
        yield { ...batch, file, bytesRead };
        batch = { events: [], rejected: [] };
      }
    }
  } catch (error) {
    damage = damageOf(error);
  }
  const rest = splitter.end();
  for (const piece of rest) parsePiece(damage && piece.broken ? { ...piece, broken: damage } : piece, batch);
  if (damage && rest.length === 0) batch.rejected.push({ reason: damage, record: null });
  if (any || damage) yield { ...batch, file, bytesRead };
}

function damageOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return 'the gzip file is cut: it ends before its data does';
  if (code?.startsWith('Z_')) return `the gzip file is damaged: ${message}`;
  return `cannot be read further: ${message}`;
}

async function* decompressed(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  const all = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  if (!isGzip(first.value)) {
    yield* utf8(all);
    return;
  }
  yield* utf8(gunzipped(all));
}

/**
 * Not a pipe: a stream that fails drops what it still holds, and of a cut file everything before the cut is wanted.
 * Small slices bound what one write can grow to.
 */
async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const gunzip = createGunzip(GUNZIP);
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  gunzip.on('data', (chunk: Buffer) => ready.push(chunk));
  const failed = new Promise<void>((resolve) => {
    gunzip.once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  for await (const chunk of chunks) {
    for (let i = 0; i < chunk.length && !failure; i += GZIP_SLICE) {
      const written = new Promise<void>((resolve) => gunzip.write(chunk.subarray(i, i + GZIP_SLICE), () => resolve()));
      await Promise.race([written, failed]);
      yield* ready.splice(0);
    }
    if (failure) break;
  }
  if (!failure) await Promise.race([new Promise<void>((resolve) => gunzip.once('end', resolve).end()), failed]);
  yield* ready.splice(0);
  if (failure) throw failure;
}

/** The splitter works on UTF-8; Windows PowerShell writes UTF-16. */
async function* utf8(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let decoder: TextDecoder | undefined;
  let isFirst = true;
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (isFirst) {
      isFirst = false;
      if (utf16(chunk)) decoder = new TextDecoder(utf16(chunk));
      else bytes = withoutBom(chunk);
    }
    yield decoder ? Buffer.from(decoder.decode(bytes, { stream: true }), 'utf8') : bytes;
  }
}

function decode(bytes: Buffer): string {
  const encoding = utf16(bytes);
  return encoding ? new TextDecoder(encoding).decode(bytes) : withoutBom(bytes).toString('utf8');
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function utf16(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function withoutBom(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
