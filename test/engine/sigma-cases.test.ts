import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject } from '../../events/json';
import { check, LOGSOURCE, matching, rule, ruleOf, rulesetOf, verdict } from './support';

interface Case {
  id: string;
  d: JsonObject;
  e?: JsonObject;
  x?: boolean;
  reject?: boolean;
}

const cases = parse(readFileSync(join(__dirname, 'sigma-cases.yml'), 'utf8'), { version: '1.2' }) as Case[];

describe('The Sigma language', () => {
  test.each(cases.filter(({ reject }) => !reject))('$id: $x', ({ d, e, x }) => {
    expect(verdict(d, e!)).toBe(x);
  });

  test.each(cases.filter(({ reject }) => reject))('$id is refused', ({ d }) => {
    expect(check([rule(d)]).errors).not.toEqual([]);
  });

  test('no case lacks a verdict, and no id is there twice', () => {
    expect(cases.filter(({ e, x, reject }) => !reject && (e === undefined || x === undefined))).toEqual([]);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThanOrEqual(119);
  });

  test('expand takes its values, wildcards included, from the configuration', () => {
    const detection = { sel: { 'ip|expand': '%trusted%' }, condition: 'sel' };
    const config = { expand: { trusted: ['10.1.*', 'vpn'] } };
    expect(verdict(detection, { ip: '10.1.9.9' }, config)).toBe(true);
    expect(verdict(detection, { ip: 'VPN' }, config)).toBe(true);
    expect(verdict(detection, { ip: '10.2.9.9' }, config)).toBe(false);
  });

  test('expand without configured values is refused, not read as text', () => {
    expect(check([ruleOf({ 'ip|expand': '%trusted%' })]).errors.map(({ message }) => message)).toEqual([
      'no values for %trusted%: give them under expand in the configuration',
    ]);
  });

  test.each([
    ['not selection', false, true],
    ['selection', true, false],
  ])('a filter of any rule with the condition "%s" is ANDed as written', (condition, ofBot, ofOthers) => {
    const filter = {
      title: 'F',
      logsource: LOGSOURCE,
      filter: { rules: 'any', selection: { user: 'bot' }, condition },
    };
    const ruleset = rulesetOf([ruleOf({ a: 1 }), filter]);
    expect(matching(ruleset, { a: 1, user: 'bot' }).length > 0).toBe(ofBot);
    expect(matching(ruleset, { a: 1 }).length > 0).toBe(ofOthers);
  });
});
