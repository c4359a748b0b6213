import type { Correlation } from './correlation';
import { continueFrom, DAY_MILLISECONDS, daysBetween, type Day, type Episode } from './episodes';
import type { Place } from './hit';
import type { Rule } from './rule';
import { traceEpisodes } from './lineage';
import type { Head, Store } from './store';

/**
 * Says what episodes owe to others than their own hits: on whose behalf they were, and, of the first of each day, also in the
 * days that come after, what it continues. Reads the heads that it takes.
 *
 * @param heads as they were read; those of other days are added
 * @param found what the heads are to say; those of days that follow are added
 * @param mayShrink whether episodes may end earlier than they did: a worker that died in between may have written that, and
 *   nobody can tell any more what it was that continued them
 * @returns whether anything rests on another day's head, which may change meanwhile: no episode is near midnight, mostly
 */
export async function connect(
  { quietMilliseconds }: Rule | Correlation,
  place: Place,
  heads: Map<Day, Head | undefined>,
  found: Map<Day, Episode[]>,
  store: Store,
  mayShrink: boolean,
): Promise<boolean> {
  const quietDays = Math.ceil(quietMilliseconds / DAY_MILLISECONDS);
  let isAtMidnight = false;
  const episodesOn = async (day: Day): Promise<Episode[]> => {
    isAtMidnight = true;
    if (!heads.has(day)) heads.set(day, await store.head(place.partition, day));
    return found.get(day) ?? heads.get(day)?.episodes ?? [];
  };
  const days = [...found.keys()].filter((day) => typeof day === 'number').sort((a, b) => a - b);
  for (const day of days) {
    // What was there may have been continued, too.
    const lasts = [found.get(day)!.at(-1), heads.get(day)?.episodes.at(-1)];
    const isNear = lasts.some((last) => last && (day + 1) * DAY_MILLISECONDS - last.lastSeen! <= quietMilliseconds);
    if (!isNear && !mayShrink) continue;
    // All of them: one who knew nothing of the next may have written, in the one after it, that it continues this day.
    for (const next of daysBetween(day + 1, day + quietDays)) {
      const episodes = await episodesOn(next);
      if (episodes.length > 0 && !found.has(next)) found.set(next, episodes);
    }
  }
  for (const [day, episodes] of found) {
    const first = episodes[0];
    if (typeof day !== 'number' || !first) continue;
    let before: Episode | undefined;
    if (first.firstSeen! - day * DAY_MILLISECONDS <= quietMilliseconds) {
      for (let one = day - 1; one >= day - quietDays && !before; one--) before = (await episodesOn(one)).at(-1);
    }
    found.set(day, continueFrom(before, episodes, quietMilliseconds));
  }
  for (const [day, episodes] of found) found.set(day, await traceEpisodes(episodes, place, day, store));
  return isAtMidnight;
}
