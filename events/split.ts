import { LIST_KEYS } from './unwrap';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** A piece of input that is a record, or that should have been one. */
export interface Piece {
  text: string;
  /** Why the text is known not to be one whole JSON value. */
  broken?: string;
}

/** A record larger than this is cut there and handed on as broken; CloudTrail's own limit is far below. */
export const MAX_RECORD_BYTES = 32 * 1024 * 1024;

const LONGEST_KEY = Math.max(...LIST_KEYS.map((key) => key.length));

/**
 * Cuts a stream of UTF-8 bytes into the JSON texts of its records, holding one record at a time: for files too large to
 * parse whole, and for those that a whole parse refuses (JSON lines, several documents, a file cut in the middle).
 *
 * ```
 * {"Records":[ {…} , {…} ]}      the members of each list under one of LIST_KEYS
 * [ {…} , {…} ]                  the members
 * {…} {…} \n {…}                 each object
 * anything else                  up to the next line that begins with a bracket, as a piece that will not parse
 * ```
 *
 * Where the input breaks a rule of JSON, the record being read is handed on as broken and the next one begins there: of
 * valid JSON no record is ever cut, and of damaged JSON no byte between records is left out.
 */
export class RecordSplitter {
  /** The brackets that are open, outermost first. */
  private readonly open: number[] = [];
  /** How many brackets are open around a record: 0 for a document, 1 in a list, 2 in a list under a key. */
  private level = 0;
  /** Behind the list of a document whose records were handed on one by one; the rest of it is no record. */
  private inContainer = false;
  private inString = false;
  private escaped = false;
  /** The last byte that was no white space, strings counting as their quotes. */
  private last = 0;
  private atLineStart = true;
  /** The last string directly within a document, as far as it may be one of LIST_KEYS. */
  private key = '';
  /** What is being read: nothing (between records), something in brackets, or something without. */
  private reading: 'nothing' | 'brackets' | 'bare' = 'nothing';
  /** Where it began in the current chunk; 0 if in an earlier one. */
  private start = 0;
  /** What it has in earlier chunks. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private out: Piece[] = [];

  /** The records that this chunk completes. */
  push(chunk: Buffer): Piece[] {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.inString) this.string(byte, i, chunk);
      else if (byte <= SPACE) this.atLineStart ||= byte === NEWLINE;
      else {
        this.significant(byte, i, chunk);
        this.last = byte;
        this.atLineStart = false;
      }
    }
    this.hold(chunk);
    return this.taken();
  }

  /** What is left when the input is over: the record that it was cut in, or the list that was never closed. */
  end(): Piece[] {
    if (this.reading === 'bare' && this.level === 0) this.finish(Buffer.alloc(0), 0);
    else if (this.reading !== 'nothing') this.finish(Buffer.alloc(0), 0, 'the input ends in the middle of it');
    else if (this.level > 0) this.out.push({ text: '', broken: 'the input ends before the list of records does' });
    return this.taken();
  }

  private taken(): Piece[] {
    const out = this.out;
    this.out = [];
    return out;
  }

  private string(byte: number, i: number, chunk: Buffer): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) this.inString = false;
    else if (byte === NEWLINE) this.break(i, chunk, 'a string that does not end on its line');
    else if (this.open.length === 1 && this.key.length <= LONGEST_KEY) this.key += String.fromCharCode(byte);
  }

  private significant(byte: number, i: number, chunk: Buffer): void {
    if (this.reading === 'nothing') this.between(byte, i);
    else if (this.reading === 'bare') this.inBare(byte, i, chunk);
    else if (byte === QUOTE) {
      this.inString = true;
      this.key = '';
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.opened(byte, i, chunk);
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.closed(byte, i, chunk);
  }

  private between(byte: number, i: number): void {
    if (byte === COMMA) return;
    if (byte === CLOSE_BRACKET && this.level > 0) return this.listClosed(i);
    if (byte === OPEN_BRACKET && this.level === 0) {
      this.open.push(byte);
      this.level = 1;
      return;
    }
    this.start = i;
    this.reading = 'bare';
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.reading = 'brackets';
      this.open.push(byte);
    } else if (byte === QUOTE) this.inString = this.level > 0;
  }

  private listClosed(i: number): void {
    this.open.pop();
    if (this.level === 2) {
      this.inContainer = true;
      this.reading = 'brackets';
      this.start = i + 1;
    }
    this.level = 0;
  }

  private opened(byte: number, i: number, chunk: Buffer): void {
    const inList = this.open.at(-1) === OPEN_BRACKET;
    const isValue = this.last === COLON || this.last === OPEN_BRACKET || (this.last === COMMA && inList);
    if (!isValue) {
      this.break(i, chunk, 'it is not closed where the next one begins');
      return this.between(byte, i);
    }
    this.open.push(byte);
    const isRecordList = byte === OPEN_BRACKET && this.level === 0 && this.open.length === 2;
    if (isRecordList && this.last === COLON && LIST_KEYS.includes(this.key)) {
      this.level = 2;
      this.inContainer = false;
      this.drop();
    }
  }

  private closed(byte: number, i: number, chunk: Buffer): void {
    const opening = byte === CLOSE_BRACE ? OPEN_BRACE : OPEN_BRACKET;
    if (this.open.pop() !== opening) return this.break(i + 1, chunk, 'its brackets do not match');
    if (this.open.length > this.level) return;
    if (this.inContainer) this.drop();
    else this.finish(chunk, i + 1);
    this.inContainer = false;
  }

  /** In a list, a member without brackets; in a document, text that is no JSON and in which quotes mean nothing. */
  private inBare(byte: number, i: number, chunk: Buffer): void {
    const isNext = this.atLineStart && (byte === OPEN_BRACE || byte === OPEN_BRACKET);
    const isOver = this.level > 0 && (byte === COMMA || byte === CLOSE_BRACKET);
    if (isNext || isOver) {
      this.finish(chunk, i);
      this.between(byte, i);
    } else if (byte === QUOTE) this.inString = this.level > 0;
  }

  /** Hands on what was read so far as damaged, and looks for the next record from here. */
  private break(end: number, chunk: Buffer, broken: string): void {
    this.finish(chunk, end, broken);
    this.open.length = this.level;
    this.inContainer = false;
    this.inString = false;
    this.escaped = false;
    this.atLineStart = true;
  }

  private finish(chunk: Buffer, end: number, broken?: string): void {
    const tail = chunk.subarray(this.start, end);
    const bytes = this.held.length > 0 ? Buffer.concat([...this.held, tail]) : tail;
    this.drop();
    this.out.push(broken === undefined ? { text: bytes.toString('utf8') } : { text: bytes.toString('utf8'), broken });
  }

  private drop(): void {
    this.reading = 'nothing';
    this.held = [];
    this.heldBytes = 0;
  }

  /** Keeps a copy, so that a chunk lives no longer than it takes to cut it. */
  private hold(chunk: Buffer): void {
    if (this.reading === 'nothing') return;
    this.held.push(Buffer.from(chunk.subarray(this.start)));
    this.heldBytes += chunk.length - this.start;
    this.start = 0;
    if (this.heldBytes <= MAX_RECORD_BYTES) return;
    const { reading } = this;
    this.finish(Buffer.alloc(0), 0, `a record of over ${MAX_RECORD_BYTES / 1024 / 1024} MiB`);
    this.reading = reading;
  }
}
