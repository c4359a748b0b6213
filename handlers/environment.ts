/*
 * What functions read from their environment. All of them: LOG_LEVEL (`trace` to `fatal`; `info` if not set).
 *
 *   detect        RULESET_FILE, TABLE; HUB_ACCOUNT: drills of this account are taken, without it none are
 *   sweep         RULESET_FILE, TABLE
 *   reconcile     RULESET_FILE, TABLE
 *   outbox        RULESET_FILE, TABLE, SINK_QUEUE_URLS (with commas); STORM_GROUPS (20)
 *   digest        RULESET_FILE, TABLE; DIGEST_TOPIC_ARN (plain text), CHAT_TOPIC_ARN: one of the two at least
 *   security-hub  HUB_ACCOUNT; HUB_PARTITION (`aws`), DOCS_URL
 *   sns           HUB_ACCOUNT; HUB_PARTITION, DOCS_URL; PEOPLE_TOPIC_ARN, CHAT_TOPIC_ARN, MACHINES_TOPIC_ARN: one at least
 *   eventbridge   EVENT_BUS, a name or an ARN
 *
 * RULESET_FILE is the file that `npm run bundle` writes. What calls them: detect, its queue behind the hub's bus; reconcile,
 * a queue of notices of new trail files; outbox, the table's stream (new and old images); each sink, its queue; all of these
 * with ReportBatchItemFailures. sweep, every five minutes; digest, once a day, some hours after midnight UTC.
 *
 * `privwatch drill` puts events on the hub's bus with the source `privwatch.drill`; a rule for that source and for the hub's
 * own account takes them to the queue of detect. It waits at a queue that is subscribed to the three topics with the filter
 * policy `{"drill": ["true"]}` (message attributes, no raw delivery), and that a rule on the findings' bus fills with
 * `{"source": ["privwatch"], "detail": {"drill": [true]}}`. No message there is of use after an hour.
 */
import type { Setting } from '../findings/notice';

type Environment = Record<string, string | undefined>;

/**
 * The value of an environment variable that a function cannot do without.
 *
 * @throws Error that names it
 */
export function required(name: string, env: Environment = process.env): string {
  const value = env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

/** What renderings know besides the finding: HUB_ACCOUNT, AWS_REGION, and if set HUB_PARTITION (`aws`) and DOCS_URL. */
export function settingFrom(env: Environment = process.env): Setting {
  return {
    partition: env.HUB_PARTITION || 'aws',
    account: required('HUB_ACCOUNT', env),
    region: required('AWS_REGION', env),
    docs: env.DOCS_URL ?? '',
  };
}
