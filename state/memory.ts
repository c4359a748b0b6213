import { randomUUID } from 'node:crypto';
import { dayAt, dayOf, isWithin, type Day, type Span } from '../engine/episodes';
import { byTime, isBetter, isSame, type Hit, type Place } from '../engine/hit';
import { isBetterMint, type Mint } from '../engine/mint';
import type { Due, Head, Judging, Link, MintLink, Near, Put, Read, Store } from '../engine/store';

/** What is kept of a detector and group. */
class Partition {
  readonly hits = new Map<string, Hit>();
  /** Of ids whose content was replaced, all days on which they stood. */
  readonly formerDays = new Map<string, Set<Day>>();
  readonly heads = new Map<Day, Head>();
  /** By the other partition and the day. */
  readonly linksFrom = new Map<string, Link>();
  readonly linksTo = new Map<string, Link>();
}

/** A store that lives as long as a replay or a test. */
export class MemoryStore implements Store {
  private readonly partitions = new Map<string, Partition>();
  private readonly dues = new Map<string, Due>();
  private readonly mints = new Map<string, Mint>();
  /** By the mint's name, then by the head's partition and day. */
  private readonly heads = new Map<string, Map<string, MintLink>>();

  async put(hit: Hit): Promise<Put> {
    const { hits, formerDays } = this.partition(hit.partition);
    const known = hits.get(hit.id);
    const day = dayOf(hit);
    if (!known) {
      hits.set(hit.id, hit);
      return { outcome: 'new', days: [day], isReplaced: false };
    }
    const isKnown = isSame(hit, known);
    let days = formerDays.get(hit.id);
    if (!isKnown && isBetter(hit, known)) {
      hits.set(hit.id, hit);
      if (!days) formerDays.set(hit.id, (days = new Set([dayOf(known)])));
      days.add(day);
    }
    const outcome = isKnown ? 'known' : 'conflicting';
    return { outcome, days: days ? [...days] : [dayOf(known)], isReplaced: days !== undefined };
  }

  async hits(partition: string, inputs: number, spans: Span[], limit: number): Promise<Read> {
    const all = [...(this.partitions.get(partition)?.hits.values() ?? [])].filter((hit) => isWithin(hit, spans));
    const read: Read = { hits: all, until: new Array<number>(inputs).fill(Infinity) };
    if (all.length <= limit) return read;
    read.hits = [];
    for (let input = 0; input < inputs; input++) {
      const ofInput = all.filter((one) => (one.input ?? 0) === input).sort(byTime);
      read.hits.push(...ofInput.slice(0, limit));
      read.until[input] = ofInput[limit]?.time ?? Infinity;
    }
    return read;
  }

  async near(hit: Hit, inputs: number, reach: number, limit: number): Promise<Near> {
    const all = [...(this.partitions.get(hit.partition)?.hits.values() ?? [])];
    const found = all.filter((one) => one.id === hit.id && one.time === hit.time);
    let isCut = false;
    for (let input = 0; input < inputs; input++) {
      const others = all.filter((one) => (one.input ?? 0) === input && one.id !== hit.id).sort(byTime);
      const isNear = ({ time }: Hit): boolean => time === hit.time || Math.abs(time! - hit.time!) <= reach;
      const before = others.filter((one) => isNear(one) && byTime(one, hit) < 0);
      const after = others.filter((one) => isNear(one) && byTime(one, hit) > 0);
      isCut ||= before.length > limit || after.length > limit;
      found.push(...(limit > 0 ? before.slice(-limit) : []), ...after.slice(0, limit));
    }
    return { hits: found, isCut };
  }

  async link(link: Link): Promise<void> {
    this.partition(link.source.partition).linksFrom.set(`${link.target.partition} ${link.day}`, link);
    this.partition(link.target.partition).linksTo.set(`${link.source.partition} ${link.day}`, link);
  }

  async linksFrom(partition: string): Promise<Link[]> {
    return [...(this.partitions.get(partition)?.linksFrom.values() ?? [])];
  }

  async linksTo(partition: string, days: Day[] | 'all'): Promise<Link[]> {
    const all = [...(this.partitions.get(partition)?.linksTo.values() ?? [])];
    return days === 'all' ? all : all.filter(({ day }) => days.includes(day));
  }

  async putMint(mint: Mint): Promise<void> {
    const known = this.mints.get(mint.name);
    if (!known || isBetterMint(mint, known)) this.mints.set(mint.name, mint);
  }

  async mint(name: string): Promise<Mint | undefined> {
    return this.mints.get(name);
  }

  async linkMint(name: string, place: Place, day: Day): Promise<void> {
    let links = this.heads.get(name);
    if (!links) this.heads.set(name, (links = new Map<string, MintLink>()));
    links.set(`${place.partition} ${day}`, { place, day });
  }

  async mintLinks(name: string): Promise<MintLink[]> {
    return [...(this.heads.get(name)?.values() ?? [])];
  }

  async head(partition: string, day: Day): Promise<Head | undefined> {
    return this.partitions.get(partition)?.heads.get(day);
  }

  async putHead(head: Head): Promise<boolean> {
    const { heads } = this.partition(head.partition);
    if ((heads.get(head.day)?.version ?? 0) !== head.version - 1) return false;
    heads.set(head.day, head);
    return true;
  }

  async putDue(place: Place, { days, times }: Judging, at: number): Promise<void> {
    const name = `${place.partition} ${at}`;
    const known = this.dues.get(name);
    const all = {
      days: [...new Set([...(known?.days ?? []), ...days])],
      times: [...new Set([...(known?.times ?? []), ...times])],
    };
    this.dues.set(name, { place, ...all, at, version: randomUUID() });
  }

  async *due(until: number): AsyncIterable<Due> {
    yield* [...this.dues.values()].filter(({ at }) => at <= until);
  }

  async forgetDue({ place, at, version }: Due): Promise<void> {
    const name = `${place.partition} ${at}`;
    if (this.dues.get(name)?.version === version) this.dues.delete(name);
  }

  /** Forgets what lies on days before the one that is given for its detector. */
  forget(firstDayOf: (detectorId: string) => number): void {
    for (const [name, { hits, formerDays, heads, linksFrom, linksTo }] of this.partitions) {
      for (const [id, { time, detectorId }] of hits) {
        if (time === undefined || dayAt(time) >= firstDayOf(detectorId)) continue;
        hits.delete(id);
        formerDays.delete(id);
      }
      for (const [day, { detectorId }] of heads) if (Number(day) < firstDayOf(detectorId)) heads.delete(day);
      if (hits.size + heads.size + linksFrom.size + linksTo.size === 0) this.partitions.delete(name);
    }
  }

  private partition(name: string): Partition {
    let partition = this.partitions.get(name);
    if (!partition) this.partitions.set(name, (partition = new Partition()));
    return partition;
  }
}
