import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  paginateQuery,
  PutItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { dayOf, DAY_MILLISECONDS, type Day, type Span } from '../engine/episodes';
import { isBetter, isSame, type Hit, type Place } from '../engine/hit';
import { isBetterMint, type Mint } from '../engine/mint';
import type { Due, Head, Judging, Link, MintLink, Near, Put, Read, Store } from '../engine/store';
import * as item from './item';
import { BY_TIME } from './table';

export interface DynamoStoreOptions {
  client: DynamoDBClient;
  table: string;
  /** Milliseconds since the epoch. No verdict depends on it: it says when items expire and when heads were written. */
  now?: () => number;
  /** How long what is stored of a detector is kept from its arrival on, in milliseconds. */
  keep: (detectorId: string) => number;
}

/** The longest pause, in milliseconds, after another worker was faster; its length is random, so that they do not meet again. */
const MAX_PAUSE = 40;
/** What is due within so many milliseconds is one item. */
const DUE_BUCKET = 5 * 60_000;
const MAX_ATTEMPTS = 20;
const MAX_PAGE = 10_000;
/** What lies in another day's head may be continued, and a finding rebuilt from it: heads are kept longer than hits. */
const HEAD_DAYS = 90;
/** Sessions end within 36 hours; of a long-term key it is known for so long who made it. */
const MINT_DAYS = 90;

type Item = Record<string, AttributeValue>;

/**
 * The store in DynamoDB: single items only, every write conditional or idempotent, every read that a verdict rests on
 * strongly consistent. The SDK retries what is throttled; an error that it gives up on is thrown, so that the event is
 * delivered again.
 */
export class DynamoStore implements Store {
  private readonly client: DynamoDBClient;
  private readonly table: string;
  private readonly now: () => number;
  private readonly keep: (detectorId: string) => number;

  constructor({ client, table, now = Date.now, keep }: DynamoStoreOptions) {
    this.client = client;
    this.table = table;
    this.now = now;
    this.keep = keep;
  }

