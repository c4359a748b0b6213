import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { testEvents } from '../../../cli/detector-tests/events';
import { highVolumeDetectors, loadDetectors, readDetectors, shippedDetectors } from '../../../cli/detectors';
import { match } from '../../../engine/match';
import { checkRuleset, type Ruleset } from '../../../engine/ruleset';
import type { Event } from '../../../events/event';
import { findFiles, mayHoldEvents } from '../../../events/files';
import type { Json, JsonObject } from '../../../events/json';
import { readEvents } from '../../../events/read';
import { compilePatterns, type CompiledPatterns } from '../../../infra/patterns/compile';
import { makePassing } from '../../../infra/patterns/envelope';
import { runs } from '../../engine/arbitraries';
import { eventOf, rule, source } from '../../engine/support';
import { root } from '../../cli/run';

/** Few enough to be read. */
const first = (list: string[]): string[] => list.slice(0, 3);

/**
 * Tells what is wrong with an event: a match that passes no rule and is not reported as unserved, and, if events must pass
 * but once, the two members' rules that it passes, unless one says that it repeats.
 */
function makeFaults(
  ruleset: Ruleset,
  { member, hub, unserved }: CompiledPatterns,
): (event: Event, once?: boolean) => string[] {
  const [ofMember, ofHub] = [makePassing(member), makePassing(hub)];
  const reported = new Set(unserved.map(({ detector }) => detector));
  return (event, once = true) => {
    // The hub makes these itself.
    if (event.logsource.service === 'privwatch') return [];
    const through = ofMember(event);
    const served = new Set([...through, ...ofHub(event)].flatMap(({ detectors }) => detectors));
    const missed = match(event, ruleset)
      .map(({ rule: { id } }) => id)
      .filter((id) => !served.has(id) && !reported.has(id));
    const isExcused = !once || through.some(({ repeats }) => repeats);
    const twice = through.length > 1 && !isExcused ? [through.map(({ name }) => name).join(' and ')] : [];
    return [...missed, ...twice].map((fault) => `${fault}: ${JSON.stringify(event.record).slice(0, 600)}`);
  };
}

/** One event of each kind, as patterns see them. */
function kindsOf(events: Event[]): Event[] {
  const kinds = new Map<string, Event>();
  for (const event of events) {
    const { record } = event;
    const fields = ['eventName', 'eventSource', 'eventType', 'errorCode', 'type'].map((name) => record[name]);
    const { type, invokedBy, accessKeyId } = (record['userIdentity'] ?? {}) as JsonObject;
    kinds.set(JSON.stringify([...fields, type, invokedBy, JSON.stringify(accessKeyId)?.slice(0, 5)]), event);
  }
  return [...kinds.values()];
}

async function eventsIn(folder: string): Promise<Event[]> {
  const events: Event[] = [];
  for await (const batch of readEvents(findFiles([folder], mayHoldEvents).files)) events.push(...batch.events);
  return events;
}

// ---- the detectors that are shipped ---------------------------------------------------------------------------------

const everything = loadDetectors([shippedDetectors, highVolumeDetectors], {});
const sets = [
  { name: 'the shipped detectors', ruleset: loadDetectors(undefined, {}) },
  { name: 'those of high volume as well', ruleset: everything },
]
  .map((set) => ({ ...set, patterns: compilePatterns(set.ruleset) }))
  .map((set) => ({ ...set, faults: makeFaults(set.ruleset, set.patterns) }));

const ofTests = [...everything.rules, ...everything.correlations]
  .flatMap(({ tests }) => tests)
  .flatMap(({ events, event }) => kindsOf(testEvents(events ?? [event ?? {}])));

describe.each(sets)('$name', ({ patterns, faults }) => {
  test('what their own tests make them match is forwarded, once', () => {
    expect(ofTests.length).toBeGreaterThan(500);
    expect(first(ofTests.flatMap((event) => faults(event)))).toEqual([]);
  });

  test('so is what the samples hold', async () => {
    const events = await eventsIn(join(root, 'samples'));
    expect(events.length).toBeGreaterThan(300);
    expect(first(events.flatMap((event) => faults(event)))).toEqual([]);
  });

  test('so are events like those, with other names, services, identities and errors', () => {
    const trail = ofTests.filter(({ logsource }) => logsource.service === 'cloudtrail');
    const mutated = fc.record({ base: fc.constantFrom(...trail), over: fc.subarray(FIELDS).chain(valuesFor) });
    fc.assert(
      fc.property(mutated, ({ base, over }) => {
        expect(faults(eventOf(withFields(base.record, over)))).toEqual([]);
      }),
      runs(600),
    );
  });

  test('each pattern keeps to the limit of length, none repeats, only rules for reading ask for all management events', () => {
    for (const { pattern, state, name, repeats } of patterns.member) {
      expect(repeats).toBe(false);
      expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(2048);
      expect(state === 'ENABLED').toBe(!/^(any-name|read-names)-/.test(name));
    }
  });
});

