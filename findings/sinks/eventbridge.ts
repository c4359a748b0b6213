import { PutEventsCommand, type EventBridgeClient, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { DETAIL_TYPE, eventBridgeDetailOf } from '../event';
import type { Notice } from '../notice';
import { deliver } from './deliver';
import { isPassing } from './retries';
import { changeKey, failed, sendable, SENT, type Outcome, type Sink } from './sink';

/** `source` of the events; with their `detail-type` what rules on the bus match. */
export const EVENT_SOURCE = 'privwatch';

/** Of PutEvents: the entries of a request together stay below 1 MB (EventBridge quotas, 2026). */
const LIMITS = { entries: 10, bytes: 1_000_000, bytesOfEntry: 1_000_000 };
/** What an entry's time counts for. */
const BYTES_OF_TIME = 14;

/**
 * Every notice as an event on a bus, for people's own automation. A repeat is another event with the same detail:
 * its finding's id, kind and `updatedAt` tell.
 *
 * @param bus name or ARN
 */
export function eventBridgeSink(client: EventBridgeClient, bus: string): Sink {
  const request = async (entries: PutEventsRequestEntry[]): Promise<Outcome[]> => {
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
    return Entries.map(({ ErrorCode, ErrorMessage }) =>
      ErrorCode ? failed(`${ErrorCode}: ${ErrorMessage}`, isPassing(ErrorCode)) : SENT,
    );
  };
  const render = (notice: Notice): PutEventsRequestEntry => ({
    EventBusName: bus,
    Source: EVENT_SOURCE,
    DetailType: DETAIL_TYPE,
    Detail: sendable(JSON.stringify(eventBridgeDetailOf(notice))),
    Time: new Date(notice.updatedAt),
  });
  return {
    name: 'eventbridge',
    send: (notices) => deliver(notices, { keyOf: changeKey, render, sizeOf, limits: LIMITS, request }),
  };
}

function sizeOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return BYTES_OF_TIME + Buffer.byteLength(Source + DetailType + Detail);
}
