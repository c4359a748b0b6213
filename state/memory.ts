import { dayOf, type Day } from '../engine/episodes';
import { isBetter, type Hit } from '../engine/hit';
import type { Head, Put, Store } from '../engine/store';

interface Partition {
  hits: Map<string, Hit>;
  heads: Map<Day, Head>;
}

/** A store that lives as long as a replay or a test. */
export class MemoryStore implements Store {
  private readonly partitions = new Map<string, Partition>();

  async put(hit: Hit): Promise<Put> {
    let partition = this.partitions.get(hit.partition);
    if (!partition) this.partitions.set(hit.partition, (partition = { hits: new Map(), heads: new Map() }));
    const known = partition.hits.get(hit.key);
    if (!known) {
      partition.hits.set(hit.key, hit);
      return { outcome: 'new' };
    }
    if (known.digest === hit.digest) return { outcome: 'known' };
    if (!isBetter(hit, known)) return { outcome: 'worse' };
    partition.hits.set(hit.key, hit);
    return { outcome: 'better', replaced: known };
  }

  async hits(partition: string, days: Day[]): Promise<Hit[]> {
    const all = this.partitions.get(partition)?.hits.values() ?? [];
    return [...all].filter((hit) => days.includes(dayOf(hit.time)));
  }

  async head(partition: string, day: Day): Promise<Head | undefined> {
    return this.partitions.get(partition)?.heads.get(day);
  }

  async putHead(head: Head): Promise<boolean> {
    const partition = this.partitions.get(head.partition);
    if (!partition || (partition.heads.get(head.day)?.version ?? 0) !== head.version - 1) return false;
    partition.heads.set(head.day, head);
    return true;
  }
}
