import { changes, type FindingChange } from '../../engine/changes';
import type { Ruleset } from '../../engine/ruleset';
import type { Head, HeadChange, Store } from '../../engine/store';
import { MemoryStore } from '../../state/memory';

/**
 * A store that keeps, like a table's stream, each write of a head in the order of the writes. Before and after each step
 * it is disturbed, which may take time, so that workers interleave, or throw, as if the worker had died there. Hits come
 * in another order than from the store that is inside.
 */
export class Recorded implements Store {
  readonly inner = new MemoryStore();
  readonly written: HeadChange[] = [];

  constructor(private readonly disturb: (step: keyof Store) => Promise<void> = async () => {}) {}

  put(hit: Parameters<Store['put']>[0]): ReturnType<Store['put']> {
    return this.step('put', () => this.inner.put(hit));
  }
  hits(...parameters: Parameters<Store['hits']>): ReturnType<Store['hits']> {
    return this.step('hits', async () => (await this.inner.hits(...parameters)).reverse());
  }
  link(link: Parameters<Store['link']>[0]): Promise<void> {
    return this.step('link', () => this.inner.link(link));
  }
  linksFrom(partition: string): ReturnType<Store['linksFrom']> {
    return this.step('linksFrom', () => this.inner.linksFrom(partition));
  }
  linksTo(...parameters: Parameters<Store['linksTo']>): ReturnType<Store['linksTo']> {
    return this.step('linksTo', () => this.inner.linksTo(...parameters));
  }
  head(...parameters: Parameters<Store['head']>): ReturnType<Store['head']> {
    return this.step('head', () => this.inner.head(...parameters));
  }
  putHead(head: Head): Promise<boolean> {
    return this.step('putHead', async () => {
      const before = await this.inner.head(head.partition, head.day);
      const done = await this.inner.putHead(head);
      if (done) this.written.push({ before, after: head });
      return done;
    });
  }

  /** What is found when all is done. */
  heads(): Head[] {
    return [...new Map(this.written.map(({ after }) => [`${after.partition} ${after.day}`, after])).values()];
  }

  /** What the writes mean, in their order. */
  changes(ruleset: Ruleset): FindingChange[] {
    return this.written.flatMap((change) => changes(change, ruleset));
  }

  private async step<T>(step: keyof Store, act: () => Promise<T>): Promise<T> {
    await this.disturb(step);
    const result = await act();
    await this.disturb(step);
    return result;
  }
}
