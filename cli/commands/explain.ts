import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { Event } from '../../events/event';
import { findFiles, mayHoldEvents } from '../../events/files';
import { text } from '../../events/json';
import { readEvents } from '../../events/read';
import { formatTime } from '../../events/time';
import { explain, type Clause, type Explanation } from '../../engine/explain';
import type { Rule } from '../../engine/rule';
import type { Ruleset } from '../../engine/ruleset';
import { jsonLine, printable } from '../../findings/escape';
import { readConfig } from '../config';
import { loadDetectors } from '../detectors';
import { UsageError } from '../errors';
import { configOption, detectorsOption } from '../options';
import { samplesConfig, samplesFolder } from './replay';

interface Options {
  detectors?: string[];
  config?: string;
  json?: boolean;
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .summary('say why a detector did or did not match an event')
    .description(
      'Shows, for one event and one detector, every clause that held or the first that failed, with the values seen.\n' +
        'Exit codes: 0 done, whatever the verdict; 2 wrong usage, no such event or detector.',
    )
    .argument('<detector>', "a detector's id, file name, name or title")
    .argument('<event>', 'an event id, or a file that holds one event')
    .argument('[path...]', 'where to look for the event id (default: the samples)')
    .addOption(detectorsOption())
    .addOption(configOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  privwatch explain aws_iam_access_key_created_for_other_user 6f1d… logs/')
    .action(async (detector: string, event: string, paths: string[], options: Options) => {
      const inSamples = paths.length === 0 && statSync(event, { throwIfNoEntry: false }) === undefined;
      const ruleset = loadDetectors(
        options.detectors,
        readConfig(options.config ?? (inSamples ? samplesConfig : undefined)),
      );
      const rule = findRule(detector, ruleset);
      const found = await findEvent(event, paths);
      const explanation = explain(found, rule, ruleset);
      process.stdout.write(
        options.json ? `${jsonLine(toJson(found, rule, explanation))}\n` : render(found, rule, explanation),
      );
    });
}

function findRule(name: string, ruleset: Ruleset): Rule {
  const wanted = name.toLowerCase();
  const matching = ruleset.rules.filter((rule) => {
    const stem = basename(rule.document.source.file).replace(/\.ya?ml$/i, '');
    return [rule.id, rule.name, rule.title, stem].some((candidate) => candidate?.toLowerCase() === wanted);
  });
  if (matching.length === 1) return matching[0]!;
  if (matching.length > 1) throw new UsageError(`${name}: ${matching.length} detectors are called so; give the id`);
  const near = ruleset.rules.filter((rule) => rule.document.source.file.toLowerCase().includes(wanted)).slice(0, 3);
  const hint = near.map((rule) => basename(rule.document.source.file).replace(/\.ya?ml$/i, '')).join(', ');
  throw new UsageError(`${name}: no such detector${hint ? `; did you mean ${hint}?` : ''}`);
}

async function findEvent(wanted: string, paths: string[]): Promise<Event> {
  const isFile = wanted === '-' || statSync(wanted, { throwIfNoEntry: false })?.isFile() === true;
  const { files, problems } = findFiles(isFile ? [wanted] : paths.length > 0 ? paths : [samplesFolder], mayHoldEvents);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const found = new Map<string, Event>();
  for await (const { events } of readEvents(files)) {
    for (const event of events) {
      const isWanted = isFile || event.id.toLowerCase() === wanted.toLowerCase() || event.key === wanted;
      if (isWanted) found.set(`${event.key} ${event.digest}`, event);
    }
  }
  const [event] = found.values();
  if (!event)
    throw new UsageError(`${wanted}: ${isFile ? 'the file holds no event' : `no such event in ${files.length} files`}`);
  if (found.size > 1) {
    throw new UsageError(
      isFile
        ? `${wanted}: the file holds ${found.size} events; give an event id and then the file`
        : `${wanted}: ${found.size} events have this id; give a file that holds one of them`,
    );
  }
  return event;
}

function toJson(event: Event, rule: Rule, explanation: Explanation): object {
  return { detectorId: rule.id, title: rule.title, file: rule.document.source.file, eventId: event.id, ...explanation };
}

function render(event: Event, rule: Rule, { matched, reason, clauses, level }: Explanation): string {
  const colors = pc.createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
  const verdict = matched ? colors.red(`match (${level})`) : colors.green('no match');
  const time = event.time === undefined ? 'without a usable time' : formatTime(event.time);
  const name = text(event.record, 'eventName') ?? text(event.record, 'type') ?? event.logsource.service;
  const lines = [
    `${rule.title} (${rule.document.source.file})`,
    `${name}, ${event.id}, ${time}`,
    '',
    `${verdict}: ${printable(reason)}`,
    ...clauses.map((clause) => renderClause(clause)),
  ];
  return `${lines.map((line, i) => (i < 3 ? printable(line) : line)).join('\n')}\n`;
}

function renderClause({ within, clause, favours, saw, line }: Clause): string {
  const values = saw.length === 0 ? '' : `saw ${saw.join(', ')}`;
  const missing = saw.length === 0 && !clause.startsWith('a value') ? 'the event has no such field' : values;
  return (
    printable(`  ${favours ? '✓' : '✗'} line ${line}  ${within}: ${clause}`) +
    (missing ? `\n      ${printable(missing)}` : '')
  );
}
