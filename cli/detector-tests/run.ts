import type { Config } from '../../events/config';
import { makeContext } from '../../events/derived';
import type { Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { applyChanges, byWeight, changes } from '../../engine/changes';
import { correlate } from '../../engine/correlate';
import type { Finding } from '../../engine/finding';
import { mintsOf } from '../../engine/mint';
import { match } from '../../engine/match';
import type { Correlation } from '../../engine/correlation';
import type { Detector, DetectorTest } from '../../engine/detector';
import type { Rule } from '../../engine/rule';
import type { Ruleset } from '../../engine/ruleset';
import { checkConfig } from '../../engine/schema';
import { MemoryStore } from '../../state/memory';
import { testEvents, TestEventError } from './events';

/** How one test of a detector ended. */
export interface TestResult {
  detector: Detector;
  test: DetectorTest;
  /** Undefined if it passed. */
  failure: string | undefined;
}

/** The organization that tests take place in, unless they bring their own. */
export const TEST_CONFIG: Config = {
  organization: {
    id: 'o-exampleorg01',
    accounts: [
      { id: '111122223333', name: 'shop', environment: 'production' },
      { id: '222233334444', name: 'playground', environment: 'sandbox' },
      { id: '999999999999', name: 'management', environment: 'management' },
    ],
  },
  trusted: { accounts: ['777788889999'] },
};

/**
 * Runs the tests in the rules of a ruleset. Each walks the road of every event (match, correlate, changes) and does so
 * three times: in the given order, reversed, and with each event twice. The findings must be the same.
 */
export async function runDetectorTests(ruleset: Ruleset): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const detector of [...ruleset.rules, ...ruleset.correlations]) {
    for (const test of detector.tests)
      results.push({ detector, test, failure: await runTest(detector, test, ruleset) });
  }
  return results;
}

async function runTest(
  detector: Rule | Correlation,
  test: DetectorTest,
  ruleset: Ruleset,
): Promise<string | undefined> {
  let events: Event[];
  try {
    events = testEvents(test.events ?? [test.event ?? {}]);
  } catch (error) {
    if (error instanceof TestEventError) return error.message;
    throw error;
  }
  const config = { ...TEST_CONFIG, ...(test.config as Config | undefined) };
  const [problem] = checkConfig(config as unknown as JsonObject);
  if (problem) return `config: ${problem.path.join('.')}: ${problem.message}`;
  const own: Ruleset = { ...ruleset, context: makeContext(config) };
  const findings = await findingsOf(events, detector, own);
  for (const [how, variant] of [
    ['reversed', [...events].reverse()],
    ['with every event twice', [...events, ...events]],
  ] as const) {
    if (JSON.stringify(await findingsOf(variant, detector, own)) !== JSON.stringify(findings))
      return `other findings ${how}`;
  }
  if (detector.silenced && test.match !== undefined) {
    // Its findings are those of a correlation; whether it matches can be told all the same.
    const isMatch = events.some((event) => match(event, own).some(({ rule }) => rule === detector));
    return isMatch === test.match ? undefined : isMatch ? 'matched' : 'did not match';
  }
  return verdict(test, findings);
}

function verdict(test: DetectorTest, findings: Finding[]): string | undefined {
  const wanted = test.findings ?? (test.match ? 1 : 0);
  if (findings.length !== wanted) {
    if (test.match !== undefined) return test.match ? 'did not match' : 'matched';
    return `${findings.length} findings, not ${wanted}`;
  }
  const [finding] = findings;
  if (test.level && finding?.severity !== test.level) return `level ${finding?.severity}, not ${test.level}`;
  if (test.title && finding?.title !== test.title) return `title ${JSON.stringify(finding?.title)}`;
  return undefined;
}

async function findingsOf(
  events: readonly Event[],
  detector: Rule | Correlation,
  ruleset: Ruleset,
): Promise<Finding[]> {
  const rules = rulesBehind(detector);
  const matches = events.flatMap((event) => match(event, ruleset)).filter((found) => rules.has(found.rule));
  const mints = events.flatMap((event) => mintsOf(event, ruleset.context));
  const findings = new Map<string, Finding>();
  const correlated = await correlate([...matches, ...mints], ruleset, new MemoryStore());
  for (const change of correlated.changes) applyChanges(findings, changes(change, ruleset));
  return [...findings.values()].filter((finding) => finding.detectorId === detector.id).sort(byWeight);
}

/** The rules that a detector consists of in the end. */
function rulesBehind(detector: Rule | Correlation): Set<Rule> {
  if (detector.kind === 'rule') return new Set([detector]);
  return new Set(detector.inputs.flatMap((input) => [...rulesBehind(input)]));
}
