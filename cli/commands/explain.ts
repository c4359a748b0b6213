import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { Event } from '../../events/event';
import { findFiles, mayHoldEvents } from '../../events/files';
import { text } from '../../events/json';
import { readEvents } from '../../events/read';
import { redactEvent } from '../../events/redact';
import { formatTime } from '../../events/time';
import type { Correlation } from '../../engine/correlation';
import type { Detector } from '../../engine/detector';
import { explain, type Clause, type Explanation } from '../../engine/explain';
import type { Rule } from '../../engine/rule';
import type { Ruleset } from '../../engine/ruleset';
import { jsonLine, printable } from '../../findings/escape';
import { readConfig } from '../config';
import { loadDetectors } from '../detectors';
import { UsageError } from '../errors';
import { explainWindow, type WindowExplanation } from '../explain-window';
import { configOption, detectorsOption, grantsOption } from '../options';
import { samplesConfig, samplesFolder } from './replay';

interface Options {
  detectors?: string[];
  config?: string;
  grants?: string[];
  json?: boolean;
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .summary('say why a detector did or did not match an event')
    .description(
      'Shows, for one event and one detector, every clause that held or the first that failed, with the values seen;\n' +
        'for a correlation, the hits that were counted together with the event, and which of them fire.\n' +
        'Exit codes: 0 done, whatever the verdict; 2 wrong usage, no such event or detector.',
    )
    .argument('<detector>', "a detector's id, file name, name or title")
    .argument('<event>', 'an event id, or a file that holds one event')
    .argument('[path...]', 'where to look for the event id (default: the samples)')
    .addOption(detectorsOption())
    .addOption(configOption())
    .addOption(grantsOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  privwatch explain aws_iam_access_key_created_for_other_user 6f1d… logs/')
    .action(async (detector: string, event: string, paths: string[], options: Options) => {
      const inSamples = paths.length === 0 && statSync(event, { throwIfNoEntry: false }) === undefined;
      const ruleset = loadDetectors(
        options.detectors,
        readConfig(options.config ?? (inSamples ? samplesConfig : undefined), options.grants),
      );
      const rule = findDetector(detector, ruleset);
      const { found, events } = await findEvent(event, paths);
      if (rule.kind === 'correlation') {
        const window = explainWindow(found, rule, events, ruleset);
        const json = {
          detectorId: rule.id,
          title: rule.title,
          file: rule.document.source.file,
          eventId: found.id,
          ...window,
        };
        process.stdout.write(options.json ? `${jsonLine(json)}\n` : renderWindow(found, rule, window));
        return;
      }
      const explanation = explain(found, rule, ruleset);
      const shown = redactEvent(found);
      process.stdout.write(
        options.json ? `${jsonLine(toJson(shown, rule, explanation))}\n` : render(shown, rule, explanation),
      );
    });
}

function findDetector(name: string, ruleset: Ruleset): Rule | Correlation {
  const wanted = name.toLowerCase();
  const detectors = [...ruleset.rules, ...ruleset.correlations];
  const matching = detectors.filter((rule) => {
    const stem = basename(rule.document.source.file).replace(/\.ya?ml$/i, '');
    return [rule.id, rule.name, rule.title, stem].some((candidate) => candidate?.toLowerCase() === wanted);
  });
  // A file may hold a correlation and the rules that it counts: its name means the correlation.
  const correlations = matching.filter((found) => found.kind === 'correlation');
  if (matching.length > 1 && correlations.length === 1) return correlations[0]!;
  if (matching.length === 1) return matching[0]!;
  if (matching.length > 1) throw new UsageError(`${name}: ${matching.length} detectors are called so; give the id`);
  const near = detectors.filter((rule) => rule.document.source.file.toLowerCase().includes(wanted)).slice(0, 3);
  const hint = near.map((rule) => basename(rule.document.source.file).replace(/\.ya?ml$/i, '')).join(', ');
  throw new UsageError(`${name}: no such detector${hint ? `; did you mean ${hint}?` : ''}`);
}

/** The event, and all that were read on the way: they may be in its window. */
async function findEvent(wanted: string, paths: string[]): Promise<{ found: Event; events: Event[] }> {
  const isFile = wanted === '-' || statSync(wanted, { throwIfNoEntry: false })?.isFile() === true;
  const { files, problems } = findFiles(isFile ? [wanted] : paths.length > 0 ? paths : [samplesFolder], mayHoldEvents);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const found = new Map<string, Event>();
  const all: Event[] = [];
  let unread: string | undefined;
  for await (const { events, rejected } of readEvents(files)) {
    unread ??= rejected[0]?.reason;
    for (const event of events) {
      all.push(event);
      const isWanted = isFile || event.id.toLowerCase() === wanted.toLowerCase() || event.key === wanted;
      if (isWanted) found.set(`${event.key} ${event.digest}`, event);
    }
  }
  const [event] = found.values();
  if (!event && isFile) throw new UsageError(`${wanted}: the file holds no event${unread ? `: ${unread}` : ''}`);
  if (!event) throw new UsageError(`${wanted}: no such event in ${files.length} files`);
  if (found.size > 1) {
    throw new UsageError(
      isFile
        ? `${wanted}: the file holds ${found.size} events; give an event id and then the file`
        : `${wanted}: ${found.size} events have this id; give a file that holds one of them`,
    );
  }
  return { found: event, events: all };
}

function toJson(event: Event, rule: Rule, explanation: Explanation): object {
  return { detectorId: rule.id, title: rule.title, file: rule.document.source.file, eventId: event.id, ...explanation };
}

function header(event: Event, { title, document }: Detector): string[] {
  const time = event.time === undefined ? 'without a usable time' : formatTime(event.time);
  const name = text(event.record, 'eventName') ?? text(event.record, 'type') ?? event.logsource.service;
  return [`${title} (${document.source.file})`, `${name}, ${event.id}, ${time}`, ''].map(printable);
}

function renderWindow(
  event: Event,
  correlation: Correlation,
  { fires, reason, group, hits }: WindowExplanation,
): string {
  const colors = pc.createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
  const groups = Object.entries(group).map(([field, value]) => `${field} = ${value}`);
  const lines = [
    ...header(event, correlation),
    `${fires ? colors.red('fires') : colors.green('does not fire')}: ${printable(reason)}`,
    ...(groups.length > 0 ? [printable(`  group  ${groups.join(', ')}`)] : []),
    ...hits.map((hit) => {
      const value = hit.value === null ? '' : `  ${hit.value}`;
      return printable(
        `  ${hit.fires ? '✓' : '·'} ${hit.time}  ${hit.rule}${value}  ${hit.eventId}${hit.isThis ? '  (this one)' : ''}`,
      );
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function render(event: Event, rule: Rule, { matched, reason, clauses, level }: Explanation): string {
  const colors = pc.createColors(process.stdout.isTTY === true && !process.env['NO_COLOR']);
  const verdict = matched ? colors.red(`match (${level})`) : colors.green('no match');
  const lines = [...header(event, rule), `${verdict}: ${printable(reason)}`, ...clauses.map(renderClause)];
  return `${lines.join('\n')}\n`;
}

function renderClause({ within, clause, favours, saw, line }: Clause): string {
  const values = saw.length === 0 ? '' : `saw ${saw.join(', ')}`;
  const missing = saw.length === 0 && !clause.startsWith('a value') ? 'the event has no such field' : values;
  return (
    printable(`  ${favours ? '✓' : '✗'} line ${line}  ${within}: ${clause}`) +
    (missing ? `\n      ${printable(missing)}` : '')
  );
}
