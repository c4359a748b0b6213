import { formatTime } from '../events/time';
import { dayOf, type Day, type Episode } from './episodes';
import type { Hit, Place } from './hit';
import type { FindingActor } from './finding';
import type { Mint, Minter, MintAction } from './mint';
import type { Rule } from './rule';
import type { Store } from './store';

/*
 * On whose behalf: the credentials that an episode's first hit used were made by somebody, with credentials that somebody
 * else may have made, and so on. That follows from the set of mints, whatever their order:
 *
 *   a worker with a hit     reads the head, links each key of the chain to it, *then* looks for the key's mint, writes the head
 *   a worker with a mint    puts the mint, *then* reads the key's links, and has the heads judged anew and written even if
 *                           that changes nothing
 *
 * Of the two, one sees the other's: if the first does not find the mint, the second finds its link. What the first writes then
 * rests on a head that the second has written over, so that it has to start again.
 */

/** Who made credentials, and how. */
export interface Hop {
  action: MintAction;
  /** Name and account of whoever made the call. */
  by: string;
  account: string | null;
  /** Of the credentials that came of it. */
  accessKeyId: string;
  /** ISO 8601, UTC. */
  time: string | null;
}

/** The way from the human or workload at the beginning to the credentials that were used. */
export interface Lineage {
  root: Omit<Minter, 'accessKeyId' | 'sourceIdentity'>;
  /** From the root on; none where only the source identity of the session says who is behind it. */
  hops: Hop[];
}

const MAX_HOPS = 6;

/** Says of each episode that does not say so yet on whose behalf it was; `null` where no mint of its credentials is known. */
export async function traceEpisodes(episodes: Episode[], place: Place, day: Day, store: Store): Promise<Episode[]> {
  const traced: Episode[] = [];
  for (const episode of episodes) {
    const { actor } = episode.content;
    if (episode.lineage !== undefined || !(actor.accessKeyId || actor.sourceIdentity)) traced.push(episode);
    else traced.push({ ...episode, lineage: (await lineageOf(actor, place, day, store)) ?? null });
  }
  return traced;
}

async function lineageOf(actor: FindingActor, place: Place, day: Day, store: Store): Promise<Lineage | undefined> {
  const hops: Hop[] = [];
  const seen = new Set<string>();
  let root: Minter | undefined;
  for (let next = actor.accessKeyId || null; next !== null && !seen.has(next) && hops.length < MAX_HOPS;) {
    seen.add(next);
    const mint = await mintBehind(`key ${next}`, place, day, store);
    if (!mint) break;
    const { action, by, time } = mint;
    hops.unshift({
      ...{ action, by: by.name, account: by.account, accessKeyId: next },
      time: time === undefined ? null : formatTime(time),
    });
    root = by;
    next = by.accessKeyId;
  }
  const named = root ? root.sourceIdentity : actor.sourceIdentity;
  if (named !== undefined) return { root: sourceRoot(named), hops };
  if (!root) return undefined;
  const { id, kind, name, account, human } = root;
  return { root: { id, kind, name, account, human }, hops };
}

/** Where no mint tells, it is known by name alone who took the first role: a person, mostly. */
function sourceRoot(name: string): Lineage['root'] {
  return { id: name, kind: 'source-identity', name: `source identity ${name}`, account: null, human: 'unknown' };
}

/** The mint of a key; of what two accounts have recorded, the record that says who. */
async function mintBehind(name: string, place: Place, day: Day, store: Store): Promise<Mint | undefined> {
  await store.linkMint(name, place, day);
  const mint = await store.mint(name);
  if (mint?.by.kind !== 'other-account' || mint.call === null) return mint;
  const call = `call ${mint.call}`;
  await store.linkMint(call, place, day);
  const caller = await store.mint(call);
  return caller ? { ...mint, by: caller.by } : mint;
}

/** Without the hits whose credentials were made in a way that the rule leaves out. */
export async function withoutMinted(
  { notMintedBy }: Pick<Rule, 'notMintedBy'>,
  hits: Hit[],
  place: Place,
  store: Store,
): Promise<Hit[]> {
  if (notMintedBy.length === 0) return hits;
  const left: Hit[] = [];
  for (const hit of hits) {
    const key = hit.content.actor.accessKeyId;
    const mint = key ? await mintBehind(`key ${key}`, place, dayOf(hit), store) : undefined;
    if (!mint || !notMintedBy.includes(mint.action)) left.push(hit);
  }
  return left;
}
