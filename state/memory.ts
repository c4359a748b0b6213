import { dayOf, type Day } from '../engine/episodes';
import { isBetter, type Hit } from '../engine/hit';
import type { Head, Put, Store } from '../engine/store';

interface Partition {
  hits: Map<string, Hit>;
  /** Of keys that came with more than one content, all days on which they stood. */
  formerDays: Map<string, Set<Day>>;
  heads: Map<Day, Head>;
}

/** A store that lives as long as a replay or a test. */
export class MemoryStore implements Store {
  private readonly partitions = new Map<string, Partition>();

  async put(hit: Hit): Promise<Put> {
    const { hits, formerDays } = this.partition(hit.partition);
    const known = hits.get(hit.key);
    if (!known || isBetter(hit, known)) hits.set(hit.key, hit);
    const day = dayOf(hit.time);
    if (!known) return { outcome: 'new', days: [day] };
    const isSame = known.digest === hit.digest;
    let days = formerDays.get(hit.key);
    if (!days && isSame) return { outcome: 'known', days: [day] };
    if (!days) formerDays.set(hit.key, (days = new Set([dayOf(known.time)])));
    days.add(day);
    return { outcome: isSame ? 'known' : 'conflicting', days: [...days] };
  }

  async hits(partition: string, days: Day[]): Promise<Hit[]> {
    const all = this.partitions.get(partition)?.hits.values() ?? [];
    return [...all].filter((hit) => days.includes(dayOf(hit.time)));
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
