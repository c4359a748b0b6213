import { dayOf, type Day } from '../engine/episodes';
import { isBetter, type Hit } from '../engine/hit';
import type { Head, Put, Store } from '../engine/store';

interface Partition {
  hits: Map<string, Hit>;
  /** Of ids that came with more than one content, all days on which they stood. */
  formerDays: Map<string, Set<Day>>;
  heads: Map<Day, Head>;
}

/** A store that lives as long as a replay or a test. */
export class MemoryStore implements Store {
  private readonly partitions = new Map<string, Partition>();
  /** What partitions of correlations have made in others, by the partition they come from. */
  private readonly made = new Map<string, Hit[]>();

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
    const all = [...(this.partitions.get(partition)?.hits.values() ?? [])];
    if (days === 'all') return all;
    const wanted = new Set(days);
    return all.filter((hit) => wanted.has(dayOf(hit.time)));
  }

  async replace(source: string, hits: Hit[]): Promise<{ hit: Hit; day: Day }[]> {
    const dropped: { hit: Hit; day: Day }[] = [];
    for (const old of this.made.get(source) ?? []) {
      if (hits.some((hit) => hit.partition === old.partition && hit.id === old.id && hit.time === old.time)) continue;
      this.partition(old.partition).hits.delete(old.id);
      dropped.push({ hit: old, day: dayOf(old.time) });
    }
    for (const hit of hits) this.partition(hit.partition).hits.set(hit.id, hit);
    this.made.set(source, hits);
    return dropped;
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
    if (!partition)
      this.partitions.set(name, (partition = { hits: new Map(), formerDays: new Map(), heads: new Map() }));
    return partition;
  }
}
