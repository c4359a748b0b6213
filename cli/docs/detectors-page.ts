import { text, at } from '../../events/json';
import type { Correlation } from '../../engine/correlation';
import type { Detector } from '../../engine/detector';
import { rank } from '../../engine/level';
import type { Rule } from '../../engine/rule';
import { ATTACK_VERSION, techniqueName, techniquesOf, techniqueUrl } from '../../findings/attack';
import type { Act } from './acts';
import { anchorOf, SURFACES } from './acts-page';
import { standardName } from './compliance';
import { cell, detectorLink, NOTE, table } from './markdown';

type Filing = Rule | Correlation;

/** `docs/detectors.md`: all detectors by surface, by level, by technique of ATT&CK and by requirement. */
export function detectorsPage(acts: Act[], shipped: Filing[], extra: Filing[]): string {
  const all = [...shipped, ...extra];
  const tests = all.reduce((sum, detector) => sum + detector.tests.length, 0);
  const surfaces = [...Object.entries(SURFACES), [undefined, 'Other'] as const]
    .map(([id, name]) => ({ name, detectors: all.filter((one) => surfaceOf(one, acts) === id) }))
    .filter(({ detectors }) => detectors.length > 0);
  return [
    '# Detectors',
    NOTE,
    '',
    `${shipped.length} detectors, and ${extra.length} more for who asks for them; ${tests} tests in them. A second level is what the detector's`,
    '`severity` conditions can make of it. Which privileged acts they watch: [acts.md](acts.md).',
    '',
    ...levelsTable(surfaces),
    '',
    'Those marked † are for who asks for them. They count calls that are a large share of all traffic, so that a replay with them is',
    'several times slower: `privwatch replay -d detectors -d detectors-high-volume logs/`.',
    ...surfaces.flatMap(({ name, detectors }) => ['', `## ${name}`, '', ...detectorTable(detectors, extra)]),
    '',
    '## By technique',
    '',
    `Tags are those of [ATT&CK ${ATTACK_VERSION}](https://attack.mitre.org/versions/v${ATTACK_VERSION.split('.')[0]}/matrices/enterprise/cloud/).`,
    '',
    ...table(
      ['Technique', 'Detectors'],
      grouped(all, ({ metadata }) => techniquesOf(metadata.tags)).map(([id, some]) => [
        `[${id}](${techniqueUrl(id)}) ${cell(techniqueName(id) ?? '')}`,
        links(some),
      ]),
    ),
    ...complianceTables(all),
    '',
  ].join('\n');
}

/** Where a detector is listed: under the surface of the first act that it names. */
function surfaceOf({ metadata }: Detector, acts: Act[]): string | undefined {
  return acts.find(({ id }) => id === metadata.acts[0])?.surface;
}

function levelsTable(surfaces: { name: string; detectors: Filing[] }[]): string[] {
  const levels = ['critical', 'high', 'medium', 'low', 'informational'];
  const counts = (some: Filing[]): string[] =>
    levels.map((level) => String(some.filter((one) => one.level === level).length || ''));
  return table(
    ['Surface', ...levels, 'all'],
    [
      ...surfaces.map(({ name, detectors }) => [
        `[${name}](#${anchorOf(name)})`,
        ...counts(detectors),
        String(detectors.length),
      ]),
      [
        'all',
        ...counts(surfaces.flatMap(({ detectors }) => detectors)),
        String(surfaces.flatMap(({ detectors }) => detectors).length),
      ],
    ],
  );
}

function detectorTable(detectors: Filing[], extra: Filing[]): string[] {
  const rows = [...detectors]
    .sort((a, b) => rank(b.level) - rank(a.level) || (a.title < b.title ? -1 : 1))
    .map((detector) => [
      levelsOf(detector),
      detectorLink(detector) + (extra.includes(detector) ? ' †' : ''),
      kindOf(detector),
      cell(firstSentence(detector)),
      techniquesOf(detector.metadata.tags)
        .map((id) => `[${id}](${techniqueUrl(id)})`)
        .join(' '),
    ]);
  return table(['Level', 'Detector', 'Kind', 'What it sees', 'ATT&CK'], rows);
}

function complianceTables(detectors: Filing[]): string[] {
  const byRequirement = grouped(detectors, ({ metadata }) => metadata.compliance);
  const standards = [...new Set(byRequirement.map(([requirement]) => requirement.split(':')[0]!))];
  return standards.flatMap((standard) => [
    '',
    `## ${standardName(standard) ?? standard}`,
    '',
    ...table(
      ['Requirement', 'Detectors'],
      byRequirement
        .filter(([requirement]) => requirement.startsWith(`${standard}:`))
        .map(([requirement, some]) => [requirement.slice(standard.length + 1), links(some)]),
    ),
  ]);
}

/** Detectors by what they name, sorted as people number things. */
function grouped(detectors: Filing[], namesOf: (detector: Filing) => string[]): [string, Filing[]][] {
  const names = [...new Set(detectors.flatMap(namesOf))].sort(new Intl.Collator('en', { numeric: true }).compare);
  return names.map((name) => [name, detectors.filter((detector) => namesOf(detector).includes(name))]);
}

function links(detectors: Filing[]): string {
  return detectors.map(detectorLink).sort().join('<br>');
}

function kindOf(detector: Filing): string {
  if (detector.kind === 'rule') return detector.firstSeen ? 'first seen' : 'one event';
  return `${detector.window.type} in ${text(at(detector.document.data, 'correlation', 'timespan'))}`;
}

function levelsOf({ level, severity }: Detector): string {
  return [...new Set([level, ...severity.map((entry) => entry.level)])].join(', ');
}

function firstSentence({ metadata }: Detector): string {
  return /^.*?[.](?=\s|$)/s.exec(metadata.description ?? '')?.[0] ?? '';
}
