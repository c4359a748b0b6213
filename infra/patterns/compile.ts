import { UsageError } from '../../cli/errors';
import { appliesTo, type Rule } from '../../engine/rule';
import type { Ruleset } from '../../engine/ruleset';
import { fold } from '../../engine/strings';
import type { Logsource } from '../../events/event';
import { clausesOf, conjunction, meet, type Clause } from './clause';
import { isBusy, isTooMany } from './names';
import type { EventPattern } from './pattern';
import { hubRules, memberRules } from './sources';
import { fitting, trailRules, type Need } from './trail';
import { isListed, type Shape, type Values } from './values';

export type { EventPattern } from './pattern';

/** `…WITH_ALL…`: also read-only management events, which EventBridge holds back from other rules. */
export type RuleState = 'ENABLED' | 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

/** A rule for EventBridge. */
export interface EventRule {
  /** Unique among the member's rules and among the hub's. */
  name: string;
  /** One sentence for the console. */
  description: string;
  state: RuleState;
  pattern: EventPattern;
  /** Ids of the Sigma rules that need it. */
  detectors: string[];
  /** Whether it may take what another rule takes as well, since a pattern that leaves that out would be too long. */
  repeats: boolean;
}

/** A Sigma rule of which some or all events are not forwarded, and only the S3 path can see. */
export interface Unserved {
  /** Id of the rule. */
  detector: string;
  title: string;
  reason: string;
  /** Other events that it matches are forwarded. */
  partly: boolean;
}

export interface CompiledPatterns {
  /** For the default bus of every account and Region. No event passes two of them, unless one says that it `repeats`. */
  member: EventRule[];
  /**
   * For the default bus of the hub's account, the delegated administrator, in every Region: there the findings of the whole
   * organization arrive anyway, so that members must not forward theirs.
   */
  hub: EventRule[];
  unserved: Unserved[];
}

export interface PatternOptions {
  /** Characters of a pattern's JSON text: 2,048 unless AWS has raised the quota. */
  maxPatternLength?: number;
  /** Rules that a bus may have: 300 unless AWS has raised the quota (in some Regions fewer). */
  maxRules?: number;
}

/**
 * Compiles detectors to EventBridge rules: whatever a detector can match passes one of the rules, and only one unless a
 * rule `repeats`, or the detector is among the unserved.
 *
 * @throws UsageError if there are more rules than a bus takes
 */
export function compilePatterns(ruleset: Ruleset, options: PatternOptions = {}): CompiledPatterns {
  const { maxPatternLength = 2048, maxRules = 300 } = options;
  const unserved: Unserved[] = [];
  const needs = ruleset.rules
    .filter((rule) => appliesTo(rule, CLOUDTRAIL))
    // What is compiled does not depend on the order of files.
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((rule) => needsOf(rule, maxPatternLength, unserved));
  const member = [...trailRules(needs, maxPatternLength), ...memberRules(ruleset.rules)];
  const hub = hubRules(ruleset.rules);
  for (const rules of [member, hub]) {
    if (rules.length > maxRules) {
      const needed = `${rules.length} rules of up to ${maxPatternLength} characters are needed, and a bus takes ${maxRules}`;
      throw new UsageError(`${needed}: allow longer patterns, or leave detectors out`);
    }
  }
  return { member, hub, unserved };
}

// ---- what each rule needs -----------------------------------------------------------------------------------------

const CLOUDTRAIL: Logsource = { product: 'aws', service: 'cloudtrail' };

/** The clauses of a rule that can be forwarded; what cannot is reported. */
function needsOf(rule: Rule, maxPatternLength: number, unserved: Unserved[]): Need[] {
  // A filter that expires will not hold back what it holds back today.
  const lasting = rule.filters.filter(({ expiresAt }) => expiresAt === undefined);
  const conditions = [rule.condition, ...lasting.map(({ condition }) => condition)];
  const reasons = new Set<string>();
  const clauses = conditions
    .map((condition) => clausesOf(condition))
    .reduce(conjunction)
    .flatMap((clause) => forwardable(clause, reasons))
    .flatMap((clause) => {
      const fitted = fitting(clause, maxPatternLength);
      if (!fitted) reasons.add(`what it asks for takes a pattern of more than ${maxPatternLength} characters`);
      return fitted ?? [];
    });
  for (const reason of reasons) {
    unserved.push({ detector: rule.id, title: rule.title, reason, partly: clauses.length > 0 });
  }
  return clauses.map((clause) => ({ rule, clause }));
}

/** Of other categories there are events on the bus only where a trail asks for them, and then far too many. */
const MANAGEMENT: Clause = new Map([
  ['eventCategory', { absent: true, except: true, shapes: ['Data', 'NetworkActivity'].map(whole) }],
  // Network activity events only: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
  ['errorCode', { absent: true, except: true, shapes: [whole('VpceAccessDenied')] }],
]);

function whole(text: string): Shape {
  return { kind: 'whole', text };
}

/** What of a clause can be forwarded, which may be nothing; the reasons for the rest are added. */
function forwardable(clause: Clause, reasons: Set<string>): Clause[] {
  if (meet(clause, MANAGEMENT) === undefined) {
    reasons.add('it asks for data or network activity events');
    return [];
  }
  const names = clause.get('eventName');
  return isListed(names) ? namedCalls(clause, names, reasons) : anyCalls(clause, reasons);
}

/** Of a clause that lists names, those that are not too frequent. */
function namedCalls(clause: Clause, names: Values, reasons: Set<string>): Clause[] {
  const sources = clause.get('eventSource');
  const services = isListed(sources) ? sources.shapes.map(({ text }) => text) : [];
  const frequent = names.shapes.filter(({ text }) => isTooMany(text, services));
  if (frequent.length > 0) reasons.add(`too frequent to forward: ${frequent.map(({ text }) => text).join(', ')}`);
  const rest = names.shapes.filter((shape) => !frequent.includes(shape));
  return rest.length > 0 ? [new Map(clause).set('eventName', { ...names, shapes: rest })] : [];
}

/** Kinds of identity that most calls have. */
const USUAL_IDENTITIES = ['assumedrole', 'awsservice', 'awsaccount', 'iamuser'];
const READING: Values = {
  absent: false,
  except: false,
  shapes: ['Get', 'List', 'Describe'].map((text) => ({ kind: 'prefix', text })),
};

/** Of a clause that lists no names, what is rare for another reason, or of services that are seldom called. */
function anyCalls(clause: Clause, reasons: Set<string>): Clause[] {
  const rare = [...clause].some(([field, values]) => {
    if (values.except || values.absent) return false;
    if (field === 'userIdentity.type') return values.shapes.every(({ text }) => !USUAL_IDENTITIES.includes(fold(text)));
    return field === 'eventName' || field === 'errorCode' || field === 'sessionCredentialFromConsole';
  });
  if (rare) return [clause];
  const sources = clause.get('eventSource');
  if (!isListed(sources)) {
    reasons.add('it asks for no calls, services, errors or identities that are few');
    return [];
  }
  const changes = meet(clause, new Map([['eventName', READING]])) === undefined;
  const busy = sources.shapes.filter(({ text }) => isBusy(text, changes));
  if (busy.length > 0) {
    reasons.add(
      `too frequent to forward: ${changes ? 'changes in' : 'calls of'} ${busy.map(({ text }) => text).join(', ')}`,
    );
  }
  const rest = sources.shapes.filter((shape) => !busy.includes(shape));
  return rest.length > 0 ? [new Map(clause).set('eventSource', { ...sources, shapes: rest })] : [];
}
