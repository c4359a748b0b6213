import type { Config } from '../../events/config';
import { makeContext } from '../../events/derived';
import type { Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { applyChanges, byWeight, changes } from '../../engine/changes';
import { correlate } from '../../engine/correlate';
import type { Finding } from '../../engine/finding';
import { match } from '../../engine/match';
import type { DetectorTest, Rule } from '../../engine/rule';
import type { Ruleset } from '../../engine/ruleset';
import { checkConfig } from '../../engine/schema';
import { MemoryStore } from '../../state/memory';
import { testEvents, TestEventError } from './events';

/** How one test of a detector ended. */
export interface TestResult {
  rule: Rule;
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
  for (const rule of ruleset.rules) {
    for (const test of rule.tests) results.push({ rule, test, failure: await runTest(rule, test, ruleset) });
  }
  return results;
}

async function runTest(rule: Rule, test: DetectorTest, ruleset: Ruleset): Promise<string | undefined> {
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
  const findings = await findingsOf(events, rule, own);
  for (const [how, variant] of [
    ['reversed', [...events].reverse()],
    ['with every event twice', [...events, ...events]],
  ] as const) {
    if (JSON.stringify(await findingsOf(variant, rule, own)) !== JSON.stringify(findings))
      return `other findings ${how}`;
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

async function findingsOf(events: readonly Event[], rule: Rule, ruleset: Ruleset): Promise<Finding[]> {
  const matches = events.flatMap((event) => match(event, ruleset)).filter((found) => found.rule === rule);
  const findings = new Map<string, Finding>();
  const correlated = await correlate(matches, ruleset, new MemoryStore());
  for (const change of correlated.changes) applyChanges(findings, changes(change, ruleset));
  return [...findings.values()].sort(byWeight);
}
