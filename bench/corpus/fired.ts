import { basename } from 'node:path';
import type { Event } from '../../events/event';
import { applyChanges, byWeight, changes } from '../../engine/changes';
import { correlate } from '../../engine/correlate';
import { GRACE_MILLISECONDS } from '../../engine/due';
import type { Finding } from '../../engine/finding';
import type { Level } from '../../engine/level';
import { match } from '../../engine/match';
import type { Ruleset } from '../../engine/ruleset';
import { techniquesOf } from '../../findings/attack';
import { MemoryStore } from '../../state/memory';

/** A detector that filed a finding. */
export interface Fired {
  /** Its file, without `.yml`. */
  detector: string;
  title: string;
  level: Level;
  techniques: string[];
  /** Its first hundred events. */
  evidence: Event[];
}

/** What the detectors find in events that are all there is, worst first: the road of `replay`. */
export async function firedOn(events: Event[], ruleset: Ruleset): Promise<Fired[]> {
  const last = events.reduce((latest, { time }) => Math.max(latest, time ?? -Infinity), -Infinity);
  const matches = events.flatMap((event) => match(event, ruleset));
  const correlated = await correlate(matches, ruleset, new MemoryStore(), { over: () => last - GRACE_MILLISECONDS });
  const findings = new Map<string, Finding>();
  for (const change of correlated.changes) applyChanges(findings, changes(change, ruleset));
  const byId = new Map(events.map((event) => [event.id, event]));
  const names = fileNames(ruleset);
  return [...findings.values()].sort(byWeight).map((finding) => ({
    detector: names.get(finding.detectorId)!,
    title: finding.title,
    level: finding.severity,
    techniques: techniquesOf(finding.tags),
    evidence: finding.eventIds.flatMap((id) => byId.get(id) ?? []),
  }));
}

/** Files without `.yml` by detector id; where a file holds several detectors that file findings, it names them all. */
export function fileNames({ rules, correlations }: Ruleset): Map<string, string> {
  return new Map([...rules, ...correlations].map(({ id, document }) => [id, basename(document.source.file, '.yml')]));
}
