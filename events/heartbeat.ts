/** The sign of life of an account and Region, as an EventBridge event: its envelope says of which. */
export const HEARTBEAT = { source: 'privwatch.heartbeat', detailType: 'privwatch heartbeat' } as const;

/** What the hub makes of a sign of life that did not come: an event of logsource service `privwatch`. */
export const MISSED = { source: 'privwatch', detailType: 'privwatch heartbeat missed' } as const;

/** What is in such an event. */
export interface MissedHeartbeat {
  eventName: 'HeartbeatMissed';
  account: string;
  region: string;
  /** Whether there ever was a sign of life. */
  spoke: boolean;
  /** ISO 8601: the last sign of life, or else when it was first waited for. */
  since: string;
}
