import { createHash } from 'node:crypto';
import { configure } from 'safe-stable-stringify';
import { at, isObject, MAX_DEPTH, text, type JsonObject } from './json';
import { parseTime } from './time';

/** What a Sigma rule's `logsource` is compared with. */
export interface Logsource {
  readonly product: 'aws';
  readonly service: 'cloudtrail' | 'cloudtrail-insight' | 'guardduty' | 'accessanalyzer' | 'config' | 'privwatch';
}

/**
 * One event out of every envelope. The record is as its source wrote it (a GuardDuty finding always in EventBridge's
 * camelCase); everything else follows from it and is computed when asked for, since most events match nothing.
 */
export interface Event {
  readonly logsource: Logsource;
  readonly record: JsonObject;
  /** What makes two deliveries the same event, e.g. `5f0a…-GUID/111122223333`. */
  readonly key: string;
  /** The id to look the event up by where it came from; the key, if the record has none. */
  readonly id: string;
  /** Milliseconds since the epoch; undefined if the record has no usable time. */
  readonly time: number | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** Of two contents under one key, the greater revision counts, then the smaller digest. */
  readonly revision: string;
  /** SHA-256 of the canonical record. */
  readonly digest: string;
}

/** What is peculiar to a source: a row of the table of keys, times and accounts. */
interface Source {
  logsource: Logsource;
  /** The event's key, or undefined where the record has none to trust. */
  key(record: JsonObject, envelope?: JsonObject): string | undefined;
  id(record: JsonObject, envelope?: JsonObject): string | undefined;
  time(record: JsonObject, envelope?: JsonObject): unknown;
  account(record: JsonObject, envelope?: JsonObject): string | undefined;
  region(record: JsonObject, envelope?: JsonObject): string | undefined;
  revision(record: JsonObject): string;
}

/**
 * With the version and variant of RFC 9562, which the ids that CloudTrail makes have, and invented ones that different
 * records share mostly have not (`12345678-1234-1234-1234-123456789012`).
 */
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const trail: Omit<Source, 'logsource'> = {
  key(record) {
    const original = isUpdate(record) ? text(record, 'addendum', 'originalEventID') : undefined;
    const id = original ?? text(record, 'eventID');
    if (id === undefined || !GUID.test(id)) return undefined;
    return `${id.toLowerCase()}/${text(record, 'recipientAccountId') ?? ''}`;
  },
  id: (record) => text(record, 'eventID'),
  time: (record) => record['eventTime'],
  // Records of old event versions lack recipientAccountId; the caller's account is then the best there is.
  account: (record) => text(record, 'recipientAccountId') ?? text(record, 'userIdentity', 'accountId'),
  region: (record) => text(record, 'awsRegion'),
  revision: (record) => (isObject(record['addendum']) ? 'addendum' : ''),
};

/** CloudTrail record contents, `addendum`: UPDATED_DATA carries the id of the record that it takes the place of. */
function isUpdate(record: JsonObject): boolean {
  return at(record, 'addendum', 'reason') === 'UPDATED_DATA';
}

export const sources = {
  cloudtrail: { logsource: { product: 'aws', service: 'cloudtrail' }, ...trail },
  insight: { logsource: { product: 'aws', service: 'cloudtrail-insight' }, ...trail },
  guardduty: {
    logsource: { product: 'aws', service: 'guardduty' },
    key: (record) => text(record, 'id'),
    id: (record) => text(record, 'id'),
    time: (record) => firstTime(at(record, 'service', 'eventLastSeen'), record['updatedAt']),
    account: (record, envelope) => text(record, 'accountId') ?? text(envelope, 'account'),
    region: (record, envelope) => text(record, 'region') ?? text(envelope, 'region'),
    revision: updatedAt,
  },
  accessanalyzer: {
    logsource: { product: 'aws', service: 'accessanalyzer' },
    key: (record) => text(record, 'id'),
    id: (record) => text(record, 'id'),
    time: (record) => record['updatedAt'],
    account: (record, envelope) =>
      text(record, 'resourceOwnerAccount') ?? text(record, 'accountId') ?? text(envelope, 'account'),
    region: (record, envelope) => text(record, 'region') ?? text(envelope, 'region'),
    revision: updatedAt,
  },
  config: {
    logsource: { product: 'aws', service: 'config' },
    key: (_record, envelope) => text(envelope, 'id'),
    id: (_record, envelope) => text(envelope, 'id'),
    time: (_record, envelope) => at(envelope, 'time'),
    account: (record, envelope) => text(record, 'awsAccountId') ?? text(envelope, 'account'),
    region: (record, envelope) => text(record, 'awsRegion') ?? text(envelope, 'region'),
    revision: () => '',
  },
  /** What privwatch says of itself: `eventName` in the record, the rest in the envelope. */
  privwatch: {
    logsource: { product: 'aws', service: 'privwatch' },
    key: (_record, envelope) => text(envelope, 'id'),
    id: (_record, envelope) => text(envelope, 'id'),
    time: (_record, envelope) => at(envelope, 'time'),
    account: (_record, envelope) => text(envelope, 'account'),
    region: (_record, envelope) => text(envelope, 'region'),
    revision: () => '',
  },
} satisfies Record<string, Source>;

function firstTime(...candidates: unknown[]): unknown {
  return candidates.find((candidate) => parseTime(candidate) !== undefined);
}

/** Fixed-width, so that text order is time order. */
function updatedAt(record: JsonObject): string {
  return String(parseTime(record['updatedAt']) ?? 0).padStart(16, '0');
}

const stringify = configure({ deterministic: true, maximumDepth: MAX_DEPTH * 2, bigint: false });

/** Hexadecimal SHA-256 of any JSON value; members are sorted, so their order in the source does not count. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(stringify(value) ?? '')
    .digest('hex');
}

/** An {@link Event} of a source, from its record and, where there was one, the EventBridge envelope around it. */
export function makeEvent(source: Source, record: JsonObject, envelope?: JsonObject): Event {
  return new SourceEvent(source, record, envelope);
}

class SourceEvent implements Event {
  private knownKey: string | undefined;
  private knownDigest: string | undefined;
  /** Null for no usable time. */
  private knownTime: number | null | undefined;

  constructor(
    private readonly source: Source,
    readonly record: JsonObject,
    private readonly envelope?: JsonObject,
  ) {}

  get logsource(): Logsource {
    return this.source.logsource;
  }
  get key(): string {
    return (this.knownKey ??= this.source.key(this.record, this.envelope) ?? `sha256:${this.digest}`);
  }
  get id(): string {
    return this.source.id(this.record, this.envelope) ?? this.key;
  }
  get time(): number | undefined {
    if (this.knownTime === undefined) this.knownTime = parseTime(this.source.time(this.record, this.envelope)) ?? null;
    return this.knownTime ?? undefined;
  }
  get account(): string | undefined {
    return this.source.account(this.record, this.envelope);
  }
  get region(): string | undefined {
    return this.source.region(this.record, this.envelope);
  }
  get revision(): string {
    return this.source.revision(this.record);
  }
  get digest(): string {
    return (this.knownDigest ??= digestOf(this.record));
  }
}
