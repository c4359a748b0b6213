import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { match } from '../../engine/match';
import type { Source } from '../../engine/document';
import { checkRuleset } from '../../engine/ruleset';
import { eventOf } from './support';

/** A checkout of public Sigma rules for AWS: folders rules, rules-placeholder and unsupported. */
const folder = resolve(__dirname, '../..', process.env['PRIVWATCH_SIGMA'] ?? '../shared/sigmahq-aws');

const isThere = existsSync(folder);
const [describeOrSkip, reason] = isThere
  ? [describe, '']
  : [describe.skip, ' (skipped: they are not here; PRIVWATCH_SIGMA names a folder that holds them)'];

function sourcesIn(name: string): Source[] {
  if (!isThere) return [];
  return readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yml'))
    .map((file) => ({ file, text: readFileSync(join(folder, name, file), 'utf8') }));
}

describeOrSkip(`Public Sigma rules${reason}`, () => {
  test('load, every one, without an error', () => {
    const files = sourcesIn('rules');
    const { ruleset, errors } = checkRuleset(files);
    expect(errors).toEqual([]);
    expect(ruleset!.rules.length).toBe(files.length);
    expect(files.length).toBeGreaterThan(0);
  });

  test('are nearly all found through the index', () => {
    const { ruleset } = checkRuleset(sourcesIn('rules'));
    const event = eventOf({ eventName: 'NoSuchCall', eventSource: 'none.amazonaws.com' });
    expect(ruleset!.index.candidates(event).length).toBeLessThan(ruleset!.rules.length / 4);
    expect(match(event, ruleset!)).toEqual([]);
  });

  for (const source of sourcesIn('unsupported')) {
    test(`${source.file} is refused for its status`, () => {
      const { ruleset, errors } = checkRuleset([source]);
      expect(ruleset).toBeUndefined();
      expect(errors.map(({ key }) => key)).toContain('status');
      const reasons = errors.map(({ message }) => message).join('\n');
      expect(reasons).toContain('it says of itself that it is unsupported');
      if (source.text.includes('timeframe:')) expect(reasons).toContain('timeframe belonged to aggregations');
      for (const { line } of errors) expect(line).toBeGreaterThan(1);
    });
  }

  for (const source of sourcesIn('rules-placeholder')) {
    test(`${source.file} loads only with values for its placeholders`, () => {
      const names = [...source.text.matchAll(/%(\w+)%/g)].map(([, name]) => name!);
      expect(names.length).toBeGreaterThan(0);
      expect(checkRuleset([source]).errors.map(({ message }) => message)).toEqual(
        expect.arrayContaining([`no values for %${names[0]}%: give them under expand in the configuration`]),
      );
      const expand = Object.fromEntries(names.map((name) => [name, ['one', 'two']]));
      expect(checkRuleset([source], { expand }).errors).toEqual([]);
    });
  }
});
