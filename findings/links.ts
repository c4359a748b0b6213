import type { Finding } from '../engine/finding';
import type { Setting } from './notice';
import { wellFormed } from './trim';

/** Names of Regions become part of a host, so nothing else may pass as one. */
const REGION = /^[a-z]{2,5}(-[a-z]+)+-\d{1,2}$/;
const EVENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const GUARDDUTY_ID = /^[0-9a-f]{32}$/i;

/** A name of a Region that services take, or null. ASFF allows 16 characters. */
export function regionOf(finding: Finding): string | null {
  const { region } = finding;
  return region !== null && region.length <= 16 && REGION.test(region) ? region : null;
}

/**
 * Where an event of the evidence can be looked at: the event history of CloudTrail, or GuardDuty's findings. It shows
 * something only to who is signed in to the finding's account, and CloudTrail's goes back 90 days.
 *
 * @returns null where there is no such page: other sources, ids that are no event's, unknown Regions and partitions
 */
export function evidenceLink(eventId: string, finding: Finding, setting: Setting): string | null {
  const region = regionOf(finding);
  const host = region === null ? null : consoleHost(region, setting.partition);
  if (host === null) return null;
  if (finding.action.source === 'guardduty') {
    return GUARDDUTY_ID.test(eventId)
      ? `https://${host}/guardduty/home?region=${region}#/findings?search=id%3D${eventId}`
      : null;
  }
  // Of what is not CloudTrail's, the source is the short name of a service.
  if (!finding.action.source.includes('.') || !EVENT_ID.test(eventId)) return null;
  return `https://${host}/cloudtrailv2/home?region=${region}#/events/${eventId}`;
}

function consoleHost(region: string, partition: string): string | null {
  if (partition === 'aws') return `${region}.console.aws.amazon.com`;
  if (partition === 'aws-us-gov') return 'console.amazonaws-us-gov.com';
  if (partition === 'aws-cn') return 'console.amazonaws.cn';
  return null;
}

/** The page of the detector: the base and the detector's id, whether it is a folder (`…/`) or one page (`…#`); or null. */
export function detectorLink(finding: Finding, setting: Setting): string | null {
  return setting.docs === '' ? null : webLink(setting.docs + encodeURIComponent(wellFormed(finding.detectorId)));
}

/** What the detector refers to, as far as it is an address on the web. */
export function referencesOf(finding: Finding): string[] {
  return finding.references.map(webLink).filter((link) => link !== null);
}

/** A web address in its plain ASCII form, without anything that a medium could take for markup; null if it is none. */
function webLink(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { href, protocol } = new URL(text);
  const escaped = href.replace(/[^!#$%&+,\-./0-9:;=?@A-Z_a-z]/g, escapeChar);
  return (protocol === 'https:' || protocol === 'http:') && escaped.length <= 1024 ? escaped : null;
}

/** @param char of ASCII, as all of a parsed address is */
function escapeChar(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
