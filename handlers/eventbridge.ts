import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { eventBridgeSink } from '../findings/sinks/eventbridge';
import { clientOptions } from '../findings/sinks/retries';
import { required } from './environment';
import { sinkFunction } from './sink-function';

/** Notices to the bus EVENT_BUS, a name or an ARN. */
export const handler = sinkFunction(() => eventBridgeSink(new EventBridgeClient(clientOptions), required('EVENT_BUS')));
