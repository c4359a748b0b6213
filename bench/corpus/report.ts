import type { Level } from '../../engine/level';
import { reasonFor, type Argued } from './argued';
import type { Fired } from './fired';
import type { SetupNoise } from './setup';
import { isCaught, techniquesMissed, type Judged } from './verdict';

/** The figures by source, in Markdown. */
export function figures(judged: Judged[], argued: Argued): string {
  const sources = [...new Set(judged.map(({ one }) => one.source))];
  const row = (name: string, some: Judged[]): string => {
    const strong = some.filter(({ one }) => one.isAttack && one.isStrong);
    const weak = some.filter(({ one }) => one.isAttack && !one.isStrong);
    const benign = some.filter(({ one }) => !one.isAttack);
    const alarms = benign.filter(({ counted }) => counted.length > 0);
    const open = alarms.filter((one) => unargued(one, argued).length > 0);
    const cells = [name, share(strong), share(strong, 'medium'), share(weak), benign.length || ''];
    return `| ${[...cells, alarms.length || '', open.length || ''].join(' | ')} |`;
  };
  return [
    '| Source | Strong attacks caught | at medium or above | Weak ones caught | Benign | with a false alarm | for no reason |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...sources.map((source) =>
      row(
        source,
        judged.filter(({ one }) => one.source === source),
      ),
    ),
    row('all', judged),
  ].join('\n');
}

/** The strong attacks of which no detector says anything, by id. */
export function missedCases(judged: Judged[]): string[] {
  return judged.filter((one) => one.one.isAttack && one.one.isStrong && !isCaught(one)).map(({ one }) => one.id);
}

/** Detectors that fire on a benign case, and of which nothing says why. */
export function unargued({ one, counted }: Judged, argued: Argued): string[] {
  const names = new Set(counted.map(({ detector }) => detector));
  return [...names].filter((detector) => reasonFor(argued, one.id, detector) === undefined);
}

/** What the bench writes on the page of proofs: figures, what is missed, and the arguments. */
export function proof(judged: Judged[], argued: Argued): string {
  const missed = missedCases(judged);
  return [
    figures(judged, argued),
    '',
    `Strong attacks without a finding at low or above: ${missed.map((id) => `\`${id}\``).join(', ') || 'none'}.`,
    '',
    '| Benign case | Detectors that fire | Why that is right |',
    '| --- | --- | --- |',
    ...argued.cases.map((one) => `| ${one.case} | ${one.detectors.join(', ')} | ${one.reason} |`),
  ].join('\n');
}

/** What fires while a laboratory is set up, and why that is right. */
export function setupTable(noise: SetupNoise[], argued: Argued): string {
  const reasons = new Map(argued.setup.map(({ detector, reason }) => [detector, reason]));
  return [
    '| Level | Detector | Findings | Why that is right |',
    '| --- | --- | ---: | --- |',
    ...noise.map(
      ({ detector, level, findings }) => `| ${level} | ${detector} | ${findings} | ${reasons.get(detector) ?? '?'} |`,
    ),
  ].join('\n');
}

/** A row for every case, in Markdown. */
export function caseTable(judged: Judged[], argued: Argued): string {
  return [
    '| Case | Expected | Outcome | Detectors that fired |',
    '| --- | --- | --- | --- |',
    ...judged.map((one) => `| ${one.one.id} | ${expectedOf(one)} | ${outcomeOf(one, argued)} | ${firedOf(one)} |`),
    '',
  ].join('\n');
}

function share(some: Judged[], least?: Level): string {
  if (some.length === 0) return '';
  const caught = some.filter((one) => isCaught(one, least)).length;
  return `${caught} of ${some.length} (${((100 * caught) / some.length).toFixed(1)} %)`;
}

function expectedOf({ one }: Judged): string {
  if (!one.isAttack) return 'benign';
  return one.isStrong ? 'attack' : 'attack (weak)';
}

function outcomeOf(judged: Judged, argued: Argued): string {
  const { one, counted } = judged;
  if (!one.isAttack) {
    if (counted.length === 0) return 'quiet';
    return unargued(judged, argued).length > 0 ? 'FALSE ALARM' : 'false alarm, argued';
  }
  if (!isCaught(judged)) return 'MISSED';
  const missed = one.simulated.length > 0 && one.source === 'stratus' ? techniquesMissed(judged) : [];
  if (missed.length > 0) return `caught, but ${missed.join(', ')} not tagged at medium`;
  return isCaught(judged, 'medium') ? 'caught' : 'caught, low';
}

/** Each detector once; those that do not count in brackets. */
function firedOf({ fired, counted }: Judged): string {
  const names = (some: Fired[]): string[] => [...new Set(some.map(({ detector, level }) => `${detector} ${level}`))];
  const others = fired.filter((one) => !counted.includes(one));
  return [...names(counted), ...names(others).map((name) => `(${name})`)].join(', ');
}
