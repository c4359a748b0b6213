import { isLevel } from '../engine/level';
import { isObject } from '../events/json';
import type { Notice } from '../findings/notice';

const KINDS: readonly unknown[] = [
  'created',
  'raised',
  'revised',
  'superseded',
  'withdrawn',
] satisfies Notice['kind'][];

/**
 * The notice in a message of a sink's queue. Checks what sinks decide by; the rest of a finding is for renderings, which
 * fail one notice alone.
 *
 * @throws Error that says what is wrong, without the message's content
 */
export function parseNotice(body: string): Notice {
  const notice = jsonOf(body);
  const finding = isObject(notice) ? notice.finding : undefined;
  if (!isObject(notice) || !isObject(finding)) throw new Error('no object with a finding');
  const { kind, supersededBy, updatedAt, notificationId, drill } = notice;
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const wrong = Object.entries({
    kind: !KINDS.includes(kind),
    supersededBy: kind === 'superseded' ? !isText(supersededBy) : supersededBy !== null,
    updatedAt: typeof updatedAt !== 'string' || Number.isNaN(Date.parse(updatedAt)),
    notificationId: notificationId !== null && !isText(notificationId),
    drill: typeof drill !== 'boolean',
    'finding.id': !isText(finding.id),
    'finding.detectorId': !isText(finding.detectorId),
    'finding.severity': !isLevel(finding.severity),
    'finding.stage': finding.stage !== 'staging' && finding.stage !== 'production',
  }).filter(([, isWrong]) => isWrong);
  if (wrong.length > 0) throw new Error(`not valid: ${wrong.map(([name]) => name).join(', ')}`);
  return notice as unknown as Notice;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new Error('no JSON', { cause });
  }
}
