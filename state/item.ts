import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { AttributeValue, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { keyOfUndated, type Day, type Span } from '../engine/episodes';
import { shortHash, type Hit, type Place } from '../engine/hit';
import type { Mint } from '../engine/mint';
import type { Due, Head, Link, MintLink } from '../engine/store';

/* Items of the table, and back; their keys are listed in `table.ts`. */

type Item = Record<string, AttributeValue>;
/** The part of a query that says where. */
export type Range = Pick<
  QueryCommandInput,
  'KeyConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** As far as a sort key goes: DynamoDB takes 1,024 bytes. */
const MAX_ID = 256;
/** Greater than any character: DynamoDB compares the bytes of UTF-8. */
const LAST = '\u{10ffff}';
const TIME_DIGITS = 15;

export const SHARDS = [...'0123456789abcdef'];

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

// ---- hits ---------------------------------------------------------------------------------------------------------

export function hitKey({ partition, id }: Pick<Hit, 'partition' | 'id'>): Item {
  return { pk: { S: partition }, sk: { S: `hit#${shortId(id)}` } };
}

/** @param version 1, and more if the id ever came with other content */
export function ofHit(hit: Hit, days: Day[], version: number, expires: number): Item {
  return {
    ...hitKey(hit),
    at: { S: placeInTime(hit.input ?? 0, hit.time, shortId(hit.id)) },
    data: pack(hit),
    version: number(version),
    days: { SS: days.map(String) },
    expires: number(expires),
  };
}

export function toHit(item: Item): { hit: Hit; days: Day[]; version: number } {
  return { hit: unpack(item['data']!) as Hit, days: toDays(item['days']), version: Number(item['version']!.N) };
}

/** Hits of an input within a time before a hit, which is itself among them if it is one of the input. */
export function before(hit: Hit, input: number, reach: number): Range {
  return between(
    hit.partition,
    placeInTime(input, Math.max(0, hit.time! - reach), ''),
    placeInTime(input, hit.time, idAs(input, hit)),
  );
}

/** Hits of an input within a time behind a hit. */
export function after(hit: Hit, input: number, reach: number): Range {
  return between(
    hit.partition,
    placeInTime(input, hit.time, `${idAs(input, hit)}\0`),
    placeInTime(input, hit.time! + reach, LAST),
  );
}

/** Where the hits of an input are within some spans, in the order of time. */
export function rangesOf(partition: string, input: number, spans: Span[]): Range[] {
  const times = spans.filter((span) => typeof span !== 'string').sort(([a], [b]) => a - b);
  const ranges = times
    .filter(([, to]) => to >= 0)
    .map(([from, to]) => between(partition, placeInTime(input, Math.max(0, from), ''), placeInTime(input, to, LAST)));
  for (const day of spans.filter((span) => typeof span === 'string')) {
    const place = placeInTime(input, undefined, shortId(keyOfUndated(day)));
    ranges.push(between(partition, place, place));
  }
  return ranges;
}

function placeInTime(input: number, time: number | undefined, id: string): string {
  return `${input}#${typeof time === 'number' ? digits(time) : '-'}#${id}`;
}

/** The id that a hit of another input and the same event would have. */
function idAs(input: number, { id, key }: Hit): string {
  return shortId(id === key ? id : `${input} ${key}`);
}

/** Long ones by their hash: they are text of events. */
function shortId(id: string): string {
  return id.length <= MAX_ID ? id : shortHash(id);
}

// ---- heads --------------------------------------------------------------------------------------------------------

export function headKey(partition: string, day: Day): Item {
  return { pk: { S: partition }, sk: { S: `head#${shortId(String(day))}` } };
}

export function ofHead({ version, ...head }: Head, expires: number): Item {
  return { ...headKey(head.partition, head.day), data: pack(head), version: number(version), expires: number(expires) };
}

/** Also of an image in the table's stream. */
export function toHead(item: Item): Head {
  return { ...(unpack(item['data']!) as Omit<Head, 'version'>), version: Number(item['version']!.N) };
}

// ---- links --------------------------------------------------------------------------------------------------------

export function ofLinkTo(link: Link, expires: number): Item {
  const sort = `to#${link.day}#${link.source.partition}`;
  return { pk: { S: link.target.partition }, sk: { S: sort }, data: pack(link), expires: number(expires) };
}

export function ofLinkFrom(link: Link, expires: number): Item {
  const sort = `from#${link.target.partition}#${link.day}`;
  return { pk: { S: link.source.partition }, sk: { S: sort }, data: pack(link), expires: number(expires) };
}

export function toLink(item: Item): Link {
  return unpack(item['data']!) as Link;
}

// ---- mints --------------------------------------------------------------------------------------------------------

export function mintKey(name: string): Item {
  return { pk: { S: `mint#${name}` }, sk: { S: 'mint' } };
}

export function ofMint(mint: Mint, version: number, expires: number): Item {
  return { ...mintKey(mint.name), data: pack(mint), version: number(version), expires: number(expires) };
}

export function toMint(item: Item): { mint: Mint; version: number } {
  return { mint: unpack(item['data']!) as Mint, version: Number(item['version']!.N) };
}

/** That a head rests on what is known under the name of a mint. */
export function ofMintLink(name: string, link: MintLink, expires: number): Item {
  const sort = `at#${link.place.partition}#${shortId(String(link.day))}`;
  return { pk: { S: `mint#${name}` }, sk: { S: sort }, data: pack(link), expires: number(expires) };
}

export function mintLinksOf(name: string): Range {
  return prefixOf(`mint#${name}`, 'at#');
}

export function toMintLink(item: Item): MintLink {
  return unpack(item['data']!) as MintLink;
}

// ---- due ----------------------------------------------------------------------------------------------------------

/** @param at milliseconds since the epoch */
export function dueKey(partition: string, at: number): Item {
  return { pk: { S: `due#${partition.charAt(0)}` }, sk: { S: `${digits(at)}#${partition}` } };
}

export function dueBefore(shard: string, until: number): Range {
  return between(`due#${shard}`, digits(0), `${digits(until)}#${LAST}`, 'sk');
}

export function toDue(item: Item): Due {
  const [time] = item['sk']!.S!.split('#');
  return {
    place: JSON.parse(item['place']!.S!) as Place,
    days: toDays(item['days']),
    times: (item['times']?.SS ?? []).map(Number),
    at: Number(time),
    version: item['version']!.S!,
  };
}

// -------------------------------------------------------------------------------------------------------------------

export function prefixOf(partition: string, prefix: string): Range {
  return between(partition, prefix, `${prefix}${LAST}`, 'sk');
}

function between(partition: string, from: string, to: string, key: 'sk' | 'at' = 'at'): Range {
  return {
    KeyConditionExpression: '#pk = :pk AND #key BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#pk': 'pk', '#key': key },
    ExpressionAttributeValues: { ':pk': { S: partition }, ':from': { S: from }, ':to': { S: to } },
  };
}

function toDays(value: AttributeValue | undefined): Day[] {
  return (value?.SS ?? []).map((day) => (/^-?\d+$/.test(day) ? Number(day) : (day as Day)));
}

/** Fixed width, so that text order is the order of numbers. */
function digits(time: number): string {
  return time === Infinity ? '9'.repeat(TIME_DIGITS) : String(Math.floor(time)).padStart(TIME_DIGITS, '0');
}

/** Deflated, a hit takes half a kilobyte and a head a fifth: DynamoDB bills by size. */
function pack(value: object): AttributeValue {
  return { B: deflateRawSync(JSON.stringify(value)) };
}

function unpack({ B }: AttributeValue): unknown {
  return JSON.parse(inflateRawSync(B!).toString('utf8'));
}
