import { isAscii } from 'node:buffer';
import { createGunzip, gunzipSync } from 'node:zlib';
import { TextDecoder } from 'node:util';

const CHUNK_BYTES = 1024 * 1024;
/** Of damaged gzip data, what the write that fails had given is lost: small writes lose little, and grow to little. */
const GZIP_WRITE_BYTES = 2048;
/** Behind the data; much damage only shows there, so that it is written by itself. */
const GZIP_CHECKSUM_BYTES = 8;
const GZIP_SIZE_BYTES = 4;
/** No more than that can become of a byte of deflate. */
const MOST_INFLATED = 1032;
/** As many bytes as tell gzip and byte order marks apart. */
const HEAD_BYTES = 3;

export function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * What a gzip file holds.
 *
 * @throws if it is cut or damaged, or holds more than `limit` bytes
 */
export function gunzip(bytes: Buffer, limit: number): Buffer {
  return gunzipSync(bytes, {
    chunkSize: Math.max(Math.min(saidSize(bytes), limit), CHUNK_BYTES),
    maxOutputLength: limit,
  });
}

/**
 * Bytes that a gzip file says it holds (RFC 1952, ISIZE), and a little more; no more than it can hold, whatever it says. If
 * it is true, all fits into one chunk, and nothing is copied together.
 */
function saidSize(bytes: Buffer): number {
  if (bytes.length < GZIP_SIZE_BYTES) return 0;
  return Math.min(bytes.readUInt32LE(bytes.length - GZIP_SIZE_BYTES) + 1024, bytes.length * MOST_INFLATED);
}

/** The text of a whole file in UTF-8 or, as Windows PowerShell writes it, UTF-16 with a byte order mark. */
export function decode(bytes: Buffer): string {
  const encoding = utf16(bytes);
  if (encoding) return new TextDecoder(encoding).decode(bytes);
  // The same text, many times as fast: most files have no other characters.
  return isAscii(bytes) ? bytes.toString('latin1') : withoutMark(bytes).toString('utf8');
}

/**
 * The same for a file that comes in chunks, plain or gzip: its text as chunks of UTF-8.
 *
 * @throws where gzip data is cut or damaged, after all that could be had of it
 */
export async function* utf8Chunks(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const file = await peek(chunks);
  const { head, all } = isGzip(file.head) ? await peek(gunzipped(file.all)) : file;
  const encoding = utf16(head);
  const decoder = encoding && new TextDecoder(encoding);
  let isFirst = true;
  for await (const chunk of all) {
    if (decoder) yield Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
    else yield isFirst ? withoutMark(chunk) : chunk;
    isFirst = false;
  }
}

/** The first bytes of a stream, and the stream with these still in its first chunk. */
async function peek(chunks: AsyncIterable<Buffer>): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const all = async function* (): AsyncIterable<Buffer> {
    try {
      yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  };
  return { head, all: all() };
}

/** Not a pipe: a stream that fails drops what it still holds, and of a cut file everything before the cut is wanted. */
async function* gunzipped(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  const failed = new Promise<void>((resolve) => {
    stream.once('error', (error) => {
      failure = error;
      resolve();
    });
  });
  stream.on('data', (chunk: Buffer) => ready.push(chunk));
  const write = (bytes: Buffer): Promise<void> => new Promise((resolve) => stream.write(bytes, () => resolve()));
  const end = (): Promise<void> => new Promise((resolve) => stream.once('end', resolve).end());
  try {
    for await (const chunk of chunks) {
      for (const slice of slices(chunk)) {
        await Promise.race([write(slice), failed]);
        yield* ready.splice(0);
        if (failure) throw failure;
      }
    }
    await Promise.race([end(), failed]);
    yield* ready.splice(0);
    if (failure) throw failure;
  } finally {
    stream.destroy();
  }
}

function* slices(chunk: Buffer): Iterable<Buffer> {
  const body = Math.max(chunk.length - GZIP_CHECKSUM_BYTES, 0);
  for (let i = 0; i < body; i += GZIP_WRITE_BYTES) yield chunk.subarray(i, Math.min(i + GZIP_WRITE_BYTES, body));
  yield chunk.subarray(body);
}

function utf16(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
