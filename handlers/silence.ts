import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { OrganizationsClient, paginateListAccounts } from '@aws-sdk/client-organizations';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { MISSED, type MissedHeartbeat } from '../events/heartbeat';
import { formatTime } from '../events/time';
import { clientOptions } from '../findings/sinks/retries';
import { DynamoHeartbeats, type Pulse } from '../state/heartbeats';
import { required } from './environment';
import { count } from './metrics';
import { here } from './road';

/** What the watch over signs of life works with. */
export interface SilenceWatch {
  heartbeats: Pick<DynamoHeartbeats, 'all' | 'expect'>;
  /** Accounts that are waited for. */
  accounts(this: void): Promise<string[]>;
  /** Whether an account that spoke is waited for although it is not among them. */
  withSpoken: boolean;
  regions: string[];
  silentAfterMilliseconds: number;
  neverSpokeAfterMilliseconds: number;
  /** Puts events where all others come from. */
  send(this: void, events: object[]): Promise<void>;
}

const HOUR = 3_600_000;

/**
 * The function of the timer that makes an event of each account and Region that fell silent or never spoke, for detectors to
 * find: the same one for a whole hour, however often it is called, so that what is silent for long stays one finding.
 *
 * @param open called once, with the first call
 */
export function silenceFunction(open: () => SilenceWatch, { log, writeMetrics, now } = here): () => Promise<void> {
  let watch: SilenceWatch | undefined;
  return async () => {
    const { heartbeats, accounts, withSpoken, send, ...settings } = (watch ??= open());
    const time = now();
    const known = await heartbeats.all();
    const spoken = withSpoken ? known.filter(({ last }) => last !== undefined).map(({ account }) => account) : [];
    const expected = pairsOf([...(await accounts()), ...spoken], settings.regions);
    const byPlace = new Map(known.map((pulse) => [placeOf(pulse), pulse]));
    const silent: Pulse[] = [];
    for (const place of expected) {
      const pulse = byPlace.get(placeOf(place));
      if (!pulse) await heartbeats.expect(place, time);
      else if (isSilent(pulse, settings, time)) silent.push(pulse);
    }
    await send(silent.map((pulse) => eventOf(pulse, time)));
    for (const { account, region } of silent) log.warn({ account, region }, 'no sign of life');
    writeMetrics([count('expected', expected.length), count('silent', silent.length)], { function: 'silence' });
  };
}

type Limits = Pick<SilenceWatch, 'silentAfterMilliseconds' | 'neverSpokeAfterMilliseconds'>;

function isSilent({ last, since }: Pulse, limits: Limits, time: number): boolean {
  if (last !== undefined) return time - last > limits.silentAfterMilliseconds;
  return time - (since ?? time) > limits.neverSpokeAfterMilliseconds;
}

function pairsOf(accounts: string[], regions: string[]): { account: string; region: string }[] {
  return [...new Set(accounts)].flatMap((account) => regions.map((region) => ({ account, region })));
}

function placeOf({ account, region }: { account: string; region: string }): string {
  return `${account}#${region}`;
}

/** As EventBridge would deliver it. */
function eventOf({ account, region, last, since }: Pulse, time: number): object {
  const hour = formatTime(Math.floor(time / HOUR) * HOUR);
  const detail: MissedHeartbeat = {
    ...{ eventName: 'HeartbeatMissed', account, region, spoke: last !== undefined },
    since: formatTime(last ?? since ?? time),
  };
  return {
    ...{ version: '0', id: `heartbeat/${account}/${region}/${hour}`, source: MISSED.source },
    ...{ 'detail-type': MISSED.detailType, account, region, time: hour, detail },
  };
}

/** Of SendMessageBatch. */
const BATCH = 10;

function sendTo(client: SQSClient, QueueUrl: string): SilenceWatch['send'] {
  return async (events) => {
    for (let i = 0; i < events.length; i += BATCH) {
      const Entries = events
        .slice(i, i + BATCH)
        .map((event, n) => ({ Id: String(n), MessageBody: JSON.stringify(event) }));
      const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      // The next call makes the same events.
      if (Failed.length > 0) throw new Error(`${Failed.length} of ${Entries.length}: ${Failed[0]!.Code}`);
    }
  };
}

/**
 * Accounts of the organization that are in use. A page may be empty and yet not be the last.
 *
 * @throws Error of AWS where this account may not ask: it has to be a delegated administrator, of any service
 */
async function listAccounts(client: OrganizationsClient): Promise<string[]> {
  const accounts: string[] = [];
  for await (const { Accounts = [] } of paginateListAccounts({ client }, {}))
    for (const { Id, State, Status } of Accounts) if ((State ?? Status) === 'ACTIVE' && Id) accounts.push(Id);
  return accounts;
}

/**
 * What the environment says: TABLE, EVENT_QUEUE_URL, REGIONS, SILENT_AFTER_MINUTES, NEVER_SPOKE_AFTER_HOURS, and ACCOUNTS, a
 * list with commas or `organization` for what Organizations lists.
 *
 * @throws Error if a variable is missing
 */
export function openSilenceWatch(env = process.env): SilenceWatch {
  const listed = required('ACCOUNTS', env);
  const isOrganization = listed === 'organization';
  // Organizations has one endpoint in a partition, which the client finds from any Region.
  const organizations = new OrganizationsClient(clientOptions);
  return {
    heartbeats: new DynamoHeartbeats({ client: new DynamoDBClient(clientOptions), table: required('TABLE', env) }),
    accounts: isOrganization ? () => listAccounts(organizations) : async () => listed.split(','),
    withSpoken: !isOrganization,
    regions: required('REGIONS', env).split(','),
    silentAfterMilliseconds: Number(required('SILENT_AFTER_MINUTES', env)) * 60_000,
    neverSpokeAfterMilliseconds: Number(required('NEVER_SPOKE_AFTER_HOURS', env)) * HOUR,
    send: sendTo(new SQSClient(clientOptions), required('EVENT_QUEUE_URL', env)),
  };
}

export const handler = silenceFunction(openSilenceWatch);
