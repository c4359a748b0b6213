import type { Event } from '../../events/event';
import { MISSED } from '../../events/heartbeat';
import { at, text } from '../../events/json';
import type { EventRule } from './compile';
import { compileEventPattern } from './matches';
import { maybeHeldBack } from './names';

/** What EventBridge puts around an event, as far as patterns ask for it. */
export interface Envelope {
  source: string;
  'detail-type': string;
  detail: unknown;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html */
const TRAIL_TYPES: Record<string, string> = {
  awsconsolesignin: 'AWS Console Sign In via CloudTrail',
  awsserviceevent: 'AWS Service Event via CloudTrail',
  awsconsoleaction: 'AWS Console Action via CloudTrail',
};

/** The envelope in which an event arrives on the default bus of its account. */
export function envelopeOf({ logsource, record }: Event): Envelope {
  switch (logsource.service) {
    case 'cloudtrail': {
      const service = text(record, 'eventSource')?.split('.')[0] ?? 'unknown';
      const type = TRAIL_TYPES[text(record, 'eventType')?.toLowerCase() ?? ''] ?? 'AWS API Call via CloudTrail';
      return { source: `aws.${service}`, 'detail-type': type, detail: record };
    }
    case 'cloudtrail-insight':
      return { source: 'aws.cloudtrail', 'detail-type': 'AWS Insight via CloudTrail', detail: record };
    case 'guardduty':
      return { source: 'aws.guardduty', 'detail-type': 'GuardDuty Finding', detail: record };
    case 'accessanalyzer':
      return { source: 'aws.access-analyzer', 'detail-type': 'Access Analyzer Finding', detail: record };
    case 'config': {
      const isItem = at(record, 'configurationItem') !== undefined;
      const type = isItem ? 'Config Configuration Item Change' : 'Config Rules Compliance Change';
      return { source: 'aws.config', 'detail-type': type, detail: record };
    }
    // The hub makes it, and puts it where events of the bus arrive.
    case 'privwatch':
      return { source: MISSED.source, 'detail-type': MISSED.detailType, detail: record };
  }
}

/** Gives, for an event, the rules that it passes on its way to the hub. */
export function makePassing(rules: readonly EventRule[]): (event: Event) => EventRule[] {
  const tests = rules.map((rule) => ({ rule, test: compileEventPattern(rule.pattern) }));
  return (event) => {
    const envelope = envelopeOf(event);
    // Whether such an event is really held back depends on what AWS does; that is what the other state is for.
    const isHeldBack = event.logsource.service === 'cloudtrail' && maybeHeldBack(text(event.record, 'eventName') ?? '');
    const open = isHeldBack ? tests.filter(({ rule }) => rule.state !== 'ENABLED') : tests;
    return open.filter(({ test }) => test(envelope)).map(({ rule }) => rule);
  };
}
