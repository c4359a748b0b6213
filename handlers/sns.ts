import { SNSClient } from '@aws-sdk/client-sns';
import { clientOptions } from '../findings/sinks/retries';
import { snsSink, type Topics } from '../findings/sinks/sns';
import { settingFrom } from './environment';
import { sinkFunction } from './sink-function';

/** Notices to the topics whose ARNs are set: PEOPLE_TOPIC_ARN, CHAT_TOPIC_ARN, MACHINES_TOPIC_ARN. */
export const handler = sinkFunction(() =>
  snsSink(new SNSClient(clientOptions), topicsFrom(process.env), settingFrom()),
);

function topicsFrom({ PEOPLE_TOPIC_ARN, CHAT_TOPIC_ARN, MACHINES_TOPIC_ARN }: NodeJS.ProcessEnv): Topics {
  const topics = {
    people: PEOPLE_TOPIC_ARN || null,
    chat: CHAT_TOPIC_ARN || null,
    machines: MACHINES_TOPIC_ARN || null,
  };
  if (Object.values(topics).every((topic) => topic === null)) throw new Error('no topic is set');
  return topics;
}
