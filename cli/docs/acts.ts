import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Event } from '../../events/event';
import { text } from '../../events/json';
import type { Correlation } from '../../engine/correlation';
import type { Detector } from '../../engine/detector';
import type { Rule } from '../../engine/rule';
import { testEvents } from '../detector-tests/events';
import { packageRoot } from '../package-root';

/** A privileged act of `docs/acts.yml`; its JSON Schema is `schemas/acts.schema.json`. */
export interface Act {
  id: string;
  /** What happens, in one sentence. */
  act: string;
  surface: string;
  /** Event source and name, `iam:CreateUser`; `*` is anything. */
  calls: string[];
  /** Why no detector watches it. */
  unwatched?: string;
}

export function readActs(): Act[] {
  return parse(readFileSync(join(packageRoot, 'docs/acts.yml'), 'utf8')) as Act[];
}

/** What is wrong with what detectors say of acts; nothing, if a test of the detector proves every claim. */
export function checkActs(acts: Act[], detectors: (Rule | Correlation)[]): string[] {
  const byId = new Map(acts.map((act) => [act.id, act]));
  return detectors.flatMap((detector) =>
    detector.metadata.acts.flatMap((id) => {
      const act = byId.get(id);
      if (!act) return `${detector.title}: there is no act ${id} in docs/acts.yml`;
      if (act.unwatched) return `${detector.title}: watches ${id}, and docs/acts.yml says why nothing does`;
      return isExercised(act, detector) ? [] : `${detector.title}: no test of it fires on a call of the act ${id}`;
    }),
  );
}

/** Acts that no detector watches, and of which nothing says why. */
export function forgottenActs(acts: Act[], detectors: Detector[]): Act[] {
  const watched = new Set(detectors.flatMap(({ metadata }) => metadata.acts));
  return acts.filter(({ id, unwatched }) => !unwatched && !watched.has(id));
}

/** Whether a test in which the detector fires has an event that is one of the act's calls. */
function isExercised({ calls }: Act, detector: Rule | Correlation): boolean {
  const patterns = calls.map(patternOf);
  return detector.tests
    .filter(({ match, findings }) => match ?? (findings ?? 0) > 0)
    .flatMap(({ event, events }) => testEvents(events ?? [event ?? {}]))
    .some((event) => patterns.some((pattern) => pattern.test(callOf(event))));
}

/** `iam:CreateUser` of a CloudTrail record; `guardduty-finding:` and the type of a finding. */
function callOf({ logsource, record }: Event): string {
  const source = text(record, 'eventSource');
  if (source === undefined) return `${logsource.service}-finding:${text(record, 'type') ?? ''}`;
  return `${source.replace(/\.amazonaws\.com$/, '')}:${text(record, 'eventName') ?? ''}`;
}

function patternOf(call: string): RegExp {
  return new RegExp(`^${call.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\\\*/g, '.*')}$`);
}