const corpus = process.env['PRIVWATCH_CORPUS'] ?? join(root, '../shared/corpus');
const recorded = existsSync(corpus) ? test : test.skip;
const sigma = process.env['PRIVWATCH_SIGMA'] ?? join(root, '../shared/sigmahq-aws');
const published = existsSync(sigma) ? describe : describe.skip;

recorded(`of recorded events${existsSync(corpus) ? '' : ' (skipped: PRIVWATCH_CORPUS names no folder)'}`, async () => {
  const events = kindsOf(await eventsIn(corpus));
  expect(events.length).toBeGreaterThan(500);
  for (const { faults } of sets) {
    expect(first(events.flatMap((event) => faults(event)))).toEqual([]);
  }
});

published(`public rules${existsSync(sigma) ? '' : ' (skipped: PRIVWATCH_SIGMA names no folder)'}`, () => {
  test('are forwarded, or reported with a reason', async () => {
    const { ruleset } = checkRuleset(readDetectors([join(sigma, 'rules')]));
    const patterns = compilePatterns(ruleset!);
    expect(patterns.unserved.length).toBeLessThan(ruleset!.rules.length / 10);
    const faults = makeFaults(ruleset!, patterns);
    const events = kindsOf([...ofTests, ...(existsSync(corpus) ? await eventsIn(corpus) : [])]);
    expect(first(events.flatMap((event) => faults(event)))).toEqual([]);
  });
});

// ---- any ruleset ----------------------------------------------------------------------------------------------------

/** Values that events have, and rules ask for. */
const VOCABULARY: Record<string, string[]> = {
  eventName: ['CreateUser', 'CreateRole', 'DeleteUser', 'GetUser', 'ListUsers', 'AssumeRole', 'PutObject'],
  eventSource: ['iam.amazonaws.com', 'sts.amazonaws.com', 's3.amazonaws.com'],
  errorCode: ['AccessDenied', 'AccessDeniedException', 'Client.UnauthorizedOperation'],
  'userIdentity.type': ['Root', 'IAMUser', 'AWSService', 'AssumedRole'],
  'userIdentity.invokedBy': ['cloudformation.amazonaws.com', 'config.amazonaws.com'],
  'userIdentity.accessKeyId': ['AKIAEXAMPLE', 'ASIAEXAMPLE', ''],
  eventType: ['AwsApiCall', 'AwsConsoleSignIn', 'AwsServiceEvent'],
  eventCategory: ['Management', 'Data'],
  'requestParameters.userName': ['alice', 'bob'],
};
const FIELDS = Object.keys(VOCABULARY);

/** For some fields a value, null or absence each. */
function valuesFor(fields: string[]): fc.Arbitrary<Record<string, Json | undefined>> {
  return fc.record(
    Object.fromEntries(
      fields.map((field) => [field, fc.constantFrom(...VOCABULARY[field]!, null, undefined, undefined)]),
    ),
  );
}

function withFields(record: JsonObject, over: Record<string, Json | undefined>): JsonObject {
  const copy = structuredClone(record);
  for (const [field, value] of Object.entries(over)) {
    const [first, second] = field.split('.') as [string, string | undefined];
    const inner = second === undefined ? copy : { ...(copy[first] as JsonObject | null) };
    if (second !== undefined) copy[first] = inner;
    if (value === undefined) delete inner[second ?? first];
    else inner[second ?? first] = value;
  }
  return copy;
}

const item: fc.Arbitrary<JsonObject> = fc.constantFrom(...FIELDS, 'eventName', 'eventName').chain((field) => {
  const text = fc.constantFrom(...VOCABULARY[field]!);
  const anyCase = fc.oneof(
    text,
    text,
    text.map((value) => value.toLowerCase()),
  );
  const part = fc
    .tuple(text, fc.nat(6), fc.nat(6))
    .map(([value, from, length]) => value.slice(from, from + length + 1));
  const pattern = fc.oneof(
    text,
    anyCase,
    part.map((piece) => `${piece}*`),
    part.map((piece) => `*${piece}`),
    text.map((value) => value.replace(/e/, '?')),
    text.map((value) => value.replace(/[ao]/, '*')),
  );
  const list = fc.array(pattern, { minLength: 1, maxLength: 4 });
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 4, arbitrary: list.map((values) => ({ [field]: values })) },
    list.map((values) => ({ [`${field}|neq`]: values })),
    list.map((values) => ({ [`${field}|cased`]: values })),
    parts.chain((values) =>
      fc
        .constantFrom('startswith', 'endswith', 'contains', 'contains|all', 'startswith|neq', 'contains|cased')
        .map((modifier) => ({ [`${field}|${modifier}`]: values })),
    ),
    fc.boolean().map((present) => ({ [`${field}|exists`]: present })),
    fc.constant({ [field]: null }),
    text.map((value) => ({ [`${field}|re`]: value.replace(/[.]/g, '\\.') })),
  );
});

const map = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => Object.assign({}, ...items) as JsonObject);
const selection: fc.Arbitrary<Json> = fc.oneof(
  map,
  fc.array(map, { minLength: 1, maxLength: 3 }),
  fc.constant<Json>(['alice']),
);
const CONDITIONS = [
  'a',
  'a and not b',
  'a or b',
  'a and (b or not c)',
  'not a and b',
  'not (a or b) and c',
  '1 of them',
];
const detection = fc.record({ a: map, b: selection, c: selection, condition: fc.constantFrom(...CONDITIONS) });