  async put(hit: Hit): Promise<Put> {
    const day = dayOf(hit);
    const expires = this.expiry(hit.detectorId);
    if (await this.putIf(item.ofHit(hit, [day], 1, expires), undefined))
      return { outcome: 'new', days: [day], isReplaced: false };
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const stored = await this.get(item.hitKey(hit));
      if (!stored) {
        // It has expired in between.
        if (await this.putIf(item.ofHit(hit, [day], 1, expires), undefined))
          return { outcome: 'new', days: [day], isReplaced: false };
        continue;
      }
      const { hit: known, days, version } = item.toHit(stored);
      if (isSame(known, hit)) return { outcome: 'known', days, isReplaced: version > 1 };
      if (!isBetter(hit, known)) return { outcome: 'conflicting', days, isReplaced: version > 1 };
      const allDays = [...new Set([...days, day])];
      if (await this.putIf(item.ofHit(hit, allDays, version + 1, expires), version))
        return { outcome: 'conflicting', days: allDays, isReplaced: true };
    }
    throw new Error(`hit ${hit.id} of ${hit.partition} changed ${MAX_ATTEMPTS} times while it was being written`);
  }

  async hits(partition: string, inputs: number, spans: Span[], limit: number): Promise<Read> {
    const read: Read = { hits: [], until: new Array<number>(inputs).fill(Infinity) };
    for (let input = 0; input < inputs; input++) {
      let left = limit;
      let last = -Infinity;
      for (const range of item.rangesOf(partition, input, spans)) {
        const found = await this.queryAtMost(range, left, true);
        read.hits.push(...found.hits);
        left -= found.hits.length;
        last = found.hits.at(-1)?.time ?? last;
        if (!found.isCut) continue;
        read.until[input] = last;
        break;
      }
    }
    return read;
  }

  async near(hit: Hit, inputs: number, reach: number, limit: number): Promise<Near> {
    if (limit === 0 || hit.time === undefined) {
      const stored = await this.get(item.hitKey(hit));
      const known = stored && item.toHit(stored).hit;
      return { hits: known && known.time === hit.time ? [known] : [], isCut: false };
    }
    const sides = await Promise.all(
      Array.from({ length: inputs }, (_, input) => input).flatMap((input) => {
        // Its own place is read once, with what is before it.
        const isOwn = input === (hit.input ?? 0);
        return [
          this.queryAtMost(item.before(hit, input, reach), limit + (isOwn ? 1 : 0), false),
          this.queryAtMost(item.after(hit, input, reach), limit, true),
        ];
      }),
    );
    return { hits: sides.flatMap(({ hits }) => hits), isCut: sides.some(({ isCut }) => isCut) };
  }

  /** Hits of a range of the index, by time or backwards. */
  private async queryAtMost(range: item.Range, limit: number, isForward: boolean): Promise<Near> {
    const found: Item[] = [];
    const pages = paginateQuery(
      { client: this.client },
      {
        ...range,
        ...{ TableName: this.table, IndexName: BY_TIME, ConsistentRead: true, ScanIndexForward: isForward },
        // A page holds 1 MB at most: a limit beyond what could be in it says nothing.
        ...(limit < MAX_PAGE && { Limit: limit + 1 }),
      },
    );
    for await (const { Items = [] } of pages) {
      found.push(...Items);
      if (found.length > limit) break;
    }
    return { hits: this.hitsOf(found.slice(0, limit)), isCut: found.length > limit };
  }

  async link(link: Link): Promise<void> {
    const expires = this.expiry(link.target.detectorId);
    // In this order: what is found from the source is found from the target, too.
    await this.send(new PutItemCommand({ TableName: this.table, Item: item.ofLinkTo(link, expires) }));
    await this.send(new PutItemCommand({ TableName: this.table, Item: item.ofLinkFrom(link, expires) }));
  }

  async linksFrom(partition: string): Promise<Link[]> {
    return (await this.query(item.prefixOf(partition, 'from#'))).map(item.toLink);
  }

  async linksTo(partition: string, days: Day[] | 'all'): Promise<Link[]> {
    const all = (await this.query(item.prefixOf(partition, 'to#'))).map(item.toLink);
    return days === 'all' ? all : all.filter(({ day }) => days.includes(day));
  }

  async putMint(mint: Mint): Promise<void> {
    const expires = Math.ceil((this.now() + MINT_DAYS * DAY_MILLISECONDS) / 1000);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const stored = await this.get(item.mintKey(mint.name));
      const known = stored && item.toMint(stored);
      if (known && !isBetterMint(mint, known.mint)) return;
      const version = (known?.version ?? 0) + 1;
      if (await this.putIf(item.ofMint(mint, version, expires), known?.version)) return;
    }
    throw new Error(`what is known of ${mint.name} changed ${MAX_ATTEMPTS} times while it was being written`);
  }

  async mint(name: string): Promise<Mint | undefined> {
    const stored = await this.get(item.mintKey(name));
    return stored && item.toMint(stored).mint;
  }

  async linkMint(name: string, place: Place, day: Day): Promise<void> {
    const expires = this.expiry(place.detectorId);
    await this.send(
      new PutItemCommand({ TableName: this.table, Item: item.ofMintLink(name, { place, day }, expires) }),
    );
  }

  async mintLinks(name: string): Promise<MintLink[]> {
    return (await this.query(item.mintLinksOf(name))).map(item.toMintLink);
  }

  async head(partition: string, day: Day): Promise<Head | undefined> {
    const stored = await this.get(item.headKey(partition, day));
    return stored && item.toHead(stored);
  }

  async putHead(head: Head, before: Head | undefined): Promise<boolean> {
    const writtenAt = Math.max(this.now(), (before?.writtenAt ?? 0) + 1);
    const written: Head = { ...head, writtenAt };
    const expires = this.expiry(head.detectorId, HEAD_DAYS * DAY_MILLISECONDS);
    const done = await this.putIf(item.ofHead(written, expires), head.version === 1 ? undefined : head.version - 1);
    if (!done) await setTimeout(Math.random() * MAX_PAUSE);
    return done;
  }

  async putDue(place: Place, { days, times }: Judging, at: number): Promise<void> {
    const time = Math.ceil(at / DUE_BUCKET) * DUE_BUCKET;
    const sets = Object.entries({ days, times }).filter(([, values]) => values.length > 0);
    await this.send(
      new UpdateItemCommand({
        TableName: this.table,
        Key: item.dueKey(place.partition, time),
        UpdateExpression: `SET #place = :place, #expires = :expires, #version = :version ADD ${sets.map(([name]) => `#${name} :${name}`).join(', ')}`,
        ExpressionAttributeNames: {
          ...{ '#place': 'place', '#expires': 'expires', '#version': 'version' },
          ...Object.fromEntries(sets.map(([name]) => [`#${name}`, name])),
        },
        ExpressionAttributeValues: {
          ':place': { S: JSON.stringify(place) },
          ':expires': item.number(this.expiry(place.detectorId)),
          // A number that grew would begin again when the item has been deleted.
          ':version': { S: randomUUID() },
          ...Object.fromEntries(sets.map(([name, values]) => [`:${name}`, { SS: values.map(String) }])),
        },
      }),
    );
  }

  async *due(until: number): AsyncIterable<Due> {
    for (const shard of item.SHARDS) {
      for (const stored of await this.query(item.dueBefore(shard, until))) yield item.toDue(stored);
    }
  }

  async forgetDue({ place, at, version }: Due): Promise<void> {
    try {
      await this.send(
        new DeleteItemCommand({
          TableName: this.table,
          Key: item.dueKey(place.partition, at),
          ConditionExpression: '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': { S: version } },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  private hitsOf(items: Item[]): Hit[] {
    return items.map((stored) => item.toHit(stored).hit);
  }

  /** Writes an item if the stored one has a version, or if there is none; false if not so. */
  private async putIf(stored: Item, version: number | undefined): Promise<boolean> {
    try {
      await this.send(
        new PutItemCommand({
          TableName: this.table,
          Item: stored,
          ...(version === undefined
            ? { ConditionExpression: 'attribute_not_exists(pk)' }
            : {
                ConditionExpression: '#version = :version',
                ExpressionAttributeNames: { '#version': 'version' },
                ExpressionAttributeValues: { ':version': item.number(version) },
              }),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  private async get(key: Item): Promise<Item | undefined> {
    const { Item: found } = await this.client.send(
      new GetItemCommand({ TableName: this.table, Key: key, ConsistentRead: true }),
    );
    return found;
  }

  /** All pages. */
  private async query(input: Partial<QueryCommandInput>): Promise<Item[]> {
    const found: Item[] = [];
    const pages = paginateQuery({ client: this.client }, { ...input, TableName: this.table, ConsistentRead: true });
    for await (const { Items = [] } of pages) found.push(...Items);
    return found;
  }

  private async send(command: PutItemCommand | UpdateItemCommand | DeleteItemCommand): Promise<void> {
    await this.client.send(command as PutItemCommand);
  }

  private expiry(detectorId: string, more = 0): number {
    return Math.ceil((this.now() + this.keep(detectorId) + more) / 1000);
  }
}
