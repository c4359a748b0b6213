import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rulesetOf } from '../../engine/compiled';
import { root } from '../cli/run';

const folder = join(root, 'dist', 'lambda');

/** In a process of its own: esbuild and jest do not share one. */
beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'dist/infra/bundle.js'), '--config', 'samples/privwatch.yml'], {
    cwd: root,
  });
});

describe('The bundle', () => {
  test.each([
    'detect',
    'sweep',
    'reconcile',
    'outbox',
    'security-hub',
    'sns',
    'eventbridge',
    'heartbeat',
    'silence',
    'digest',
  ])('of %s loads by itself, and has a handler', (name) => {
    const file = join(folder, name, 'index.js');
    const script = `console.log(typeof require(${JSON.stringify(file)}).handler)`;
    const env = {
      PATH: process.env['PATH'],
      AWS_REGION: 'us-east-1',
      NODE_NO_WARNINGS: '1',
      HUB_ACCOUNT: '111122223333',
    };
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', env, cwd: '/' }).trim()).toBe('function');
  });

  test('of detect stays small: neither YAML nor schemas are in it', () => {
    expect(statSync(join(folder, 'detect', 'index.js')).size).toBeLessThan(700_000);
  });

  test('has the detectors and the configuration beside it, ready to be compiled', () => {
    const { documents, config } = JSON.parse(readFileSync(join(folder, 'ruleset.json'), 'utf8')) as {
      documents: Parameters<typeof rulesetOf>[0];
      config: Parameters<typeof rulesetOf>[1];
    };
    const ruleset = rulesetOf(documents, config);
    expect(ruleset.rules.length).toBeGreaterThan(25);
    expect(ruleset.context.account('111122223333')?.name).toBe('shop-prod');
  });
});
