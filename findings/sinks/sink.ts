import type { Notice } from '../notice';

/** What became of one notice. */
export type Outcome =
  | { sent: true }
  /** `retryable`: whether the same call may succeed later, without anybody changing anything. */
  | { sent: false; reason: string; retryable: boolean };

/** A place outside to which notices go. Each has its own queue, so that none waits for another. */
export interface Sink {
  readonly name: string;
  /**
   * Sends notices, at least once: what was sent before may be sent again, and does no harm.
   *
   * @returns one outcome per notice, in their order; never throws for what AWS answers
   */
  send(notices: Notice[]): Promise<Outcome[]>;
}

export const SENT: Outcome = { sent: true };

export function failed(reason: string, retryable: boolean): Outcome {
  return { sent: false, reason, retryable };
}

/** One outcome out of several: sent if all were, else the reasons of those that were not. */
export function combined(outcomes: Outcome[]): Outcome {
  const failures = outcomes.filter((outcome) => !outcome.sent);
  if (failures.length === 0) return SENT;
  return failed(
    failures.map(({ reason }) => reason).join('; '),
    failures.some(({ retryable }) => retryable),
  );
}

/** The same for every repeat of one change of one finding. */
export function changeKey({ finding, kind, updatedAt }: Notice): string {
  return JSON.stringify([finding.id, kind, updatedAt]);
}

/**
 * A text that queues and topics take: of what UTF-8 can say, SQS refuses U+FFFE and U+FFFF, also behind SNS and EventBridge.
 * Control characters they refuse as well; those never come here, for JSON escapes them and renderings remove them.
 */
export function sendable(text: string): string {
  return text.replace(/[\uFFFE\uFFFF]/g, '\uFFFD');
}
