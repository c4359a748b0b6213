/**
 * Stands in, in the bundles, for what the libraries have and no function ever asks for: event streams of the SDK, which none
 * of the calls that functions make has; its parser of browsers' names; and the threads in which pino can write elsewhere. Of
 * the first two it is not the size that counts: all that a part which may be loaded later shares with the rest (most of the
 * SDK) could neither be left out where it is not used, nor be read in one go.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error('event streams are not in the bundle');
  }
}

/** What the client of S3 makes itself ready with, in case somebody asks. */
export const eventStreamSerdeProvider = (): undefined => undefined;
export const resolveEventStreamSerdeConfig = <T>(config: T): T => config;
