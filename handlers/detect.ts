import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Json } from '../events/json';
import { unwrap } from '../events/unwrap';
import { drillFrom, type DrillDetail } from '../engine/drill';
import { eachMessage, type Deadline } from './messages';
import { here, openRoad, withUnits, type Road } from './road';
import { metricsOf, newTally, takeAll, type Content } from './take';

/**
 * The function behind the hub's bus: takes a batch of its queue, each message an event as EventBridge delivers it, and
 * brings the heads up to date. Nothing in an event fails the batch.
 *
 * @param open called once, with the first batch
 */
export function detectFunction(
  open: () => Road,
  { log, writeMetrics, now } = here,
): (event: SQSEvent, deadline?: Deadline) => Promise<SQSBatchResponse> {
  let road: ReturnType<typeof withUnits<Road>> | undefined;
  return async ({ Records }, deadline) => {
    const opened = (road ??= withUnits(open()));
    const tally = newTally();
    const lags: number[] = [];
    const response = await eachMessage(Records, log, deadline, async (body) => {
      const content = read(body, opened);
      await takeAll(content, opened, tally, now());
      // A drill's events are as old as its story makes them.
      if (content.drill) return;
      for (const { time } of content.events) if (time !== undefined) lags.push(now() - time);
    });
    const failed = { name: 'failed', unit: 'Count' as const, values: [response.batchItemFailures.length] };
    const lag = { name: 'lag', unit: 'Milliseconds' as const, values: lags };
    writeMetrics([...metricsOf(tally), failed, lag, ...opened.consumed()], { function: 'detect' });
    return response;
  };
}

function read(body: string, { hubAccount }: Road): Content {
  const content: Content = { events: [], rejected: [] };
  const reject = (reason: string): number => content.rejected.push({ reason, record: body });
  let value: Json;
  try {
    value = JSON.parse(body) as Json;
  } catch {
    reject('not JSON');
    return content;
  }
  let drill: DrillDetail | undefined;
  try {
    drill = drillFrom(value, hubAccount);
  } catch (error) {
    reject((error as Error).message);
    return content;
  }
  content.drill = drill;
  unwrap(drill?.event ?? value, content);
  if (content.events.length + content.rejected.length === 0) reject('it holds no event');
  return content;
}

export const handler = detectFunction(openRoad);
