import type { Level } from '../../engine/level';
import type { Fired } from './fired';
import { isCaught, techniquesMissed, type Judged } from './verdict';

/** The figures by source, and a table with a row for every case, both in Markdown. */
export function report(judged: Judged[]): { summary: string; table: string } {
  return { summary: figures(judged).join('\n'), table: cases(judged).join('\n') };
}

function figures(judged: Judged[]): string[] {
  const sources = [...new Set(judged.map(({ one }) => one.source))];
  const row = (name: string, some: Judged[]): string => {
    const strong = some.filter(({ one }) => one.isAttack && one.isStrong);
    const weak = some.filter(({ one }) => one.isAttack && !one.isStrong);
    const benign = some.filter(({ one }) => !one.isAttack);
    const cells = [name, share(strong), share(strong, 'medium'), share(weak), falseAlarms(benign)];
    return `| ${cells.join(' | ')} |`;
  };
  return [
    '| Source | Strong attacks caught | at medium or above | Weak ones caught | Benign cases with a false alarm |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...sources.map((source) =>
      row(
        source,
        judged.filter(({ one }) => one.source === source),
      ),
    ),
    row('all', judged),
  ];
}

function share(some: Judged[], least?: Level): string {
  if (some.length === 0) return '';
  const caught = some.filter((one) => isCaught(one, least)).length;
  return `${caught} of ${some.length} (${((100 * caught) / some.length).toFixed(1)} %)`;
}

function falseAlarms(benign: Judged[]): string {
  if (benign.length === 0) return '';
  return `${benign.filter(({ counted }) => counted.length > 0).length} of ${benign.length}`;
}

function cases(judged: Judged[]): string[] {
  return [
    '| Case | Expected | Outcome | Detectors that fired |',
    '| --- | --- | --- | --- |',
    ...judged.map((one) => `| ${one.one.id} | ${expectedOf(one)} | ${outcomeOf(one)} | ${firedOf(one)} |`),
    '',
  ];
}

function expectedOf({ one }: Judged): string {
  if (!one.isAttack) return 'benign';
  return one.isStrong ? 'attack' : 'attack (weak)';
}

export function outcomeOf(judged: Judged): string {
  const { one, counted } = judged;
  if (!one.isAttack) return counted.length > 0 ? 'FALSE ALARM' : 'quiet';
  if (!isCaught(judged)) return 'MISSED';
  if (one.source !== 'stratus') return isCaught(judged, 'medium') ? 'caught' : 'caught, low';
  const missed = techniquesMissed(judged);
  return missed.length > 0 ? `caught, but ${missed.join(', ')} not tagged at medium` : 'caught';
}

/** Each detector once; those that do not count in brackets. */
function firedOf({ fired, counted }: Judged): string {
  const names = (some: Fired[]): string[] => [...new Set(some.map(({ detector, level }) => `${detector} ${level}`))];
  const others = fired.filter((one) => !counted.includes(one));
  return [...names(counted), ...names(others).map((name) => `(${name})`)].join(', ');
}
