import { appliesTo, type Rule } from '../../engine/rule';
import type { Logsource } from '../../events/event';
import type { EventRule } from './compile';
import type { EventPattern } from './pattern';

interface NativeSource {
  name: string;
  service: Logsource['service'];
  description: string;
  pattern: EventPattern;
}

/** Nothing gathers these for the organization: each account has its own. */
const OF_MEMBERS: NativeSource[] = [
  {
    name: 'insights',
    service: 'cloudtrail-insight',
    description: 'CloudTrail Insights',
    pattern: { source: [{ prefix: 'aws.' }], 'detail-type': ['AWS Insight via CloudTrail'] },
  },
  {
    name: 'config',
    service: 'config',
    description: 'Changes that AWS Config reports',
    pattern: {
      source: ['aws.config'],
      'detail-type': ['Config Rules Compliance Change', 'Config Configuration Item Change'],
    },
  },
];

/** The delegated administrator gets the findings of all members, besides the members themselves. */
const OF_THE_HUB: NativeSource[] = [
  {
    name: 'guardduty',
    service: 'guardduty',
    description: 'Findings of GuardDuty',
    pattern: { source: ['aws.guardduty'], 'detail-type': ['GuardDuty Finding'] },
  },
  {
    name: 'access-analyzer',
    service: 'accessanalyzer',
    description: 'Findings of IAM Access Analyzer',
    // Calls to the service come under the same source.
    pattern: { source: ['aws.access-analyzer'], 'detail-type': [{ 'anything-but': { suffix: ' via CloudTrail' } }] },
  },
];

/** Rules for what is no CloudTrail record and arises in each account. */
export function memberRules(rules: Rule[]): EventRule[] {
  return OF_MEMBERS.flatMap((source) => sourceRule(source, rules));
}

/** Rules for findings that arrive in the hub's account anyway. */
export function hubRules(rules: Rule[]): EventRule[] {
  return OF_THE_HUB.flatMap((source) => sourceRule(source, rules));
}

/** Such events are few: one rule for all of them, if any detector wants some. */
function sourceRule({ name, service, description, pattern }: NativeSource, rules: Rule[]): EventRule[] {
  const needing = rules.filter((rule) => appliesTo(rule, { product: 'aws', service }));
  if (needing.length === 0) return [];
  return [
    { name, description, state: 'ENABLED', pattern, detectors: needing.map(({ id }) => id).sort(), repeats: false },
  ];
}
