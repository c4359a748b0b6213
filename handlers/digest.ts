import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { rank } from '../engine/level';
import type { Ruleset } from '../engine/ruleset';
import { digestChat, digestSubject, digestText, type Digest, type Tried } from '../findings/digest';
import { clientOptions } from '../findings/sinks/retries';
import { sendable } from '../findings/sinks/sink';
import { DynamoTrials, MAX_TRIALS, type Trial } from '../state/trials';
import { required } from './environment';
import { count } from './metrics';
import { here, openRoad } from './road';

/** What the digest works with. */
export interface Digester {
  ruleset: Ruleset;
  trials: Pick<DynamoTrials, 'of' | 'isSent' | 'markSent'>;
  /** Sends a digest to whoever reads it. */
  publish(this: void, digest: Digest): Promise<void>;
}

/** What EventBridge gives a function on a schedule; `time` is the same at every try. */
export interface Scheduled {
  time?: string;
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * The function of the daily timer: tells what detectors in staging would have paged the day before (UTC). Once a day,
 * however often it is called; twice only if it dies between sending and remembering that it has sent. Where no detector is
 * in staging there is nothing to tell.
 *
 * @param open called once, with the first call
 */
export function digestFunction(
  open: () => Digester,
  { log, writeMetrics, now } = here,
): (event: Scheduled) => Promise<void> {
  let digester: Digester | undefined;
  return async ({ time }) => {
    const { ruleset, trials, publish } = (digester ??= open());
    const at = Date.parse(time ?? '') || now();
    const day = new Date(at - DAY_MILLISECONDS).toISOString().slice(0, 10);
    const digest = digestOf(day, ruleset, await trials.of(day));
    const isDue = digest.detectors.length > 0 && !(await trials.isSent(day));
    if (isDue) {
      await publish(digest);
      await trials.markSent(day);
    }
    log.info({ day, detectors: digest.detectors.length, sent: isDue }, 'digest');
    writeMetrics([count('sent', Number(isDue))], { function: 'digest' });
  };
}

/** A detector that left staging, or is gone, since it would have paged is told of under its id. */
export function digestOf(day: string, { rules, correlations }: Ruleset, trials: Trial[]): Digest {
  const staged = [...rules, ...correlations].filter(({ stage, silenced }) => stage === 'staging' && !silenced);
  const titles = new Map<string, string>([...rules, ...correlations].map(({ id, title }) => [id, title]));
  const byId = new Map<string, Tried>();
  const of = (detectorId: string): Tried => {
    let one = byId.get(detectorId);
    if (!one) {
      const detectorTitle = titles.get(detectorId) ?? 'a detector that is gone';
      byId.set(detectorId, (one = { detectorId, detectorTitle, pages: {}, isCut: false, titles: [] }));
    }
    return one;
  };
  for (const { id } of staged) of(id);
  const worstFirst = [...trials].sort((a, b) => rank(b.severity) - rank(a.severity) || (a.at < b.at ? -1 : 1));
  for (const { detectorId, severity, title, account } of worstFirst) {
    const one = of(detectorId);
    one.pages[severity] = (one.pages[severity] ?? 0) + 1;
    one.titles.push(account === null ? title : `${title} (${account})`);
  }
  const sum = ({ pages }: Tried): number => Object.values(pages).reduce((all, some) => all + some, 0);
  for (const one of byId.values()) one.isCut = sum(one) >= MAX_TRIALS;
  const detectors = [...byId.values()].sort((a, b) => sum(b) - sum(a) || (a.detectorTitle < b.detectorTitle ? -1 : 1));
  return { day, detectors };
}

/** Attributes are those of findings, as far as there are such: a pager that filters by severity never sees a digest. */
function publishTo(sns: SNSClient, topics: { text: string | undefined; chat: string | undefined }) {
  return async (digest: Digest): Promise<void> => {
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'digest' } };
    const send = async (TopicArn: string | undefined, content: { Subject?: string; Message: string }) => {
      if (TopicArn) await sns.send(new PublishCommand({ TopicArn, ...content, MessageAttributes }));
    };
    await send(topics.text, { Subject: digestSubject(digest), Message: sendable(digestText(digest)) });
    await send(topics.chat, { Message: sendable(JSON.stringify(digestChat(digest))) });
  };
}

/** @throws Error if a variable is missing; what `openRoad` throws */
export function openDigester(env = process.env): Digester {
  const { ruleset } = openRoad(env);
  const client = new DynamoDBClient(clientOptions);
  const topics = { text: env.DIGEST_TOPIC_ARN || undefined, chat: env.CHAT_TOPIC_ARN || undefined };
  if (!topics.text && !topics.chat) throw new Error('neither DIGEST_TOPIC_ARN nor CHAT_TOPIC_ARN is set');
  return {
    ruleset,
    trials: new DynamoTrials({ client, table: required('TABLE', env) }),
    publish: publishTo(new SNSClient(clientOptions), topics),
  };
}

export const handler = digestFunction(openDigester);
