import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../cli/run';

/** Of a hundred thousand groups it takes half an hour: here only that it works, and judges. */
test('The soak takes some groups down the whole road, and says that each counter adds up', () => {
  const args = ['--expose-gc', join(root, 'dist/bench/soak.js'), '--groups', '97'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root });
  expect(stdout).toContain('in 100 = matched 97 + unmatched 1 + rejected 1 + duplicate 1');
  expect(stdout).toMatch(/holds {2}findings 98 = groups 97,/);
  expect(stdout.match(/^holds {2}/gm)).toHaveLength(9);
  expect(stdout).toContain('The promises held.');
  expect(status).toBe(0);
});
