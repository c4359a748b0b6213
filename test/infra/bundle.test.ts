import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rulesetOf } from '../../engine/compiled';
import type { JsonObject } from '../../events/json';
import { root } from '../cli/run';
import { noticeOf } from '../findings/sinks/notices';

const folder = join(root, 'dist', 'lambda');

let report: string;

/** In a process of its own: esbuild and jest do not share one. */
beforeAll(() => {
  const options = ['--config', 'samples/privwatch.yml', '--report', '1'];
  report = execFileSync(process.execPath, [join(root, 'dist/infra/bundle.js'), ...options], {
    cwd: root,
    encoding: 'utf8',
  });
});

test('The report says of each function how large it is, and how fast it loads beside the same code unbundled', () => {
  const [head, ...rows] = report.trimEnd().split('\n');
  expect(head).toMatch(/^function +KB +load$/);
  expect(rows).toHaveLength(10);
  const { length } = readFileSync(join(folder, 'sns', 'index.js'));
  expect(rows.map((row) => row.replace(/\d\.\d\d of/, 'N of'))).toContain(
    `${'sns'.padEnd(14)}${String(Math.round(length / 1000)).padStart(6)}${'N of unbundled'.padStart(19)}`,
  );
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
    const files = ['index.js', 'node_modules/re2js/index.js'].map((file) => join(folder, 'detect', file));
    expect(files.reduce((bytes, file) => bytes + statSync(file).size, 0)).toBeLessThan(700_000);
    // What is read at every start: no regular expressions, and of the SDK what is called.
    expect(statSync(files[0]!).size).toBeLessThan(500_000);
  });

  test('of detect finds what it reads only for a regular expression, wherever it is put', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'detect-'));
    cpSync(join(folder, 'detect'), elsewhere, { recursive: true });
    const launch = (instanceType: string): JsonObject => ({
      ...{ 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.ec2', account: '111122223333' },
      detail: {
        ...{ eventID: randomUUID(), eventTime: new Date().toISOString(), awsRegion: 'us-east-1' },
        ...{ eventSource: 'ec2.amazonaws.com', eventName: 'RunInstances', recipientAccountId: '111122223333' },
        ...{ userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/bob', accountId: '111122223333' } },
        ...{
          requestParameters: { instanceType },
          responseElements: { instancesSet: { items: [{ instanceId: 'i-0' }] } },
        },
      },
    });
    const script = `
      const { handler } = require(${JSON.stringify(elsewhere)});
      const one = (body) => handler({ Records: [{ messageId: 'm', body, attributes: {} }] });
      const later = () => Object.keys(require.cache).some((file) => file.includes('re2js'));
      (async () => {
        const before = later();
        const answers = [await one(${JSON.stringify(JSON.stringify(launch('p5.48xlarge')))})];
        console.log(JSON.stringify({ before, after: later(), answers }));
      })();`;
    const calls: string[] = [];
    const server = createServer((request, response) => {
      calls.push(String(request.headers['x-amz-target']));
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const env = {
      ...{ PATH: process.env['PATH'], AWS_REGION: 'us-east-1', NODE_NO_WARNINGS: '1', TABLE: 't', LOG_LEVEL: 'silent' },
      ...{ AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' },
      RULESET_FILE: join(elsewhere, 'ruleset.json'),
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env, cwd: '/' });
    server.close();
    rmSync(elsewhere, { recursive: true });
    expect(stdout).toContain('{"before":false,"after":true,"answers":[{"batchItemFailures":[]}]}');
    expect(calls).toContain('DynamoDB_20120810.PutItem');
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
