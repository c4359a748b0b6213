import { InvalidArgumentError, Option } from 'commander';
import { LEVELS, type Level } from '../engine/level';
import { parseTime, parseTimespan } from '../events/time';

/** Options that several commands share. */
export const detectorsOption = (): Option =>
  new Option(
    '-d, --detectors <path>',
    'file, folder or glob of detectors instead of the shipped ones; repeatable',
  ).argParser((path: string, before: string[] | undefined) => [...(before ?? []), path]);

export const configOption = (): Option =>
  new Option('-c, --config <file>', 'configuration (default: privwatch.yml in the working directory, if there is one)');

export const grantsOption = (): Option =>
  new Option(
    '--grants <file>',
    'just-in-time grants besides those of the configuration: CSV or JSON (who, account, role, from, until, approval), or the requests table of TEAM; repeatable',
  ).argParser((path: string, before: string[] | undefined) => [...(before ?? []), path]);

export function levelOption(flags: string, description: string): Option {
  return new Option(`${flags} <level>`, description).choices(LEVELS);
}

export type { Level };

const DAY = /^\d{4}-\d\d-\d\d$/;

/** A day (its beginning), a date-time, or a timespan before now; milliseconds since the epoch. */
export function parseMoment(value: string): number {
  const timespan = parseTimespan(value);
  if (timespan !== undefined) return Date.now() - timespan;
  const time = parseTime(DAY.test(value) ? `${value}T00:00:00Z` : value);
  if (time === undefined)
    throw new InvalidArgumentError(
      'Give a day (2026-03-03), a time (2026-03-03T02:15:00Z) or a timespan before now (7d).',
    );
  return time;
}

/** The same for the end of a span: a day belongs to it whole. */
export function parseEnd(value: string): number {
  return parseMoment(value) + (DAY.test(value) ? 86_400_000 - 1 : 0);
}

/** Without it a replay remembers all that correlations may still need, that is everything. */
export const latenessOption = (): Option =>
  new Option(
    '--lateness <timespan>',
    'correlations forget what is older than the newest event by more than this (2d), and need less memory for years of files',
  ).argParser((value: string) => {
    const milliseconds = parseTimespan(value);
    if (milliseconds === undefined) throw new InvalidArgumentError('Give a timespan (12h, 2d).');
    return milliseconds;
  });

/** To see on one's own files that findings do not depend on the order of events. */
export const shuffleOption = (): Option =>
  new Option('--shuffle [seed]', 'take the events in another order: the findings are the same')
    .preset('1')
    .argParser(parseSeed);

/** To see on one's own files that findings do not depend on events that come again. */
export const duplicateOption = (): Option =>
  new Option('--dup [share]', 'take this share of the events twice (0 to 1): the findings are the same')
    .preset('0.5')
    .argParser(parseShare);

/** For what is counted: from 1 to eight digits. */
export function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,7}$/.test(value)) throw new InvalidArgumentError('Give a whole number.');
  return Number(value);
}

function parseSeed(value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new InvalidArgumentError('Give a whole number (--shuffle=7), and paths before it.');
  return Number(value);
}

function parseShare(value: string): number {
  const share = Number(value);
  if (value.trim() === '' || !(share >= 0 && share <= 1)) {
    throw new InvalidArgumentError('Give a number from 0 to 1 (--dup=0.5), and paths before it.');
  }
  return share;
}
