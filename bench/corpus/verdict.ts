import { rank, type Level } from '../../engine/level';
import type { Case } from './cases';
import type { Fired } from './fired';

/** A case and what the detectors made of it. */
export interface Judged {
  one: Case;
  fired: Fired[];
  /** Detectors that fired on events of the attack, or, in a benign case, those that should not have. */
  counted: Fired[];
}

/** Informational findings are records for an investigation, not a catch. */
const CATCHES: Level = 'low';
const PAGES: Level = 'medium';

/**
 * Says for every case which of the detectors that fired count: in an attack those on its own events; in a benign case
 * that is one only for its own activity, those that fire on an attack of that activity; in any other benign case those at
 * medium or above.
 */
export function judge(results: { one: Case; fired: Fired[] }[]): Judged[] {
  const detectorsOf = new Map<string, Set<string>>();
  for (const { one, fired } of results) {
    if (!one.isAttack) continue;
    const known = detectorsOf.get(one.activity) ?? new Set();
    for (const { detector } of fired) known.add(detector);
    detectorsOf.set(one.activity, known);
  }
  return results.map(({ one, fired }) => ({
    one,
    fired,
    counted: fired.filter(({ detector, level, evidence }) => {
      if (one.isAttack) return evidence.some(one.isKey);
      if (one.isRelative) return isAtLeast(level, CATCHES) && (detectorsOf.get(one.activity)?.has(detector) ?? false);
      return isAtLeast(level, PAGES);
    }),
  }));
}

export function isAtLeast(level: Level, least: Level): boolean {
  return rank(level) >= rank(least);
}

/** Whether an attack was caught: by a finding on its own events, at low or above (or at the level given). */
export function isCaught({ counted }: Judged, least: Level = CATCHES): boolean {
  return counted.some(({ level }) => isAtLeast(level, least));
}

/** The ATT&CK ids of a simulated attack that no detector at medium or above names, tagged exactly so. */
export function techniquesMissed({ one, counted }: Judged): string[] {
  const grave = counted.filter(({ level }) => isAtLeast(level, PAGES));
  return one.techniques.filter((technique) => !grave.some(({ techniques }) => techniques.includes(technique)));
}
