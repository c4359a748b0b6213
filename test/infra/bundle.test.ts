import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rulesetOf } from '../../engine/compiled';
import { root } from '../cli/run';
import { noticeOf } from '../findings/sinks/notices';

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

  test('signs with the credentials in the environment', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization, request.headers['x-amz-security-token'] as string | undefined);
      response
        .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
        .end('{"FailedEntryCount":0,"Entries":[{}]}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const env = {
      ...{ PATH: process.env['PATH'], AWS_REGION: 'us-east-1', EVENT_BUS: 'b', NODE_NO_WARNINGS: '1' },
      ...{ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example', AWS_SESSION_TOKEN: 'token' },
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    };
    const body = JSON.stringify(noticeOf());
    const event = { Records: [{ messageId: 'm', body, attributes: {} }] };
    const file = JSON.stringify(join(folder, 'eventbridge', 'index.js'));
    const script = `require(${file}).handler(${JSON.stringify(event)}).then((answer) => console.log(JSON.stringify(answer)))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env, cwd: '/' });
    server.close();
    expect(stdout).toContain('{"batchItemFailures":[]}');
    expect(asked).toEqual([expect.stringContaining('AKIAEXAMPLE/'), 'token']);
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
