/** Dollars for a million of each, in us-east-1, without free tiers. What is behind each, and how sure: docs/cost.md. */
export const PRICES = {
  /** Events sent to the bus of another account or Region; in pieces of 64 KB. */
  busEvents: 1.0,
  /** Requests to standard queues. */
  queueRequests: 0.4,
  functionRequests: 0.2,
  /** Of Lambda on Arm. */
  functionGigabyteSeconds: 13.3334,
  writeUnits: 0.625,
  readUnits: 0.125,
  /** GET requests to S3. */
  objectReads: 0.4,
} as const;

export const PRICES_AS_OF = 'November 2026';

/** What nobody measures here; docs/cost.md says why these. */
export const ASSUMED = {
  /** Messages that Lambda takes from the queue at once. */
  batch: 10,
  /** GB, of the function that detects. */
  detectMemory: 0.5,
  /** Seconds of a batch, besides what is said below. */
  batchSeconds: 0.01,
  /** Seconds that an event's record takes a function of this size. */
  eventSeconds: 0.001,
  /** Seconds that the calls to DynamoDB for a hit take. */
  hitSeconds: 0.03,
  /** CloudTrail's files hold from a few to some thousands of events. */
  eventsPerFile: 50,
  /** GB, of the function that reads files; a whole processor comes with 1.769 GB. */
  fileMemory: 1.769,
  fileSeconds: 0.03,
} as const;
