import { readDetectors, shippedDetectors } from '../../cli/detectors';
import { compileRuleset } from '../../engine/compile';
import { checkedDocuments, rulesetOf, type CheckedDocument } from '../../engine/compiled';
import { threadOf } from '../../engine/hit';
import { loadRuleset, type Ruleset } from '../../engine/ruleset';
import { findFiles } from '../../events/files';
import { readEvents } from '../../events/read';
import type { Event } from '../../events/event';
import { samplesFolder } from '../../cli/commands/replay';
import { findingsOf } from './filing';
import { eventOf, ruleOf, rulesetOf as rulesetOfDocuments } from './support';

describe('A ruleset that was checked when it was built', () => {
  const shipped = loadRuleset(readDetectors([shippedDetectors]));
  const checked = JSON.parse(JSON.stringify(checkedDocuments(shipped))) as CheckedDocument[];

  test('finds in the samples what the files that it was made of find', async () => {
    const events: Event[] = [];
    for await (const batch of readEvents(findFiles([samplesFolder], (name) => name.includes('.json')).files)) {
      events.push(...batch.events);
    }
    const wanted = await findingsOf(events, shipped);
    expect(wanted.length).toBeGreaterThan(20);
    expect(await findingsOf(events, rulesetOf(checked, {}))).toEqual(wanted);
  });

  test('has no tests in it, and says of no document that it was not checked', () => {
    expect(JSON.stringify(checked)).not.toContain('"tests"');
    const broken = [{ file: 'a.yml', data: { title: 'A', detection: {}, level: 'low' } }];
    expect(() => rulesetOf(broken, {})).toThrow('a.yml:1: detection.condition: no condition');
    expect(compileRuleset([], {}, { errors: [], warnings: [] }).ruleset).toBeDefined();
  });
});

describe('Meaning', () => {
  const findings = async (set: Ruleset): Promise<{ partition: string; id: string; thread: string }> => {
    const [finding] = await findingsOf([eventOf({ eventID: '1', eventName: 'X', a: 1 })], set);
    return { partition: set.rules[0]!.meaning, id: finding!.id, thread: finding!.thread };
  };

  test('is of what a detector finds, not of its words; the finding and its thread keep their names', async () => {
    const plain = rulesetOfDocuments([ruleOf({ eventName: 'X' })]);
    const renamed = rulesetOfDocuments([
      ruleOf({ eventName: 'X' }, { description: 'Other words.', privwatch: { title: 'T' } }),
    ]);
    const wider = rulesetOfDocuments([ruleOf({ eventName: ['X', 'Y'] })]);
    const calmer = rulesetOfDocuments([ruleOf({ eventName: 'X' }, { privwatch: { quiet: '2h' } })]);
    const [one, two, three, four] = await Promise.all([plain, renamed, wider, calmer].map(findings));
    expect(two!.partition).toBe(one!.partition);
    expect(new Set([one, three, four].map((found) => found!.partition)).size).toBe(3);
    expect(new Set([one, two, three, four].map((found) => found!.thread)).size).toBe(1);
    expect(threadOf(`${one!.thread}@${one!.partition}`)).toBe(one!.thread);
  });

  test('is that of its filters and inputs, too', () => {
    const filter = {
      title: 'F',
      logsource: { product: 'aws', service: 'cloudtrail' },
      filter: { rules: 'any', f: { b: 1 }, condition: 'not f' },
    };
    const counted = {
      title: 'C',
      correlation: { type: 'event_count', rules: ['a_rule'], timespan: '1h', condition: { gte: 2 } },
    };
    const meanings = (documents: Parameters<typeof rulesetOfDocuments>[0]): string[] => {
      const { rules, correlations } = rulesetOfDocuments(documents);
      return [...rules, ...correlations].map(({ meaning }) => meaning);
    };
    const [rule, count] = meanings([ruleOf({ eventName: 'X' }), counted]);
    const [filteredRule, filteredCount] = meanings([ruleOf({ eventName: 'X' }), counted, filter]);
    expect(filteredRule).not.toBe(rule);
    expect(filteredCount).not.toBe(count);
  });
});