const filter = fc
  .record({ selection: map, expires: fc.option(fc.constant('2026-03-31'), { nil: undefined }) })
  .map(({ selection: chosen, expires }) => ({
    ...{ title: 'An exception', logsource: { product: 'aws', service: 'cloudtrail' } },
    filter: { rules: 'any', selection: chosen, condition: 'not selection' },
    privwatch: { owner: 'o', reason: 'r', ...(expires !== undefined && { expires }) },
  }));

const documents = fc
  .tuple(fc.array(detection, { minLength: 1, maxLength: 5 }), fc.array(filter, { maxLength: 1 }))
  .map(([detections, filters]) => [
    ...detections.map((one, i) => rule(one as Json, { title: `rule ${i}`, name: `rule_${i}`, id: `${i}${ID}` })),
    ...(filters as JsonObject[]),
  ]);
const ID = '0f0a1c2e-0000-4000-8000-000000000000'.slice(1);

const record = valuesFor(FIELDS).map((values) => withFields({ eventTime: '2026-06-09T10:00:00Z' }, values));

/** The same value with each text in it, names of fields aside, in lower case. */
function lowered<T extends Json>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
    typeof inner === 'string' ? inner.toLowerCase() : inner,
  ) as T;
}
const loweredDetections = (files: JsonObject[]): JsonObject[] =>
  files.map((file) => (file['detection'] === undefined ? file : { ...file, detection: lowered(file['detection']) }));

/** Rules and records as AWS and authors spell them, then without letter case: only so can patterns say all that is left out. */
const spellings = [
  { once: false, files: (files: JsonObject[]) => files, records: (records: JsonObject[]) => records },
  { once: true, files: loweredDetections, records: (records: JsonObject[]) => records.map(lowered) },
];

describe.each(spellings)('of any ruleset (once: $once)', (spelling) => {
  test('what a rule matches is forwarded, or the rule is reported; the order of files does not matter', () => {
    let matched = 0;
    let [compiled, repeating] = [0, 0];
    fc.assert(
      fc.property(documents, fc.array(record, { minLength: 20, maxLength: 20 }), (documents, records) => {
        const files = spelling.files(documents);
        const { ruleset } = checkRuleset([source(...files)]);
        fc.pre(ruleset !== undefined);
        const reversed = checkRuleset([source(...[...files].reverse())]).ruleset!;
        // Longer than any pattern has to be, and so short that several are needed.
        for (const maxPatternLength of [4096, 900]) {
          const patterns = compilePatterns(ruleset, { maxPatternLength });
          expect(compilePatterns(reversed, { maxPatternLength })).toEqual(patterns);
          compiled++;
          if (patterns.member.some(({ repeats }) => repeats)) repeating++;
          const lengths = patterns.member.map(({ pattern }) => JSON.stringify(pattern).length);
          expect(Math.max(0, ...lengths)).toBeLessThanOrEqual(maxPatternLength);
          const faults = makeFaults(ruleset, patterns);
          const reported = new Set(patterns.unserved.map(({ detector }) => detector));
          for (const one of spelling.records(records)) {
            const event = eventOf(one);
            matched += match(event, ruleset).filter(({ rule: { id } }) => !reported.has(id)).length;
            expect(faults(event, spelling.once)).toEqual([]);
          }
        }
      }),
      runs(80),
    );
    expect(matched).toBeGreaterThan(30);
    // Most rulesets can be told apart, short as the patterns are.
    expect(repeating / compiled).toBeLessThan(0.25);
  });
});

describe('what no pattern can say', () => {
  const compiled = (detection: JsonObject): CompiledPatterns =>
    compilePatterns(checkRuleset([source(rule(detection))]).ruleset!);
  const names = Array.from({ length: 100 }, (_, i) => `SomeCallWithALongName${i}`);

  test('is taken more widely if what it leaves out is too long', () => {
    const { member, unserved } = compiled({
      ...{ a: { eventSource: 'quiet.amazonaws.com' }, b: { eventName: names } },
      condition: 'a and not b',
    });
    expect(unserved).toEqual([]);
    expect(member).toHaveLength(1);
    expect(JSON.stringify(member[0]!.pattern)).toMatch(/quiet\.amazonaws\.com/);
    expect(JSON.stringify(member[0]!.pattern).length).toBeLessThan(200);
  });

  test.each(['eventName', 'eventName|startswith', 'errorCode|endswith'])('is reported: %s of a long text', (field) => {
    const { member, unserved } = compiled({ a: { [field]: ['x'.repeat(2100)] }, condition: 'a' });
    expect(member).toEqual([]);
    expect(unserved.map(({ reason, partly }) => [reason, partly])).toEqual([
      ['what it asks for takes a pattern of more than 2048 characters', false],
    ]);
  });

  test('rules beyond what a bus takes are a mistake that is said', () => {
    expect(() => compilePatterns(everything, { maxPatternLength: 512, maxRules: 20 })).toThrow(/a bus takes 20: allow/);
  });
});
