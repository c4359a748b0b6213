import type { Finding } from '../engine/finding';

/** What a change of a finding tells a sink: one message of its queue, whole. */
export interface Notice {
  kind: 'created' | 'raised' | 'revised' | 'superseded' | 'withdrawn';
  finding: Finding;
  /** Of a superseded finding: the id of the one that took its place. */
  supersededBy: string | null;
  /** ISO 8601: when the head behind it was written; only grows for a finding, so that the last writer can be known. */
  updatedAt: string;
  /** The same for every repeat of one notification; null if this pages nobody (revised, withdrawn, staging, continuation within 24 h, storm). */
  notificationId: string | null;
  /** Made by a drill: marked DRILL wherever it is shown. */
  drill: boolean;
}

/** What renderings know besides the finding. */
export interface Setting {
  /** Of AWS, e.g. `aws` or `aws-us-gov`. */
  partition: string;
  /** The hub's. */
  account: string;
  /** The hub's. */
  region: string;
  /** Base of links to detector pages; may be empty. */
  docs: string;
}
