import type { Finding } from '../../engine/finding';
import { LEVELS, rank, type Level } from '../../engine/level';
import type { Label } from '../generated';
import { groupBy } from '../group';

/** Findings on events that belong to no attack, and attacks that no finding is about. */
export interface Noise {
  events: number;
  /** Findings without one event of an attack among their first hundred, worst first. */
  noise: Finding[];
  attacks: { activity: string; technique: string; runs: number; caught: Record<'low' | 'medium', number> }[];
}

export function measureNoise(findings: Finding[], events: number, labels: Label[]): Noise {
  const attackOf = new Map(labels.map(({ eventID, attack }) => [eventID, attack]));
  const noise: Finding[] = [];
  const worst = new Map<number, Level>();
  for (const finding of findings) {
    const attacks = new Set(finding.eventIds.flatMap((id) => attackOf.get(id) ?? []));
    if (attacks.size === 0) noise.push(finding);
    for (const attack of attacks) {
      const known = worst.get(attack);
      if (!known || rank(known) < rank(finding.severity)) worst.set(attack, finding.severity);
    }
  }
  return { events, noise, attacks: attacksOf(labels, worst) };
}

function attacksOf(labels: Label[], worst: Map<number, Level>): Noise['attacks'] {
  const runs = new Map(labels.map((label) => [label.attack, label]));
  const byActivity = groupBy(runs.values(), ({ activity }) => activity);
  return [...byActivity].map(([activity, some]) => {
    const caughtAt = (least: Level): number =>
      some.filter(({ attack }) => rank(worst.get(attack) ?? 'informational') >= rank(least)).length;
    const caught = { low: caughtAt('low'), medium: caughtAt('medium') };
    return { activity, technique: some[0]!.technique, runs: some.length, caught };
  });
}

/** Noise per 100,000 events at one level. */
export function rateOf({ noise, events }: Noise, level: Level): number {
  return (noise.filter(({ severity }) => severity === level).length * 100_000) / events;
}

/** What of the promise is broken: no high or critical findings on ordinary events, five at medium in 100,000. */
export function broken(noise: Noise): string[] {
  const grave = noise.noise.filter(({ severity }) => rank(severity) >= rank('high'));
  const medium = rateOf(noise, 'medium');
  return [
    ...grave.map(({ severity, title }) => `${severity}, on ordinary events: ${title}`),
    ...(medium > MAX_MEDIUM
      ? [`${medium.toFixed(1)} medium findings per 100,000 ordinary events, not ${MAX_MEDIUM}`]
      : []),
  ];
}

const MAX_MEDIUM = 5;

/** Tables in Markdown. */
export function noiseTables(noise: Noise, nameOf: (detectorId: string) => string): string {
  const byDetector = groupBy(noise.noise, ({ detectorId }) => detectorId);
  const count = (some: Finding[], level: Level): number => some.filter(({ severity }) => severity === level).length;
  const levels = [...LEVELS].reverse();
  const rows = [...byDetector].sort(([, a], [, b]) =>
    levels.reduce((by, level) => by || count(b, level) - count(a, level), 0),
  );
  return [
    `| Findings on ordinary events | ${levels.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(levels.length)}`,
    ...rows.map(([id, some]) => `| ${nameOf(id)} | ${levels.map((level) => count(some, level) || '').join(' | ')} |`),
    `| all, per 100,000 events | ${levels.map((level) => rateOf(noise, level).toFixed(1)).join(' | ')} |`,
    '',
    '| Attack | ATT&CK | Times | Caught | at medium or above |',
    '| --- | --- | ---: | ---: | ---: |',
    ...noise.attacks.map(
      ({ activity, technique, runs, caught }) =>
        `| ${activity} | ${technique} | ${runs} | ${caught.low} | ${caught.medium} |`,
    ),
    '',
  ].join('\n');
}
