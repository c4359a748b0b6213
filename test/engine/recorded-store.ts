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
  readonly written: HeadChange[] = [];

  constructor(
    private readonly disturb: (step: keyof Store) => Promise<void> = async () => {},
    readonly inner: Store = new MemoryStore(),
  ) {}

  put(hit: Parameters<Store['put']>[0]): ReturnType<Store['put']> {
    return this.step('put', () => this.inner.put(hit));
  }
  hits(...parameters: Parameters<Store['hits']>): ReturnType<Store['hits']> {
    return this.step('hits', async () => {
      const { hits, until } = await this.inner.hits(...parameters);
      return { hits: hits.reverse(), until };
    });
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
  putMint(mint: Parameters<Store['putMint']>[0]): Promise<void> {
    return this.step('putMint', () => this.inner.putMint(mint));
  }
  mint(name: string): ReturnType<Store['mint']> {
    return this.step('mint', () => this.inner.mint(name));
  }
  linkMint(...parameters: Parameters<Store['linkMint']>): Promise<void> {
    return this.step('linkMint', () => this.inner.linkMint(...parameters));
  }
  mintLinks(name: string): ReturnType<Store['mintLinks']> {
    return this.step('mintLinks', () => this.inner.mintLinks(name));
  }
  head(...parameters: Parameters<Store['head']>): ReturnType<Store['head']> {
    return this.step('head', () => this.inner.head(...parameters));
  }
  near(...parameters: Parameters<Store['near']>): ReturnType<Store['near']> {
    return this.step('near', async () => {
      const { hits, isCut } = await this.inner.near(...parameters);
      return { hits: hits.reverse(), isCut };
    });
  }
  putHead(after: Head, before: Head | undefined): Promise<boolean> {
    return this.step('putHead', async () => {
      const done = await this.inner.putHead(after, before);
      if (done) this.written.push({ before, after });
      return done;
    });
  }
  putDue(...parameters: Parameters<Store['putDue']>): Promise<void> {
    return this.step('putDue', () => this.inner.putDue(...parameters));
  }
  due(until: number): ReturnType<Store['due']> {
    return this.inner.due(until);
  }
  forgetDue(due: Parameters<Store['forgetDue']>[0]): Promise<void> {
    return this.step('forgetDue', () => this.inner.forgetDue(due));
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
