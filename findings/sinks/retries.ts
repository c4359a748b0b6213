import { failed, type Outcome } from './sink';

/**
 * How the clients of all sinks call AWS: throttling, answers of 5xx and broken connections are tried again by the SDK,
 * with growing random pauses; what still fails then is left to the queue. One call takes half a minute at worst.
 */
export const clientOptions = {
  retryMode: 'standard',
  maxAttempts: 4,
  /** Milliseconds. Without `throwOnRequestTimeout` the SDK only warns. */
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};

/** Codes of errors that pass by themselves. Some services answer them with status 400. */
const PASSING =
  /Thrott|TooManyRequests|LimitExceeded|RequestLimit|SlowDown|Timeout|Unavailable|Internal|Concurrent|ExpiredToken/i;

/** Whether a code with which AWS refuses one entry of a batch may be gone at the next try. */
export function isPassing(code: string | undefined): boolean {
  return code !== undefined && PASSING.test(code);
}

/** What an error that a client of the SDK threw says of the notices in the request. */
export function failureOf(error: unknown): Outcome {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const status = statusOf(error);
  // Without a status there was no answer: a time-out, a broken connection.
  const retryable = status === undefined || status === 429 || status >= 500 || isPassing(name);
  return failed(`${name}: ${message}`, retryable);
}

/** Whether AWS refused a request for something that is in it, so that its other entries may pass without that. */
export function isContentRefused(error: unknown): boolean {
  const status = statusOf(error);
  return (status === 400 || status === 413) && !isPassing((error as Error).name);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}
