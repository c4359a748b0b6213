import type { Event } from '../../events/event';
import { LEVELS, type Level } from '../../engine/level';
import type { Ruleset } from '../../engine/ruleset';
import { groupBy } from '../group';
import type { Case } from './cases';
import { firedOn } from './fired';

/** What a detector files on the building and tearing down of a laboratory. */
export interface SetupNoise {
  detector: string;
  level: Level;
  findings: number;
}

/** The recordings in which attack tools were set up by infrastructure as code, by an administrator with a key. */
const SOURCE = 'invictus';

/** All events of these recordings but for those of the attacks: what a day of setting up is. */
export function setupEvents(cases: Case[]): Event[] {
  const some = cases.filter(({ source }) => source === SOURCE);
  const attacks = new Set(
    some
      .filter((one) => one.isAttack)
      .flatMap(({ events, isKey }) => events.filter(isKey))
      .map(({ key }) => key),
  );
  return some.flatMap(({ events }) => events).filter(({ key }) => !attacks.has(key));
}

/** What fires on them at low or above, worst first. */
export async function setupNoise(events: Event[], ruleset: Ruleset): Promise<SetupNoise[]> {
  const fired = (await firedOn(events, ruleset)).filter(({ level }) => level !== 'informational');
  return [...groupBy(fired, ({ detector, level }) => `${LEVELS.length - LEVELS.indexOf(level)} ${detector}`)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, some]) => ({ detector: some[0]!.detector, level: some[0]!.level, findings: some.length }));
}
