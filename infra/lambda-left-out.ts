/**
 * Stands in, in the bundles, for what the SDK loads only when it is asked for and what no function ever asks for: event
 * streams, which none of the calls that functions make has, and the parser of browsers' names. It is not its own size that
 * counts: all that a part which may be loaded later shares with the rest (most of the SDK) could neither be left out where
 * it is not used, nor be read in one go.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error('event streams are not in the bundle');
  }
}

export function eventStreamSerdeProvider(): EventStreamSerde {
  return new EventStreamSerde();
}
