import type { JsonObject } from '../../events/json';
import { loadRuleset, type Ruleset } from '../../engine/ruleset';

/** The kinds of detector that are priced: one of each way in which a hit is judged live. */
export const TYPES = [
  'plain',
  'first_seen',
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'a_and_not_b',
] as const;
export type DetectorType = (typeof TYPES)[number];

const ACTOR = 'userIdentity.arn';
const OBJECT = 'requestParameters.key';

/** A ruleset of one detector that counts, and of the rules that it needs: reads are `a`, writes are `b`. */
export function rulesetOf(type: DetectorType): Ruleset {
  const text = documentsOf(type)
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
  return loadRuleset([{ file: `${type}.yml`, text }], {});
}

/** How many different events a detector of a type waits for: its hits take turns. */
export function inputsOf(type: DetectorType): number {
  return type === 'temporal' || type === 'temporal_ordered' ? 2 : 1;
}

function documentsOf(type: DetectorType): JsonObject[] {
  const read = rule('a', 'GetObject');
  const write = rule('b', 'PutObject');
  switch (type) {
    case 'plain':
      return [{ ...read, privwatch: { group: [ACTOR], quiet: '1h' } }];
    case 'first_seen':
      return [{ ...read, privwatch: { first_seen: { fields: [ACTOR], forget: '60d' } } }];
    case 'event_count':
      return [read, correlation(type, ['a'], { gte: 5 })];
    case 'value_count':
      return [read, correlation(type, ['a'], { field: OBJECT, gte: 5 })];
    case 'value_sum':
      return [read, correlation(type, ['a'], { field: 'additionalEventData.bytesTransferredOut', gte: 1_000_000 })];
    case 'temporal':
    case 'temporal_ordered':
      return [read, write, correlation(type, ['a', 'b'])];
    case 'a_and_not_b':
      return [read, write, correlation('temporal', ['a', 'b'], 'a and not b')];
  }
}

function rule(name: string, eventName: string): JsonObject {
  return {
    title: `Objects: ${eventName}`,
    name,
    logsource: { product: 'aws', service: 'cloudtrail' },
    detection: { call: { eventSource: 's3.amazonaws.com', eventName }, condition: 'call' },
    level: 'low',
  };
}

function correlation(type: string, rules: string[], condition?: JsonObject | string): JsonObject {
  return {
    title: `Objects: ${type} of ${rules.join(' and ')}`,
    correlation: { type, rules, 'group-by': [ACTOR], timespan: '10m', ...(condition && { condition }) },
    level: 'medium',
  };
}
