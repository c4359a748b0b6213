import type { Notice } from '../findings/notice';

/** Values of one metric, each a sample. */
export interface Metric {
  name: string;
  unit: 'Count' | 'Milliseconds' | 'Bytes' | 'None';
  values: number[];
}

export const NAMESPACE = 'privwatch';
/** Of the embedded metric format: samples of one metric in one line. */
const MAX_VALUES = 100;

/**
 * Metrics in CloudWatch's embedded metric format: lines of JSON that CloudWatch Logs makes metrics of, without a call.
 * More than a hundred samples of a metric take further lines; a metric without samples takes none.
 *
 * @param dimensions names and values, the same for all, e.g. `{ sink: 'sns' }`
 * @param time milliseconds since 1970
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricLines(metrics: Metric[], dimensions: Record<string, string>, time: number): string[] {
  const longest = Math.max(0, ...metrics.map(({ values }) => values.length));
  return Array.from({ length: Math.ceil(longest / MAX_VALUES) }, (_, i) => {
    const some = metrics
      .map((metric) => ({ ...metric, values: metric.values.slice(i * MAX_VALUES, (i + 1) * MAX_VALUES) }))
      .filter(({ values }) => values.length > 0);
    const directive = {
      Namespace: NAMESPACE,
      Dimensions: [Object.keys(dimensions)],
      Metrics: some.map(({ name, unit }) => ({ Name: name, Unit: unit })),
    };
    return JSON.stringify({
      _aws: { Timestamp: time, CloudWatchMetrics: [directive] },
      ...dimensions,
      ...Object.fromEntries(some.map(({ name, values }) => [name, values.length === 1 ? values[0] : values])),
    });
  });
}

/** A metric of one sample that counts something. */
export function count(name: string, value: number): Metric {
  return { name, unit: 'Count', values: [value] };
}

/**
 * How long it took from an event to here: of each new finding its last event. Drills are left out, whose events are as old
 * as their story makes them.
 *
 * @param now milliseconds since 1970
 */
export function lagOf(notices: Notice[], now: number): Metric {
  const created = notices.filter(({ kind, drill }) => kind === 'created' && !drill);
  const times = created.flatMap(({ finding }) => (finding.lastSeen === null ? [] : [Date.parse(finding.lastSeen)]));
  return { name: 'lag', unit: 'Milliseconds', values: times.map((time) => now - time) };
}

/** Writes {@link metricLines} of now to standard output. */
export function writeMetrics(metrics: Metric[], dimensions: Record<string, string>): void {
  for (const line of metricLines(metrics, dimensions, Date.now())) process.stdout.write(`${line}\n`);
}
