import configSchema from '../../schemas/config.schema.json';
import detectorSchema from '../../schemas/detector.schema.json';
import { checkRuleset, loadRuleset } from '../../engine/ruleset';
import { DetectorError, formatProblem } from '../../engine/problems';
import { check, LOGSOURCE, matching, messages, rule, ruleOf, rulesetOf } from './support';

const UUID = '6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11';

/** Errors and warnings as people read them. */
function shown(text: string): string[] {
  const { errors, warnings } = check([text]);
  return [
    ...errors.map((problem) => `error ${formatProblem(problem)}`),
    ...warnings.map((problem) => `warning ${formatProblem(problem)}`),
  ];
}

const HEAD = 'title: T\nlevel: low\nlogsource: {product: aws, service: cloudtrail}\n';

describe('Loading detectors', () => {
  test('takes several documents a file, rules, filters and correlations, in any order', () => {
    const base = { ...ruleOf({ a: 1 }), title: 'Base', name: 'base' };
    const other = { ...ruleOf({ a: 1 }), title: 'Other', name: 'other', id: UUID };
    const filter = {
      title: 'F',
      logsource: LOGSOURCE,
      filter: { rules: ['base', UUID.toUpperCase()], s: { b: 1 }, condition: 'not s' },
    };
    const correlation = {
      title: 'C',
      correlation: { type: 'event_count', rules: ['base', UUID], timespan: '1h', condition: { gte: 3 } },
    };
    const orders = [
      [base, other, filter, correlation],
      [correlation, filter, other, base],
    ];
    for (const documents of orders) {
      const ruleset = rulesetOf(documents);
      expect([ruleset.rules.length, ruleset.filters.length, ruleset.correlations.length]).toEqual([2, 1, 1]);
      expect(matching(ruleset, { a: 1 })).toEqual(['Base', 'Other']);
      expect(matching(ruleset, { a: 1, b: 1 })).toEqual([]);
      const files = documents.map((document, i) => ({ file: `${i}.yml`, text: JSON.stringify(document) }));
      expect(matching(loadRuleset(files), { a: 1 })).toEqual(['Base', 'Other']);
    }
  });

  test('reports every problem of every file, with file, line, key and reason, and loads nothing', () => {
    const files = [
      { file: 'b.yml', text: `${HEAD}name: b\ndetection:\n  sel:\n    a|like: 1\n    b|re: '('\n  condition: sel\n` },
      { file: 'a.yml', text: `${HEAD}detection:\n  sel:\n    a: 1\n  condition: sel and nobody\nstatus: odd\n` },
      { file: 'c.yml', text: `${HEAD}name: c\ndetection: {sel: {a: 1}, condition: sel}\n` },
    ];
    const { ruleset, errors } = checkRuleset(files);
    expect(ruleset).toBeUndefined();
    expect(errors.map(formatProblem)).toEqual([
      'a.yml:7: detection.condition: unknown search identifier nobody',
      'a.yml:8: status: "odd" is none of stable, test, experimental, deprecated, unsupported',
      'b.yml:7: detection.sel.a|like: unknown modifier like',
      'b.yml:8: detection.sel.b|re: no valid regular expression: error parsing regexp: missing closing ): `(`',
    ]);
    expect(() => loadRuleset(files)).toThrow(DetectorError);
  });

  test.each([
    [
      'a repeated key',
      `${HEAD}detection:\n  sel:\n    a: 1\n    a: 2\n  condition: sel\n`,
      'rule.yml:7: this key is there twice',
    ],
    [
      'lines in a second document',
      `${HEAD}detection: {s: {a: 1}, condition: s}\n---\n${HEAD}name: n\ndetection: {s: {}, condition: s}\n`,
      'rule.yml:10: detection.s: an empty map matches everything',
    ],
    [
      'an item of a list',
      `${HEAD}detection:\n  s:\n    - a: 1\n    - b|like: 1\n  condition: s\n`,
      'rule.yml:7: detection.s.1.b|like: unknown modifier like',
    ],
    [
      'one of several conditions',
      `${HEAD}detection:\n  s: {a: 1}\n  condition:\n    - s\n    - t\n`,
      'rule.yml:8: detection.condition.1: unknown search identifier t',
    ],
    [
      'a key that is a number',
      `${HEAD}detection:\n  x: {a: 1}\n  1:\n    a|like: 1\n  condition: x or 1\n`,
      'rule.yml:7: detection.1.a|like: unknown modifier like',
    ],
    [
      'what an anchor names',
      `${HEAD}detection:\n  x: &x\n    a|like: 1\n  y: *x\n  condition: x and y\n`,
      'rule.yml:6: detection.x.a|like: unknown modifier like',
    ],
    [
      'not YAML',
      'title: [',
      'rule.yml:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['an unknown alias', `${HEAD}detection: *x\n`, 'rule.yml:4: x: no anchor of this name stands before the alias'],
    [
      'an alias within what it stands for',
      `${HEAD}detection: &x\n  s: *x\n`,
      'rule.yml:5: x: the alias refers to what it is part of',
    ],
    [
      'a number that is none',
      `${HEAD}detection: {s: {a: .nan}, condition: s}\n`,
      'rule.yml:4: .nan: quote this: the number cannot be kept exactly',
    ],
    [
      'a number that is too large',
      `${HEAD}detection: {s: {a: 12345678901234567890}, condition: s}\n`,
      'rule.yml:4: 12345678901234567890: quote this: the number cannot be kept exactly',
    ],
    ['a key that is a list', `${HEAD}detection: {s: {[a]: 1}, condition: s}\n`, 'rule.yml:4: a key is text'],
    ['a list', '- a\n', 'rule.yml:1: a detector is a map with a title and a detection'],
    ['no document', '# nothing\n', 'rule.yml:1: the file holds no detector'],
    ['neither kind', 'title: T\n', 'rule.yml:1: neither a detection, nor a correlation, nor a filter'],
    [
      'an unknown key of ours',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch:\n  titel: x\n`,
      'rule.yml:6: privwatch.titel: unknown key; known here: title, entities, group, quiet, first_seen, not_minted_by, severity, stage, acts, compliance, runbook, tests',
    ],
    [
      'an unsupported rule',
      `${HEAD}status: unsupported\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:4: status: it says of itself that it is unsupported',
    ],
    [
      'a timeframe',
      `${HEAD}detection:\n  s: {a: 1}\n  timeframe: 5m\n  condition: s\n`,
      'rule.yml:6: detection.timeframe: timeframe belonged to aggregations, which Sigma has retired: write a correlation',
    ],
    [
      'an unknown taxonomy',
      `${HEAD}taxonomy: ecs\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:4: taxonomy: ecs: its field names are not known here; known: sigma, privwatch',
    ],
    [
      'a derived field without its taxonomy',
      `${HEAD}detection:\n  s:\n    derived.mfa: absent\n  condition: s\n`,
      'rule.yml:6: detection.s.derived.mfa: derived.mfa is a derived field: say taxonomy: privwatch',
    ],
    [
      'a derived field that does not exist',
      `${HEAD}taxonomy: privwatch\ndetection: {s: {a|fieldref: derived.mood}, condition: s}\n`,
      'rule.yml:5: detection.s.a|fieldref: there is no derived field derived.mood',
    ],
    [
      'an unknown derived field in a title',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch: {title: '{derived.moods}'}\n`,
      'rule.yml:5: privwatch.title: there is no derived field derived.moods',
    ],
    [
      'an unknown derived field in a group',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch: {group: [a, derived.moods]}\n`,
      'rule.yml:5: privwatch.group.1: there is no derived field derived.moods',
    ],
    [
      'a title with an open brace',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch: {title: 'a {b'}\n`,
      'rule.yml:5: privwatch.title: braces do not match',
    ],
    [
      'an unknown name in a runbook',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch:\n  runbook:\n    - ok\n    - '{colour}'\n`,
      'rule.yml:8: privwatch.runbook.1: {colour} is not known in a runbook; known: actor, account, region, resource, firstSeen, lastSeen, sourceAddress, accessKeyId',
    ],
    [
      'too long a quiet',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch: {quiet: 2d}\n`,
      'rule.yml:5: privwatch.quiet: at most 1d: a finding ends at midnight UTC',
    ],
    [
      'a path with a script',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch: {entities: {resources: [{type: Other, name: '$..[?(@.x)]'}]}}\n`,
      'rule.yml:5: privwatch.entities.resources.0.name: "$..[?(@.x)]" is not right: A JSONPath of names, indexes and *, e.g. $.requestParameters.userName',
    ],
    [
      'a severity on an unknown modifier',
      `${HEAD}detection: {s: {a: 1}, condition: s}\nprivwatch: {severity: [{when: {a|like: 1}, level: high}]}\n`,
      'rule.yml:5: privwatch.severity.0.when.a|like: unknown modifier like',
    ],
    [
      'a malformed date',
      `${HEAD}date: 1 May 2026\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:4: date: "1 May 2026" is not right: A date, YYYY-MM-DD',
    ],
    [
      'an impossible date',
      `${HEAD}modified: 2026-02-30\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:4: modified: 2026-02-30 is not in the calendar',
    ],
    [
      'a malformed tag',
      `${HEAD}tags:\n  - attack.t1098\n  - Attack.T1098\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:6: tags.1: "Attack.T1098" is not right: A tag of namespace.name in lower case, e.g. attack.t1098.003',
    ],
    [
      'a malformed id',
      `${HEAD}id: one\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:4: id: "one" is not right: A UUID, e.g. 6c1f0b1e-7a55-4a0e-9d7b-2f7c6b0f4a11',
    ],
    [
      'no logsource',
      'title: T\nlevel: low\ndetection: {s: {a: 1}, condition: s}\n',
      'rule.yml:1: logsource is missing',
    ],
    ['no condition', `${HEAD}detection: {s: {a: 1}}\n`, 'rule.yml:4: detection: condition is missing'],
    [
      'an odd identifier',
      `${HEAD}detection: {s x: {a: 1}, t: {a: 1}, condition: t}\n`,
      'rule.yml:4: detection.s x: a search identifier is made of letters, digits, _ and -',
    ],
    [
      'a null keyword',
      `${HEAD}detection: {s: [x, null], condition: s}\n`,
      'rule.yml:4: detection.s: null is no keyword',
    ],
    [
      'an empty list of keywords',
      `${HEAD}detection: {s: [], condition: s}\n`,
      'rule.yml:4: detection.s: an empty list matches nothing',
    ],
    [
      'keywords with another modifier',
      `${HEAD}detection: {s: {'|endswith': x}, condition: s}\n`,
      'rule.yml:4: detection.s.|endswith: keywords do not take endswith',
    ],
  ])('refuses %s', (_what, text, expected) => {
    expect(shown(text)[0]).toBe(`error ${expected}`);
  });

  test.each([
    [
      'an unquoted yes',
      `${HEAD}detection:\n  s:\n    a: yes\n  condition: s\n`,
      'rule.yml:6: yes: quote this: yes is text here and a boolean to YAML 1.1 parsers',
    ],
    [
      'an unquoted off in a list',
      `${HEAD}detection: {s: {a: [x, Off]}, condition: s}\n`,
      'rule.yml:4: Off: quote this: Off is text here and a boolean to YAML 1.1 parsers',
    ],
    [
      'leading zeros',
      `${HEAD}detection: {s: {a: 012345678901}, condition: s}\n`,
      'rule.yml:4: 012345678901: quote this: as a number it loses its leading zeros',
    ],
    ['an unknown tag', `${HEAD}detection: {s: {a: !odd x}, condition: s}\n`, 'rule.yml:4: Unresolved tag: !odd'],
    [
      'a name that begins like an operator',
      `${HEAD}detection: {not_x: {a: 1}, condition: not_x}\n`,
      'rule.yml:4: detection.not_x: pySigma reads such a name in a condition as an operator and a name: choose another',
    ],
    [
      'another source',
      'title: T\nlevel: low\nlogsource: {product: windows}\ndetection: {s: {a: 1}, condition: s}\n',
      'rule.yml:3: logsource: not applicable: no event of this source is read here',
    ],
    [
      'a deprecated rule',
      `${HEAD}status: deprecated\ndetection: {s: {a: 1}, condition: s}\n`,
      'rule.yml:4: status: it says of itself that it is deprecated',
    ],
    [
      'no level',
      'title: T\nlogsource: {product: aws}\ndetection: {s: {a: 1}, condition: s}\n',
      'rule.yml:1: no level: medium is assumed',
    ],
  ])('warns of %s', (_what, text, expected) => {
    expect(shown(text)).toEqual([`warning ${expected}`]);
  });

  test('says of an unknown level that it is unknown, and not that there is none', () => {
    const text = 'title: T\nlogsource: {product: aws}\ndetection: {s: {a: 1}, condition: s}\nlevel: extreme\n';
    expect(shown(text)).toEqual([
      'error rule.yml:4: level: "extreme" is none of informational, low, medium, high, critical',
    ]);
  });

  test('has a sentence for every pattern and format of the schemas', () => {
    const silent: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { pattern, format, description } = node as Record<string, unknown>;
      if (typeof (pattern ?? format) === 'string' && typeof description !== 'string') silent.push(path);
      for (const [key, value] of Object.entries(node)) visit(value, `${path}.${key}`);
    };
    visit([detectorSchema, configSchema], '');
    expect(silent).toEqual([]);
  });

  test('says nothing of quoted words, and of keys of its own', () => {
    expect(shown(`${HEAD}x-own: {a: 1}\ndetection: {s: {a: 'yes', b: '0123'}, condition: s}\n`)).toEqual([]);
  });

  test.each([
    ['id', { id: UUID }, { id: UUID.toUpperCase(), name: 'other' }],
    ['name', {}, {}],
    ['title', { name: undefined as never }, { name: undefined as never }],
  ])('refuses two rules with the same %s', (key, one, two) => {
    const { errors } = check([JSON.stringify(ruleOf({ a: 1 }, one)), JSON.stringify(ruleOf({ a: 1 }, two))]);
    expect(errors.map(formatProblem)).toEqual([`1.yml:1: ${key}: 0.yml:1 has the same ${key}`]);
  });

  test('compares the logsource without regard to case, and only the keys that the rule states', () => {
    const ruleset = rulesetOf([
      ruleOf({ a: 1 }, { title: 'Upper', name: 'upper', logsource: { product: 'AWS', service: 'CloudTrail' } }),
      ruleOf({ a: 1 }, { title: 'Product', name: 'product', logsource: { product: 'aws', definition: 'any' } }),
      ruleOf({ a: 1 }, { title: 'Duty', name: 'duty', logsource: { product: 'aws', service: 'guardduty' } }),
      ruleOf({ a: 1 }, { title: 'Category', name: 'category', logsource: { product: 'aws', category: 'audit' } }),
    ]);
    expect(matching(ruleset, { a: 1 })).toEqual(['Product', 'Upper']);
  });

  test.each([
    [
      'aliases of aliases',
      `a0: &a0 [x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`).join('\n')}\n`,
    ],
    ['open brackets', '['.repeat(5000)],
    ['dashes', '- '.repeat(5000)],
    ['a thousand mistakes', `a: {\n`.repeat(1000)],
  ])('a file of %s is refused, and soon', (_what, text) => {
    const start = performance.now();
    const { errors } = check([text]);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(10);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('a detection nested without end is refused', () => {
    const text = `${HEAD}detection: {s: ${'['.repeat(500)}${']'.repeat(500)}, condition: s}\n`;
    expect(messages(check([text]).errors)).toEqual(['detection.s: a keyword is text or a number']);
  });

  test('a wrong identifier does not hide what is wrong in the condition, and is no further error there', () => {
    const wrong = { a: { 'x|like': 1 }, c: { x: 1 } };
    expect(messages(check([rule({ ...wrong, condition: 'a and not b' })]).errors)).toEqual([
      'detection.a.x|like: unknown modifier like',
      expect.stringMatching(/^detection.condition: .*\bb\b/),
    ]);
    expect(messages(check([rule({ ...wrong, condition: 'a and c' })]).errors)).toHaveLength(1);
  });
});
