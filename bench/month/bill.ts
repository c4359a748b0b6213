import type { DetectorType } from '../cost/detectors';
import type { Units } from '../cost/dynamo';
import { ASSUMED, PRICES } from './prices';
import type { Traffic } from './traffic';

/** Dollars of a month, by what they are paid for. */
export interface Bill {
  bus: number;
  queue: number;
  functions: number;
  files: number;
  table: number;
}

/** The way that events take to the detectors. */
export type Path = 'bus' | 'files';

/**
 * What a number of events a month costs.
 *
 * @param units of DynamoDB for one hit, by kind of detector
 */
export function billOf(path: Path, traffic: Traffic, units: Map<DetectorType, Units>, eventsPerMonth: number): Bill {
  const scale = eventsPerMonth / traffic.events;
  const hits = path === 'bus' ? traffic.forwardedHits : traffic.hits;
  const count = scale * [...hits.values()].reduce((sum, n) => sum + n, 0);
  const shared = { table: scale * tableDollars(hits, units) };
  if (path === 'bus') {
    const forwarded = scale * traffic.forwarded;
    const batches = forwarded / ASSUMED.batch;
    const seconds = batches * ASSUMED.batchSeconds + forwarded * ASSUMED.eventSeconds + count * ASSUMED.hitSeconds;
    return {
      ...shared,
      bus: dollars(forwarded, PRICES.busEvents),
      // Put one by one; received and deleted by the batch.
      queue: dollars(forwarded + 2 * batches, PRICES.queueRequests),
      functions: functionDollars(batches, seconds * ASSUMED.detectMemory),
      files: 0,
    };
  }
  const files = eventsPerMonth / ASSUMED.eventsPerFile;
  const seconds = files * ASSUMED.fileSeconds + scale * traffic.seconds + count * ASSUMED.hitSeconds;
  return {
    ...shared,
    bus: 0,
    // A notice for each file: put, received, deleted.
    queue: dollars(3 * files, PRICES.queueRequests),
    functions: functionDollars(files, seconds * ASSUMED.fileMemory),
    files: dollars(files, PRICES.objectReads),
  };
}

export function total({ bus, queue, functions, files, table }: Bill): number {
  return bus + queue + functions + files + table;
}

function tableDollars(hits: Map<DetectorType, number>, units: Map<DetectorType, Units>): number {
  return [...hits].reduce((sum, [type, count]) => {
    const { read, write } = units.get(type)!;
    return sum + dollars(count * read, PRICES.readUnits) + dollars(count * write, PRICES.writeUnits);
  }, 0);
}

function functionDollars(requests: number, gigabyteSeconds: number): number {
  return dollars(requests, PRICES.functionRequests) + dollars(gigabyteSeconds, PRICES.functionGigabyteSeconds);
}

function dollars(count: number, perMillion: number): number {
  return (count / 1e6) * perMillion;
}
