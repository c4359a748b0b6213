import { grantedBy, type GrantState } from '../events/derived';
import type { Event } from '../events/event';
import type { Detector } from './detector';
import { View } from './fields';
import type { Filter } from './filter';
import { shifted, type Level } from './level';
import { holds } from './nodes';
import { appliesTo, type Rule } from './rule';
import type { Candidate } from './rule-index';
import type { Ruleset } from './ruleset';

/** An event that a rule matched. */
export interface Match {
  rule: Rule;
  event: Event;
  /** The rule's level, or what its `severity` conditions make of it. */
  level: Level;
  /** Filters that would have suppressed this, had they not expired before the event. */
  expired: Filter[];
}

const NONE: Match[] = [];

/** The rules that match an event. Pure, synchronous, and never throws, whatever the event holds. */
export function match(event: Event, ruleset: Ruleset): Match[] {
  const candidates = ruleset.index.candidates(event);
  return candidates.length === 0 ? NONE : matchCandidates(event, ruleset, candidates);
}

/** The same without the index: what the index is compared with. */
export function matchUnindexed(event: Event, ruleset: Ruleset): Match[] {
  const rules = ruleset.rules.filter((rule) => appliesTo(rule, event.logsource));
  const candidates = rules.map((rule) => ({ rule, rest: rule.condition }));
  return matchCandidates(event, ruleset, candidates);
}

function matchCandidates(event: Event, ruleset: Ruleset, candidates: readonly Candidate[]): Match[] {
  const view = new View(event, ruleset.fields, ruleset.context);
  let matches = NONE;
  for (const { rule, rest } of candidates) {
    if (!holds(rest, view)) continue;
    const expired = expiredFilters(rule, view);
    if (!expired) continue;
    if (matches === NONE) matches = [];
    matches.push({ rule, event, level: levelOf(rule, view), expired });
  }
  return matches;
}

/** Undefined if a filter that is in force suppresses the match. */
function expiredFilters(rule: Rule, view: View): Filter[] | undefined {
  const expired: Filter[] = [];
  for (const filter of rule.filters) {
    if (holds(filter.condition, view)) continue;
    if (!isExpired(filter, view.event)) return undefined;
    expired.push(filter);
  }
  return expired;
}

/** Of an event without a time it cannot be shown that the exception still held: better noise than blindness. */
export function isExpired(filter: Filter, event: Event): boolean {
  return filter.expiresAt !== undefined && (event.time === undefined || event.time >= filter.expiresAt);
}

/**
 * The level of a detector for an event: what its `severity` conditions make of it, and one step down if a just-in-time grant
 * covers the act, or one up if it is outside a grant or comes after it.
 */
export function levelOf({ severity, level }: Detector, view: View): Level {
  const own = severity.find(({ when }) => holds(when, view))?.level ?? level;
  if (!view.context.grants) return own;
  return shifted(own, STEPS[grantedBy(view.event, view.context).state]);
}

const STEPS: Record<GrantState, number> = { inside: -1, expired: 1, outside: 1, none: 0, unknown: 0 };
