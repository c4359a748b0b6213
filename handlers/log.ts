import { pino, type DestinationStream, type Logger } from 'pino';
import { redactText } from '../events/redact';

const DEFAULT_LEVEL = 'info';

/**
 * Structured logs of functions: a JSON line each, with `level` as a word and `time` in ISO 8601. Whatever is logged, in
 * whatever member, passes through the redaction of secrets as the line that it will be.
 *
 * @param level `trace` to `fatal` or `silent`, in any letter case; `info` if it is none of these
 * @param destination standard output if left out
 */
export function makeLog(level: string | undefined, destination?: DestinationStream): Logger {
  const name = level?.toLowerCase() ?? DEFAULT_LEVEL;
  return pino(
    {
      level: name === 'silent' || Object.hasOwn(pino.levels.values, name) ? name : DEFAULT_LEVEL,
      // Process and host say nothing in Lambda.
      base: null,
      messageKey: 'message',
      errorKey: 'error',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redactText },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** The log of this process, at the level of the environment variable `LOG_LEVEL`. */
export const log = makeLog(process.env.LOG_LEVEL);
