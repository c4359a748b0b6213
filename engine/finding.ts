import type { Level } from './level';
import type { Lineage } from './lineage';

/** Who acted, as the on-call person needs it. */
export interface FindingActor {
  /** Stable identity; never a session ARN. */
  id: string;
  kind: string;
  name: string;
  account: string | null;
  session: string | null;
  human: boolean | 'unknown';
  mfa: 'present' | 'absent' | 'unknown';
  accessKeyId: string | null;
  /** Whom the session acts for, as whoever took its first role said. */
  sourceIdentity?: string | undefined;
}

export interface Resource {
  /** A resource type of ASFF, e.g. `AwsIamUser`. */
  type: string;
  name: string;
}

/** What one hit says that a finding shows of its first one. */
export interface Content {
  title: string;
  actor: FindingActor;
  account: string | null;
  region: string | null;
  /** What was done, e.g. `iam.amazonaws.com` and `AttachUserPolicy`; for a finding of GuardDuty, its type. */
  action: { source: string; name: string; error: string | null };
  from: { address: string | null; userAgent: string | null };
}

/**
 * A finding is an episode: a run of hits of one detector and one group with no long gap. Everything in it follows from
 * the set of events, the ruleset and the configuration; there is no processing time in it. Its JSON Schema is
 * `schemas/finding.schema.json`.
 */
export interface Finding extends Content {
  id: string;
  /** The same for all findings of a detector and a group, day after day: pagers and chats thread by it. */
  thread: string;
  detectorId: string;
  detectorTitle: string;
  severity: Level;
  stage: 'staging' | 'production';
  /** Name and environment of the account, where the configuration has them. */
  accountName: string | null;
  environment: string | null;
  /** What the first event was done to, as its detector says; null if it names nothing. */
  mainResource: Resource | null;
  /** All of them, sorted. */
  resources: Resource[];
  /** What keeps this finding apart from others of its detector: field and value. */
  group: Record<string, string>;
  /** Ids of the first 100 events, by time. */
  eventIds: string[];
  count: number;
  /** False while the count only says "at least". */
  countExact: boolean;
  /** There were more events around than are read at once: the finding may depend on the order in which they came. */
  incomplete?: true | undefined;
  /** ISO 8601, UTC; null for an event without a usable time. */
  firstSeen: string | null;
  lastSeen: string | null;
  /** Id of the finding of an earlier day that this one goes on with. */
  continues: string | null;
  /** Exceptions that would have suppressed some of the hits, had they not expired. */
  expiredExceptions: string[];
  /** Just-in-time grants that cover the hits, or that they are outside of: `CHG-12, in force until …`. */
  approvals?: string[];
  /** On whose behalf it was done: who made the credentials, and with whose; null where that is not known. */
  lineage: Lineage | null;
  /** Why it matters: the description of the detector. */
  why: string;
  /** What to do next. */
  runbook: string[];
  falsepositives: string[];
  references: string[];
  tags: string[];
  compliance: string[];
  author: string | null;
  license: string | null;
}
