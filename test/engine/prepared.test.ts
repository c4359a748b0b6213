import { prepare } from '../../engine/prepared';
import { checkRuleset } from '../../engine/ruleset';

const rule = `title: A call
id: 5a2f5e5c-3c77-4b21-9a63-2f6d2c0c7e0d
logsource: {product: aws, service: cloudtrail}
detection:
  call:
    eventName: StopLogging
  condition: call
level: low
`;
const source = { file: 'a.yml', text: rule };

/** A ruleset as far as it can be compared. */
function rulesIn(sources: { file: string; text: string }[], prepared = {}) {
  const { ruleset, errors, warnings } = checkRuleset(sources, {}, prepared);
  const rules = ruleset?.rules.map(({ document, meaning, level }) => ({ data: document.data, meaning, level }));
  return { rules, errors, warnings };
}

test('a prepared file gives what reading it gives, lines included', () => {
  const prepared = prepare([source]);
  expect(Object.keys(prepared)).toHaveLength(1);
  expect(rulesIn([source], prepared)).toEqual(rulesIn([source]));
  const { document } = checkRuleset([source], {}, prepared).ruleset!.rules[0]!;
  expect(document.line(['detection', 'call', 'eventName'])).toBe(6);
});

test('a prepared file is told apart by its text, not by its name', () => {
  const changed = { ...source, text: rule.replace('level: low', 'level: high') };
  expect(rulesIn([changed], prepare([source])).rules?.[0]?.level).toBe('high');
});

test.each([
  ['an error', rule.replace('level: low', 'level: lower')],
  ['a warning', rule.replace('level: low\n', 'level: low\nstatus: deprecated\nauthor: yes\n')],
])('a file with %s is not prepared, so that it says so at each load', (_what, text) => {
  const faulty = { file: 'a.yml', text };
  const prepared = prepare([faulty, source]);
  expect(Object.keys(prepared)).toHaveLength(1);
  const { errors, warnings } = rulesIn([faulty], prepared);
  expect(errors.length + warnings.length).toBeGreaterThan(0);
});
