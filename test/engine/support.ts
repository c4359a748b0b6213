import { stringify } from 'yaml';
import type { Config } from '../../events/config';
import { makeEvent, sources, type Event } from '../../events/event';
import type { Json, JsonObject } from '../../events/json';
import type { Source } from '../../engine/document';
import { match, matchUnindexed } from '../../engine/match';
import type { Problem } from '../../engine/problems';
import { checkRuleset, loadRuleset, type Ruleset } from '../../engine/ruleset';

export const LOGSOURCE = { product: 'aws', service: 'cloudtrail' };

/** A rule document around a detection; `more` adds to it, or replaces. */
export function rule(detection: Json, more: JsonObject = {}): JsonObject {
  return { title: 'A rule', name: 'a_rule', logsource: LOGSOURCE, level: 'low', detection, ...more };
}

/** A rule with one search identifier. */
export function ruleOf(selection: Json, more: JsonObject = {}): JsonObject {
  return rule({ selection, condition: 'selection' }, more);
}

/** One file of one or more documents. */
export function source(...documents: JsonObject[]): Source {
  return { file: 'rule.yml', text: documents.map((document) => stringify(document, { version: '1.2' })).join('---\n') };
}

export function rulesetOf(documents: JsonObject[], config: Config = {}): Ruleset {
  return loadRuleset([source(...documents)], config);
}

/** What is wrong, or odd, with files: texts are files of their own, documents one file together. */
export function check(files: (string | JsonObject)[], config: Config = {}): { errors: Problem[]; warnings: Problem[] } {
  const documents = files.filter((file) => typeof file !== 'string');
  const texts = files.filter((file) => typeof file === 'string');
  const { errors, warnings } = checkRuleset(
    [
      ...(documents.length > 0 ? [source(...documents)] : []),
      ...texts.map((text, i) => ({ file: texts.length === 1 ? 'rule.yml' : `${i}.yml`, text })),
    ],
    config,
  );
  return { errors, warnings };
}

export function messages(problems: Problem[]): string[] {
  return problems.map(({ key, message }) => (key ? `${key}: ${message}` : message));
}

export function eventOf(record: JsonObject): Event {
  return makeEvent(sources.cloudtrail, record);
}

/** Titles of the rules that match; with and without the index, which must agree. */
export function matching(ruleset: Ruleset, record: JsonObject): string[] {
  const event = eventOf(record);
  const titles = (found: ReturnType<typeof match>): string[] => found.map(({ rule: { title } }) => title).sort();
  const indexed = titles(match(event, ruleset));
  expect(titles(matchUnindexed(event, ruleset))).toEqual(indexed);
  return indexed;
}

/** Whether a rule of this detection matches the record. */
export function verdict(detection: Json, record: JsonObject, config: Config = {}): boolean {
  return matching(rulesetOf([rule(detection)], config), record).length > 0;
}

/** Whether `field: value` holds for the record. */
export function holdsFor(field: string, value: Json, record: JsonObject, config: Config = {}): boolean {
  return verdict({ selection: { [field]: value }, condition: 'selection' }, record, config);
}

/** The first problem of `field: value`, or undefined if it loads. */
export function refusal(field: string, value: Json, config: Config = {}): string | undefined {
  return check([ruleOf({ [field]: value })], config).errors[0]?.message;
}

/** Events by what rules ask for (`is`) and minutes from some time on; all of one account and one `g`. */
export function eventsFrom(start: number) {
  return (is: string, minutes: number, more: JsonObject = {}): Event => {
    const eventTime = new Date(start + minutes * 60_000).toISOString();
    const usual = { eventID: `${is}${minutes}`, eventName: 'X', eventTime, is, g: 'u', recipientAccountId: '1' };
    return eventOf({ ...usual, ...more });
  };
}
