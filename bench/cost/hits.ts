import { createHash } from 'node:crypto';
import { makeEvent, sources, type Event } from '../../events/event';

/** How the hits of a group lie in time. */
export const SPREADS = ['burst', 'days', 'bouts'] as const;
export type Spread = (typeof SPREADS)[number];

const START = Date.UTC(2026, 2, 2, 12);
const FIVE_DAYS = 5 * 86_400_000;
/** The end of all hits, in milliseconds since the epoch; none of them comes so late that it is left out. */
export const NOW = START + 2 * FIVE_DAYS;
const BOUT = 30_000;
const BOUTS = 60;

/**
 * When the hits of a group happen, in milliseconds since the epoch, cut to the second as CloudTrail does:
 *
 * ```
 * burst   all within 30 seconds
 * days    one by one, evenly over 5 days
 * bouts   60 bursts, one every two hours: the most episodes
 * ```
 */
export function timesOf(spread: Spread, hits: number): number[] {
  const bouts = { burst: 1, days: hits, bouts: Math.min(hits, BOUTS) }[spread];
  return Array.from({ length: hits }, (_, i) => {
    const place = (i * bouts) / hits;
    const bout = Math.floor(place);
    return toSecond(START + (bout / bouts) * FIVE_DAYS + (place - bout) * BOUT);
  });
}

/** When `count` more happen: behind all others, at their pace, but at least a second and at most half a day apart. */
export function nextTimes(spread: Spread, hits: number, count: number): number[] {
  const last = timesOf(spread, hits).at(-1)!;
  const gap = spread === 'days' ? Math.min(Math.max(1000, FIVE_DAYS / hits), FIVE_DAYS / 10) : 1000;
  return Array.from({ length: count }, (_, i) => toSecond(last + (i + 1) * gap));
}

/** When `count` more happened that arrive late: among the others, from the first to the last. */
export function lateTimes(spread: Spread, hits: number, count: number): number[] {
  const times = timesOf(spread, hits);
  return Array.from({ length: count }, (_, i) => times[Math.floor(((i + 0.5) / count) * hits)]!);
}

/**
 * A call of one session on one of many objects, as large as such records are.
 *
 * @param n makes it another event; odd ones are writes if there are two inputs
 */
export function eventOf(n: number, time: number, inputs: number): Event {
  const name = n % inputs === 1 ? 'PutObject' : 'GetObject';
  const key = `exports/2026/03/customers-${String(n % 1000).padStart(4, '0')}.parquet`;
  return makeEvent(sources.cloudtrail, {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLEEXPORTS001:nightly-export',
      arn: 'arn:aws:sts::111122223333:assumed-role/customer-exports/nightly-export',
      accountId: '111122223333',
      accessKeyId: 'ASIAEXAMPLEEXPORTS01',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROAEXAMPLEEXPORTS001',
          arn: 'arn:aws:iam::111122223333:role/customer-exports',
          accountId: '111122223333',
          userName: 'customer-exports',
        },
        attributes: { creationDate: '2026-03-02T00:00:00Z', mfaAuthenticated: 'false' },
      },
    },
    eventTime: new Date(time).toISOString().replace('.000Z', 'Z'),
    eventSource: 's3.amazonaws.com',
    eventName: name,
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.57',
    userAgent: '[aws-cli/2.23.6 md/awscrt#0.23.4 ua/2.0 os/linux#6.12.13 md/arch#x86_64 lang/python#3.13.2]',
    requestParameters: { bucketName: 'example-customer-exports', key },
    additionalEventData: { bytesTransferredOut: 250_000 + (n % 1000) },
    eventID: guid(n),
    readOnly: name === 'GetObject',
    resources: [{ type: 'AWS::S3::Object', ARN: `arn:aws:s3:::example-customer-exports/${key}` }],
    eventType: 'AwsApiCall',
    managementEvent: false,
    recipientAccountId: '111122223333',
    eventCategory: 'Data',
  });
}

/** As hard to compress as a real one. */
function guid(n: number): string {
  const hash = createHash('sha256').update(`event ${n}`).digest('hex');
  return hash.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
}

function toSecond(time: number): number {
  return Math.floor(time / 1000) * 1000;
}
