import { dayOf, onDays, type Day } from '../engine/episodes';
import { isBetter, type Hit } from '../engine/hit';
import type { Head, Link, Put, Store } from '../engine/store';

/** What is kept of a detector and group. */
class Partition {
  readonly hits = new Map<string, Hit>();
  /** Of ids that came with more than one content, all days on which they stood. */
  readonly formerDays = new Map<string, Set<Day>>();
  readonly heads = new Map<Day, Head>();
  /** By the other partition and the day. */
  readonly linksFrom = new Map<string, Link>();
  readonly linksTo = new Map<string, Link>();
}

/** A store that lives as long as a replay or a test. */
export class MemoryStore implements Store {
  private readonly partitions = new Map<string, Partition>();

  async put(hit: Hit): Promise<Put> {
    const { hits, formerDays } = this.partition(hit.partition);
    const known = hits.get(hit.id);
    if (!known || isBetter(hit, known)) hits.set(hit.id, hit);
    const day = dayOf(hit.time);
    if (!known) return { outcome: 'new', days: [day] };
    const isSame = known.digest === hit.digest;
    let days = formerDays.get(hit.id);
    if (!days && isSame) return { outcome: 'known', days: [day] };
    if (!days) formerDays.set(hit.id, (days = new Set([dayOf(known.time)])));
    days.add(day);
    return { outcome: isSame ? 'known' : 'conflicting', days: [...days] };
  }

  async hits(partition: string, days: Day[] | 'all'): Promise<Hit[]> {
    return onDays(this.partitions.get(partition)?.hits.values() ?? [], days, ({ time }) => dayOf(time));
  }

  async link(link: Link): Promise<void> {
    this.partition(link.source.partition).linksFrom.set(`${link.target.partition} ${link.day}`, link);
    this.partition(link.target.partition).linksTo.set(`${link.source.partition} ${link.day}`, link);
  }

  async linksFrom(partition: string): Promise<Link[]> {
    return [...(this.partitions.get(partition)?.linksFrom.values() ?? [])];
  }

  async linksTo(partition: string, days: Day[] | 'all'): Promise<Link[]> {
    return onDays(this.partitions.get(partition)?.linksTo.values() ?? [], days, ({ day }) => day);
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

  private partition(name: string): Partition {
    let partition = this.partitions.get(name);
    if (!partition) this.partitions.set(name, (partition = new Partition()));
    return partition;
  }
}
