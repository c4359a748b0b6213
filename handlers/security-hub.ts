import { SecurityHubClient } from '@aws-sdk/client-securityhub';
import { clientOptions } from '../findings/sinks/retries';
import { securityHubSink } from '../findings/sinks/security-hub';
import { settingFrom } from './environment';
import { sinkFunction } from './sink-function';

/** Notices to Security Hub. */
export const handler = sinkFunction(() => securityHubSink(new SecurityHubClient(clientOptions), settingFrom()));
