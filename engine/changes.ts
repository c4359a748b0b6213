import { isDeepStrictEqual } from 'node:util';
import { formatTime } from '../events/time';
import { endOf, type Episode } from './episodes';
import type { Finding } from './finding';
import { accountName, threadOf } from './hit';
import { rank } from './level';
import type { Ruleset } from './ruleset';
import type { Detector } from './detector';
import type { Head, HeadChange } from './store';
import { parseTemplate, renderTemplate } from './template';

/** What a write of a head means for findings. Created and raised page somebody; the others do not. */
export type FindingChange =
  | { kind: 'created' | 'revised' | 'raised'; finding: Finding }
  /** A late event gave the episode another id; what was known of the old one is carried over to the new (never created). */
  | { kind: 'superseded'; finding: Finding; by: string }
  | { kind: 'withdrawn'; finding: Finding };

/**
 * The only source of findings: what became of each episode between two states of a head. Pure.
 *
 * @param ruleset gives the detector's own words; a head of a detector that is gone, or files nothing of its own, gives nothing
 */
export function changes({ before, after }: HeadChange, ruleset: Ruleset): FindingChange[] {
  const rule = [...ruleset.rules, ...ruleset.correlations].find(({ id }) => id === after.detectorId);
  if (!rule || rule.silenced) return [];
  const finding = (episode: Episode, head: Head): Finding => toFinding(episode, head, rule, ruleset);
  const old = new Map((before?.episodes ?? []).map((episode) => [episode.id, episode]));
  const ids = new Set(after.episodes.map(({ id }) => id));
  const lostOnes = [...old.values()].filter(({ id }) => !ids.has(id));
  const result: FindingChange[] = [];
  for (const episode of after.episodes) {
    const same = old.get(episode.id);
    // Not everything that is remembered of an episode is to be seen in the finding.
    if (same && isDeepStrictEqual(finding(same, before!), finding(episode, after))) continue;
    const known = [...old.values()].filter((other) => other === same || overlaps(other, episode));
    known.push(...lostOnes.filter((other) => sharesEvent(other, episode)));
    result.push({ kind: kindOf(episode, known), finding: finding(episode, after) });
  }
  for (const gone of lostOnes) {
    const heir =
      after.episodes.find((episode) => overlaps(episode, gone)) ??
      after.episodes.find((episode) => sharesEvent(episode, gone));
    const lost = finding(gone, before!);
    result.push(heir ? { kind: 'superseded', finding: lost, by: heir.id } : { kind: 'withdrawn', finding: lost });
  }
  return result;
}

/**
 * An episode that goes on with known ones, under whatever ids, was paged when they were created: it is revised, and raised
 * if its severity is greater than theirs.
 */
function kindOf(episode: Episode, known: Episode[]): 'created' | 'revised' | 'raised' {
  if (known.length === 0) return 'created';
  return known.every(({ severity }) => rank(severity) < rank(episode.severity)) ? 'raised' : 'revised';
}

function overlaps(a: Episode, b: Episode): boolean {
  if (a.firstSeen === undefined || b.firstSeen === undefined) return false;
  return a.firstSeen <= endOf(b)! && b.firstSeen <= endOf(a)!;
}

/** An update of an event may have moved it to another time. */
function sharesEvent(a: Episode, b: Episode): boolean {
  return a.evidence.some(({ key }) => b.evidence.some((other) => other.key === key));
}

function toFinding(episode: Episode, head: Head, rule: Detector, ruleset: Ruleset): Finding {
  const { content } = episode;
  const account = ruleset.context.account(content.account ?? undefined);
  const firstSeen = episode.firstSeen === undefined ? null : formatTime(episode.firstSeen);
  const lastSeen = episode.lastSeen === undefined ? null : formatTime(episode.lastSeen);
  const runbookValues: Record<string, string> = {
    actor: content.actor.name,
    account: accountName(content.account ?? undefined, ruleset.context),
    region: content.region ?? 'an unknown Region',
    resource: episode.mainResource?.name ?? 'the resource',
    firstSeen: firstSeen ?? 'an unknown time',
    lastSeen: lastSeen ?? 'an unknown time',
    sourceAddress: content.from.address ?? 'an unknown address',
    accessKeyId: content.actor.accessKeyId || 'the access key',
  };
  const { metadata } = rule;
  return {
    id: episode.id,
    thread: threadOf(head.partition),
    detectorId: rule.id,
    detectorTitle: rule.title,
    title: content.title,
    severity: episode.severity,
    stage: rule.stage,
    account: content.account,
    accountName: account?.name ?? null,
    environment: account?.environment ?? null,
    region: content.region,
    actor: content.actor,
    action: content.action,
    from: content.from,
    mainResource: episode.mainResource ?? null,
    resources: episode.resources,
    group: head.group,
    eventIds: episode.evidence.map(({ eventId }) => eventId),
    count: episode.count,
    countExact: episode.countExact,
    ...(episode.isCut && { incomplete: true }),
    firstSeen,
    lastSeen,
    continues: episode.continues ?? null,
    expiredExceptions: episode.expired,
    ...(episode.approvals && { approvals: episode.approvals }),
    lineage: episode.lineage ?? null,
    why: metadata.description ?? rule.title,
    runbook: metadata.runbook.map((step) => renderTemplate(parseTemplate(step), (name) => runbookValues[name]!)),
    falsepositives: metadata.falsepositives,
    references: metadata.references,
    tags: metadata.tags,
    compliance: metadata.compliance,
    author: metadata.author ?? null,
    license: metadata.license ?? null,
  };
}

/** Worst first, then by time (undated last), then by id. */
export function byWeight(a: Finding, b: Finding): number {
  const time = ({ firstSeen }: Finding): number =>
    firstSeen === null ? Number.MAX_SAFE_INTEGER : Date.parse(firstSeen);
  return rank(b.severity) - rank(a.severity) || time(a) - time(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The findings that stand after a series of changes. */
export function applyChanges(findings: Map<string, Finding>, list: FindingChange[]): void {
  for (const change of list) {
    if (change.kind === 'superseded' || change.kind === 'withdrawn') findings.delete(change.finding.id);
    else findings.set(change.finding.id, change.finding);
  }
}
