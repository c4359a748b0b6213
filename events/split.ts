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

/** A piece of input that is a record, or that should have been one. */
export interface Piece {
  text: string;
  /** Set where the input stopped in the middle of it, or where it grew beyond {@link MAX_RECORD_BYTES}. */
  broken?: string;
}

/** A record larger than this is cut there and handed on as broken; CloudTrail's own limit is far below. */
export const MAX_RECORD_BYTES = 32 * 1024 * 1024;

/**
 * Cuts a stream of bytes into the JSON texts of its records, holding one record at a time: for files too large to parse
 * whole, and for those that a whole parse refuses (JSON lines, several documents, a file cut in the middle).
 *
 * ```
 * {"Records":[ {…} , {…} ]}      the members of the list under one of LIST_KEYS
 * [ {…} , {…} ]                  the members
 * {…} {…} \n {…}                 each object
 * anything else                  up to the end of its line, as a piece that will not parse
 * ```
 */
export class RecordSplitter {
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Depth at which list members are records; 0 = outside any list. */
  private listDepth = 0;
  /** Where the record being read began in the current chunk; -1 = between records. */
  private start = -1;
  /** What the record being read has in earlier chunks. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  /** A piece that is not an object or a list ends at its line, or in a list at the next comma. */
  private bare = false;
  private stringStart = -1;
  private stringText = '';
  private lastKey = '';
  private readonly out: Piece[] = [];

  /** The records that this chunk completes. */
  push(chunk: Buffer): Piece[] {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === BACKSLASH) this.escaped = true;
        else if (byte === NEWLINE && this.listDepth === 0) this.breakLine(chunk, i);
        else if (byte === QUOTE) {
          this.inString = false;
          if (this.stringStart >= 0) {
            this.stringText += chunk.toString('latin1', this.stringStart, i);
            this.stringStart = -1;
          }
        }
        continue;
      }
      if (this.start < 0 && this.held.length === 0) {
        this.between(byte, i);
        continue;
      }
      if (this.bare) {
        this.inBare(byte, i, chunk);
        continue;
      }
      this.inRecord(byte, i, chunk);
    }
    this.carry(chunk);
    return this.out.splice(0);
  }

  /** What is left when the input is over: the record that it was cut in, or the list that was never closed. */
  end(): Piece[] {
    const rest = Buffer.concat(this.held).toString('utf8');
    if (rest.trim() !== '') {
      if (this.bare && this.listDepth === 0) this.out.push({ text: rest });
      else this.out.push({ text: rest, broken: 'the input ends in the middle of it' });
    } else if (this.depth > 0) {
      this.out.push({ text: '', broken: 'the input ends before the list of records does' });
    }
    this.held = [];
    return this.out.splice(0);
  }

  private between(byte: number, i: number): void {
    if (byte <= 0x20 || byte === COMMA) return;
    if (this.listDepth > 0 && this.depth < this.listDepth) return this.afterList(byte);
    if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      if (this.depth > 0) this.depth--;
      if (this.depth < this.listDepth && this.depth === 0) this.listDepth = 0;
      return;
    }
    if (byte === OPEN_BRACKET && this.depth === 0) {
      this.depth = 1;
      this.listDepth = 1;
      return;
    }
    this.start = i;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.depth++;
      this.lastKey = '';
    } else {
      this.bare = true;
      if (byte === QUOTE && this.listDepth > 0) this.inString = true;
    }
  }

  /** JSON has no raw newline in a string: this line of JSON lines is damaged, the next may be whole. */
  private breakLine(chunk: Buffer, i: number): void {
    const before = this.out.length;
    this.emit(chunk, i);
    for (const piece of this.out.slice(before)) piece.broken = 'a string that does not end on its line';
    this.depth = 0;
    this.inString = false;
    this.escaped = false;
    this.stringStart = -1;
  }

  /** The list of records is over; the rest of the object around it holds none. */
  private afterList(byte: number): void {
    if (byte === QUOTE) this.inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.depth--;
    if (this.depth <= 0) {
      this.depth = 0;
      this.listDepth = 0;
    }
  }

  private inRecord(byte: number, i: number, chunk: Buffer): void {
    if (byte === QUOTE) {
      this.inString = true;
      if (this.depth === 1 && this.listDepth === 0) {
        this.stringStart = i + 1;
        this.stringText = '';
      }
    } else if (byte === COLON && this.depth === 1) {
      this.lastKey = this.stringText;
    } else if (byte === COMMA && this.depth === 1) {
      this.lastKey = '';
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.depth++;
      const isList = byte === OPEN_BRACKET && this.depth === 2 && this.listDepth === 0;
      if (isList && LIST_KEYS.includes(this.lastKey)) {
        this.listDepth = 2;
        this.drop();
      }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.depth--;
      if (this.depth === this.listDepth) this.emit(chunk, i + 1);
    }
  }

  private inBare(byte: number, i: number, chunk: Buffer): void {
    if (byte === QUOTE && this.listDepth > 0) this.inString = true;
    else if (this.listDepth === 0 ? byte === NEWLINE : byte === COMMA || byte === CLOSE_BRACKET) {
      this.emit(chunk, i);
      if (byte === CLOSE_BRACKET) this.between(byte, i);
    }
  }

  private emit(chunk: Buffer, end: number): void {
    const tail = chunk.subarray(Math.max(this.start, 0), end);
    const text = this.held.length > 0 ? Buffer.concat([...this.held, tail]).toString('utf8') : tail.toString('utf8');
    this.drop();
    if (text.trim() !== '') this.out.push({ text });
  }

  private drop(): void {
    this.start = -1;
    this.held = [];
    this.heldBytes = 0;
    this.bare = false;
  }

  private carry(chunk: Buffer): void {
    if (this.stringStart >= 0) {
      this.stringText += chunk.toString('latin1', this.stringStart);
      this.stringStart = 0;
    }
    if (this.start < 0 && this.held.length === 0) return;
    const piece = chunk.subarray(Math.max(this.start, 0));
    this.held.push(Buffer.from(piece));
    this.heldBytes += piece.length;
    this.start = 0;
    if (this.heldBytes > MAX_RECORD_BYTES) {
      this.out.push({
        text: Buffer.concat(this.held).toString('utf8'),
        broken: `a record of over ${MAX_RECORD_BYTES / 1024 / 1024} MiB`,
      });
      this.held = [];
      this.heldBytes = 0;
    }
  }
}
