import ipaddr from 'ipaddr.js';
import type { Finding } from '../engine/finding';
import type { Lineage } from '../engine/lineage';
import type { Notice } from './notice';

/** A piece of a sentence: our own words, or what an event said, which each medium escapes in its way. */
export type Part = string | { said: string };

/** One line of what the on-call person needs. */
export interface Fact {
  label: string;
  parts: Part[];
}

/** What must stand before everything else that is said of a finding: nobody shall take a drill for an emergency. */
export function marksOf({ drill, finding }: Notice): string[] {
  return [...(drill ? ['DRILL'] : []), ...(finding.stage === 'staging' ? ['STAGING'] : [])];
}

/** The title with its marks: `DRILL: root signed in`. */
export function markedTitle(notice: Notice): string {
  return [...marksOf(notice), notice.finding.title].join(': ');
}

/** Sentences on the notice itself: what its marks mean, and what became of a known finding; none for a new one. */
export function remarksOf(notice: Notice): Part[][] {
  const remarks: Part[][] = [];
  if (notice.drill) remarks.push(['DRILL: made by a drill of the pipeline; nobody did this.']);
  if (notice.finding.stage === 'staging') remarks.push(['STAGING: its detector is on trial; it pages nobody.']);
  if (notice.finding.incomplete)
    remarks.push(['INCOMPLETE: a flood of events; not all of them could be read at once.']);
  if (notice.kind === 'raised') remarks.push([`RAISED: its severity is now ${notice.finding.severity}.`]);
  if (notice.kind === 'revised') remarks.push(['REVISED: more events, or late ones, have changed it.']);
  if (notice.kind === 'withdrawn') remarks.push(['WITHDRAWN: with the events that came later, it no longer holds.']);
  if (notice.kind === 'superseded') {
    const heir: Part[] = notice.supersededBy === null ? [] : [' under the id ', { said: notice.supersededBy }];
    remarks.push(['SUPERSEDED: a late event moved its beginning; it goes on', ...heir, '.']);
  }
  return remarks;
}

/**
 * Who did what, where, when and from where.
 *
 * @param maxResources how many are named; the rest are counted
 */
export function factsOf(finding: Finding, maxResources: number): Fact[] {
  const { actor, action, from } = finding;
  const facts: [string, (Part | null)[]][] = [
    ['Who', [said(actor.name), actor.id === actor.name ? null : said(actor.id), actor.kind.replace(/-/g, ' ')]],
    ['On behalf of', behalfOf(finding)],
    ['Person', [personOf(finding)]],
    ['MFA', [actor.mfa]],
    ['Key', [said(actor.accessKeyId)]],
    ['What', [said(action.name), said(action.source), said(action.error)]],
    ['Resources', resourcesOf(finding, maxResources)],
    ['Account', [said(finding.accountName), said(finding.account) ?? 'unknown', said(finding.environment)]],
    ['Region', [said(finding.region)]],
    ['From', [said(from.address) ?? 'unknown', sourceKind(from.address), said(from.userAgent)]],
    ['When', whenOf(finding)],
    ['Continues', [said(finding.continues)]],
    ['Approval', (finding.approvals ?? []).map((text) => ({ said: text }))],
    ['Exceptions', finding.expiredExceptions.map((title) => ({ said: `${title} (expired)` }))],
  ];
  return facts
    .map(([label, parts]) => ({ label, parts: parts.filter((part) => part !== null) }))
    .filter(({ parts }) => parts.length > 0);
}

function said(text: string | null): { said: string } | null {
  return text === null || text === '' ? null : { said: text };
}

/** The human behind a role, where the name of its session says so. */
function personOf({ actor }: Finding): Part {
  if (actor.human === 'unknown') return 'unknown whether there is one';
  if (!actor.human) return 'none: not a human';
  return said(actor.session) ?? 'yes';
}

/** Who is at the beginning of the chain of credentials, and how one led to the next. */
function behalfOf({ lineage, actor }: Finding): (Part | null)[] {
  return lineage ? [said(lineage.root.name), said(lineage.root.account), ...waysOf(lineage, actor).map(said)] : [];
}

/**
 * `AssumeRole`, `then AssumeRole by deploy (role ci) in 222233334444`: from the root to the credentials that were used; and
 * `source identity alice`, where the session has one beside what its mints say.
 */
export function waysOf({ root, hops }: Lineage, { sourceIdentity }: Finding['actor']): string[] {
  const isRoot = root.kind === 'source-identity';
  const ways = hops.map(({ action, by, account }, i) => {
    if (i === 0 && !isRoot) return action;
    return `then ${action} by ${by}${account === null || account === root.account ? '' : ` in ${account}`}`;
  });
  return sourceIdentity === undefined || isRoot ? ways : [...ways, `source identity ${sourceIdentity}`];
}

function resourcesOf({ resources }: Finding, max: number): Part[] {
  const named = resources.slice(0, max).map(({ type, name }) => ({ said: `${type} ${name}` }));
  return resources.length > max ? [...named, `and ${resources.length - max} more`] : named;
}

function whenOf({ firstSeen, lastSeen, count, countExact }: Finding): Part[] {
  const events = `${countExact ? '' : 'at least '}${count} event${count === 1 ? '' : 's'}`;
  if (firstSeen === null) return ['at an unknown time', events];
  return [firstSeen === lastSeen || lastSeen === null ? firstSeen : `${firstSeen} to ${lastSeen}`, events];
}

const PRIVATE = new Set(['private', 'uniqueLocal', 'loopback', 'linkLocal', 'carrierGradeNat']);

/**
 * What CloudTrail's `sourceIPAddress` is: an address, the host name of a service, or `AWS Internal`
 * (CloudTrail user guide, "CloudTrail record contents"). Null where it is none of them.
 */
export function sourceKind(address: string | null): string | null {
  if (address === null) return null;
  if (ipaddr.isValid(address))
    return PRIVATE.has(ipaddr.process(address).range()) ? 'private address' : 'public address';
  if (address === 'AWS Internal' || /^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(address)) return 'an AWS service';
  return null;
}
