import type { Correlation } from '../../engine/correlation';
import type { Rule } from '../../engine/rule';
import type { Act } from './acts';
import { cell, detectorLink, NOTE, table } from './markdown';

/** What the surfaces of `docs/acts.yml` are called on pages. */
export const SURFACES: Record<string, string> = {
  root: 'Root user',
  'sign-in': 'Console sign-in',
  'iam-users': 'IAM users, keys and second factors',
  'iam-policies': 'IAM policies and boundaries',
  roles: 'Roles and trust',
  sts: 'STS and AssumeRole',
  federation: 'Federation: SAML and OIDC',
  'identity-center': 'IAM Identity Center',
  organizations: 'Organizations and guardrails',
  tampering: 'Tampering with logs and monitors',
  kms: 'KMS',
  secrets: 'Secrets Manager and Systems Manager',
  compute: 'Compute and passed roles',
  data: 'Exposure of data',
  network: 'Network',
  guardduty: 'GuardDuty findings',
  recon: 'Reconnaissance and denied calls',
};

/** `docs/acts.md`: every privileged act, and which detectors watch it or why none does. */
export function actsPage(acts: Act[], detectors: (Rule | Correlation)[]): string {
  const watchers = (act: Act): (Rule | Correlation)[] =>
    detectors.filter((detector) => detector.metadata.acts.includes(act.id));
  const isWatched = (act: Act): boolean => watchers(act).length > 0;
  const watched = (some: Act[]): string => `${some.filter(isWatched).length} of ${some.length}`;
  const bySurface = (surface: string): Act[] => acts.filter((act) => act.surface === surface);
  return [
    '# Privileged acts, and what watches them',
    NOTE,
    '',
    `${watched(acts)} privileged acts are watched. Each is proved: a test of the detector fires on one of the act's calls. Of the others the`,
    'table says why not. The list, with the calls of each act, is [acts.yml](acts.yml); a detector names its acts under `privwatch.acts`.',
    '',
    ...table(
      ['Surface', 'Watched'],
      Object.entries(SURFACES).map(([id, name]) => [`[${name}](#${anchorOf(name)})`, watched(bySurface(id))]),
    ),
    ...Object.entries(SURFACES).flatMap(([id, name]) => [
      '',
      `## ${name}`,
      '',
      ...table(
        ['Act', 'Watched by'],
        bySurface(id).map((act) => {
          const links = watchers(act).map(detectorLink);
          return [cell(act.act), links.join('<br>') || cell(`Not watched. ${act.unwatched ?? 'Not yet.'}`)];
        }),
      ),
    ]),
    '',
  ].join('\n');
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replace(/ /g, '-');
}
