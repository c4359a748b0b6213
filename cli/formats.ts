import { asffOf } from '../findings/asff';
import { chatOf } from '../findings/chat';
import { printable, jsonLine } from '../findings/escape';
import { eventBridgeDetailOf } from '../findings/event';
import type { Notice, Setting } from '../findings/notice';
import { ocsfOf } from '../findings/ocsf';
import { textOf } from '../findings/text';
import type { Finding } from '../engine/finding';

/** How findings look where they are sent: the same renderings, to be seen without sending anything. */
const formats = {
  text: (notice: Notice, setting: Setting) =>
    `${textOf(notice, setting).split('\n').map(printable).join('\n').trimEnd()}\n`,
  chat: (notice: Notice, setting: Setting) => jsonLine(chatOf(notice, setting)),
  asff: (notice: Notice, setting: Setting) => jsonLine(asffOf(notice, setting)),
  ocsf: (notice: Notice, setting: Setting) => jsonLine(ocsfOf(notice, setting)),
  event: (notice: Notice) => jsonLine(eventBridgeDetailOf(notice)),
} satisfies Record<string, (notice: Notice, setting: Setting) => string>;

export type Format = keyof typeof formats;
export const FORMATS = Object.keys(formats) as Format[];

/** Where there is no hub, a finding is as if filed in its own account. */
const NO_ACCOUNT = '000000000000';

/** A finding as a sink would be given it, on its creation. */
export function formatFinding(finding: Finding, format: Format): string {
  const notice: Notice = {
    kind: 'created',
    finding,
    supersededBy: null,
    updatedAt: finding.lastSeen ?? finding.firstSeen ?? '1970-01-01T00:00:00Z',
    notificationId: finding.id,
    drill: false,
  };
  const region = finding.region ?? 'us-east-1';
  return formats[format](notice, { partition: 'aws', account: finding.account ?? NO_ACCOUNT, region, docs: '' });
}
