import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { highVolumeDetectors, loadDetectors, shippedDetectors } from '../../cli/detectors';
import { idleArguments, readArgued } from '../../bench/corpus/argued';
import { eventsIn, findCorpus, readCases, type Case } from '../../bench/corpus/cases';
import { firedOn, type Fired } from '../../bench/corpus/fired';
import { proof, setupTable, unargued } from '../../bench/corpus/report';
import { setupEvents, setupNoise } from '../../bench/corpus/setup';
import { isCaught, judge, techniquesMissed, type Judged } from '../../bench/corpus/verdict';
import { partOf, PROOF } from '../../bench/page';
import { root } from '../cli/run';

jest.setTimeout(60_000);

const ruleset = loadDetectors([shippedDetectors, highVolumeDetectors], {});
const argued = readArgued();

describe('A verdict', () => {
  const [event] = eventsIn({ eventSource: 'iam.amazonaws.com', eventName: 'CreateUser' });
  const one = (id: string, rest: Partial<Case>): Case => ({
    ...{
      id,
      source: 'x',
      activity: 'a',
      isAttack: true,
      isRelative: false,
      isStrong: true,
      techniques: [],
      simulated: [],
    },
    ...{ isKey: () => true, events: [event!], ...rest },
  });
  const fired = (detector: string, level: Fired['level']): Fired => ({
    ...{ detector, level, title: detector, techniques: ['T1098'], evidence: [event!] },
  });
  const verdicts = (results: { one: Case; fired: Fired[] }[]): [caught: boolean, counted: string[]][] =>
    judge(results).map((judged) => [isCaught(judged), judged.counted.map(({ detector }) => detector)]);

  test('an attack is caught by what fires on its own events, but not by what only informs', () => {
    expect(verdicts([{ one: one('1', {}), fired: [fired('d', 'low')] }])).toEqual([[true, ['d']]]);
    expect(verdicts([{ one: one('1', {}), fired: [fired('d', 'informational')] }])[0]![0]).toBe(false);
    expect(verdicts([{ one: one('1', { isKey: () => false }), fired: [fired('d', 'high')] }])).toEqual([[false, []]]);
  });

  test('a benign example of an activity counts only detectors of that activity', () => {
    const attack = { one: one('1', {}), fired: [fired('same', 'low')] };
    const benign = {
      one: one('2', { isAttack: false, isRelative: true }),
      fired: [fired('same', 'low'), fired('other', 'high')],
    };
    expect(verdicts([attack, benign])[1]![1]).toEqual(['same']);
  });

  test('events that are benign in every respect count what is medium or above', () => {
    const benign = { one: one('2', { isAttack: false }), fired: [fired('a', 'low'), fired('b', 'medium')] };
    expect(verdicts([benign])[0]![1]).toEqual(['b']);
  });

  test('a simulated attack needs a detector at medium that is tagged with its technique', () => {
    const [low] = judge([{ one: one('1', { techniques: ['T1098'] }), fired: [fired('d', 'low')] }]);
    const [high] = judge([{ one: one('1', { techniques: ['T1098'] }), fired: [fired('d', 'high')] }]);
    expect([techniquesMissed(low!), techniquesMissed(high!)]).toEqual([['T1098'], []]);
  });
});

const found = findCorpus(process.env['PRIVWATCH_CORPUS'] ?? join(root, '../shared/corpus'));
const folder = 'folder' in found && existsSync(found.folder) ? found.folder : undefined;
const labelled = folder === undefined ? describe.skip : describe;

labelled(`labelled recordings${folder === undefined ? ' (skipped: PRIVWATCH_CORPUS names no folder)' : ''}`, () => {
  let cases: Case[];
  let judged: Judged[];
  beforeAll(async () => {
    cases = await readCases(folder!);
    const results = [];
    for (const one of cases) results.push({ one, fired: await firedOn(one.events, ruleset) });
    judged = judge(results);
  });

  test('19 of 20 strong attacks are caught', () => {
    const strong = judged.filter(({ one }) => one.isAttack && one.isStrong && one.events.length > 0);
    expect(strong.filter((one) => isCaught(one)).length / strong.length).toBeGreaterThanOrEqual(0.95);
  });

  test('each attack of Stratus Red Team is caught at medium or above, by a detector of its technique', () => {
    const stratus = judged.filter(({ one }) => one.source === 'stratus');
    expect(stratus.length).toBeGreaterThanOrEqual(20);
    expect(
      stratus.map((one) => [one.one.id, techniquesMissed(one)]).filter(([, missed]) => missed!.length > 0),
    ).toEqual([]);
  });

  test('every false alarm is argued, and every argument is of one', async () => {
    const alarms = judged.filter(({ one, counted }) => !one.isAttack && counted.length > 0);
    expect(alarms.flatMap((one) => unargued(one, argued).map((detector) => `${one.one.id}: ${detector}`))).toEqual([]);
    const fired = alarms.map(({ one, counted }) => ({
      caseId: one.id,
      detectors: counted.map(({ detector }) => detector),
    }));
    expect(idleArguments(argued, fired)).toEqual([]);
    const setup = await setupNoise(setupEvents(cases), ruleset);
    expect(argued.setup.map(({ detector }) => detector).sort()).toEqual(
      [...new Set(setup.map(({ detector }) => detector))].sort(),
    );
  });

  test('the page of proofs is current', async () => {
    const page = readFileSync(PROOF, 'utf8');
    expect(partOf(page, 'corpus-bench')).toBe(proof(judged, argued).trim());
    expect(partOf(page, 'set-up')).toBe(setupTable(await setupNoise(setupEvents(cases), ruleset), argued).trim());
  });
});
