import type { Logsource } from '../events/event';
import { at, isObject, text, type Json, type JsonObject } from '../events/json';
import { parseTimespan } from '../events/time';
import { LATENESS_MILLISECONDS } from './due';
import type { Correlation } from './correlation';
import { checkField, compileDetection, type CompileContext } from './detection';
import type { SourceDocument } from './document';
import { compileDetector, extensionOf, texts, type Detector } from './detector';
import type { Filter } from './filter';
import type { MintAction } from './mint';
import type { Node } from './nodes';

/** A field by name, and where a {@link View} keeps it. */
export interface FieldSlot {
  name: string;
  slot: number;
}

/** A compiled detection rule. */
export interface Rule extends Detector {
  kind: 'rule';
  logsource: Partial<Record<'product' | 'service' | 'category', string>>;
  condition: Node;
  resources: { type: string; path: string }[];
  /** Fields whose values make the group; undefined for account, actor and main resource. */
  group: FieldSlot[] | undefined;
  quietMilliseconds: number;
  /** The first hit of a group is the finding, and the group is forgotten after `quiet` without a hit. */
  firstSeen: boolean;
  /** Hits with credentials that were made in one of these ways are left out; see `lineage.ts`. */
  notMintedBy: MintAction[];
  /** Those that apply to this rule. */
  filters: Filter[];
  /** Correlations that count this rule's hits, and the rule's place among their inputs. */
  feeds: { correlation: Correlation; input: number }[];
  /** Some correlation counts its hits and does not say `generate: true`: it files no findings of its own. */
  silenced: boolean;
}

const DEFAULT_QUIET = 3_600_000;
/** An episode ends at midnight; a longer silence within it could not be told from its end. */
const MAX_QUIET = 86_400_000;
const SHORT_QUIET = 30 * 60_000;

/** With more than 48 episodes of a group and day, made as large as can be, its head may outgrow an item of DynamoDB. */
export function warnOfShortQuiet(document: SourceDocument, quietMilliseconds: number): void {
  if (quietMilliseconds < SHORT_QUIET)
    document.warn(
      ['privwatch', 'quiet'],
      'less than 30m: an unquiet day of one group may not fit into its state on AWS, and pages often',
    );
}

/**
 * Compiles a rule document whose shape the schema has checked; problems go to the document.
 *
 * @returns undefined if anything in it is not understood
 */
export function compileRule(context: CompileContext): Rule | undefined {
  const { document } = context;
  const { data } = document;
  const detection = data['detection'];
  const condition = isObject(detection) ? compileDetection(detection, ['detection'], context) : undefined;
  const extension = extensionOf(document);
  const firstSeen = isObject(extension['first_seen']);
  const group = firstSeen
    ? compileFields(at(extension, 'first_seen', 'fields'), ['privwatch', 'first_seen', 'fields'], context)
    : compileFields(extension['group'], ['privwatch', 'group'], context);
  const quiet = parseTimespan(firstSeen ? at(extension, 'first_seen', 'forget') : extension['quiet']) ?? DEFAULT_QUIET;
  if (!firstSeen && quiet > MAX_QUIET)
    document.error(['privwatch', 'quiet'], 'at most 1d: a finding ends at midnight UTC');
  if (!firstSeen) warnOfShortQuiet(document, quiet);
  else if (quiet < LATENESS_MILLISECONDS)
    document.warn(['privwatch', 'first_seen', 'forget'], 'less than 15d: an event that comes late may seem the first');
  if (firstSeen) {
    for (const key of ['group', 'quiet']) {
      if (key in extension)
        document.error(['privwatch', key], `first_seen has fields and forget: ${key} does not go with it`);
    }
    if ('not_minted_by' in extension) document.error(['privwatch', 'not_minted_by'], 'it does not go with first_seen');
  }
  const detector = compileDetector(context);
  if (!condition || group === null || !detector) return undefined;
  return {
    kind: 'rule',
    ...detector,
    logsource: logsourceOf(data['logsource']),
    condition,
    resources: resourcesOf(extension),
    group,
    quietMilliseconds: quiet,
    firstSeen,
    notMintedBy: texts(extension['not_minted_by']) as MintAction[],
    filters: [],
    feeds: [],
    silenced: false,
  };
}

export function logsourceOf(value: Json | undefined): Rule['logsource'] {
  const logsource: Rule['logsource'] = {};
  for (const key of ['product', 'service', 'category'] as const) {
    const stated = at(value, key);
    if (typeof stated === 'string') logsource[key] = stated.toLowerCase();
  }
  return logsource;
}

/** A rule is for an event if each of product, service and category that the rule states is the event's. */
export function appliesTo(rule: Pick<Rule, 'logsource'>, logsource: Logsource): boolean {
  const theirs: Rule['logsource'] = logsource;
  return Object.entries(rule.logsource).every(([key, stated]) => theirs[key as keyof Rule['logsource']] === stated);
}

/** Undefined if there is no such list, null if one of its fields does not exist. */
function compileFields(
  value: Json | undefined,
  path: string[],
  context: CompileContext,
): FieldSlot[] | undefined | null {
  if (!Array.isArray(value)) return undefined;
  const compiled = texts(value).map((name, i) =>
    context.document.attempt([...path, i], () => {
      checkField(name, { derived: true });
      return { name, slot: context.fields.slot(name) };
    }),
  );
  return compiled.some((entry) => entry === undefined) ? null : (compiled as FieldSlot[]);
}

function resourcesOf(extension: JsonObject): Rule['resources'] {
  const list = at(extension, 'entities', 'resources');
  return (Array.isArray(list) ? list : []).map((entry) => ({
    type: text(entry, 'type') ?? '',
    path: text(entry, 'name') ?? '',
  }));
}
