import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lines, privwatch, root } from './run';

const folder = mkdtempSync(join(tmpdir(), 'privwatch-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

const detector = join(root, 'detectors/iam/aws_iam_user_granted_administrator.yml');

describe('new detector', () => {
  const made = privwatch(['new', 'detector', 'aws_kms_key_deletion_scheduled', '--folder', folder]);
  const file = join(folder, 'kms', 'aws_kms_key_deletion_scheduled.yml');

  test('writes a file that loads without a warning and whose tests pass', () => {
    expect(made.code).toBe(0);
    expect(made.stdout.trim()).toBe(file);
    expect(privwatch(['lint', file])).toMatchObject({ code: 0, stdout: '' });
    expect(privwatch(['test', file])).toMatchObject({
      code: 0,
      stderr: '1 detector, 1 of them with tests: 3 tests passed, 0 failed\n',
    });
  });

  test('binds the schema for the editor', () => {
    const schema = /\$schema=(\S+)/.exec(readFileSync(file, 'utf8'))![1]!;
    expect(JSON.parse(readFileSync(join(folder, 'kms', schema), 'utf8'))).toHaveProperty('title', 'privwatch detector');
  });

  test('never overwrites, and wants a proper name', () => {
    expect(privwatch(['new', 'detector', 'aws_kms_key_deletion_scheduled', '--folder', folder])).toMatchObject({
      code: 2,
    });
    expect(privwatch(['new', 'detector', '../../etc/passwd', '--folder', folder])).toMatchObject({ code: 2 });
    const underFile = privwatch(['new', 'detector', 'aws_kms_x', '--folder', file]);
    expect([underFile.code, underFile.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: .*kms: part of this path is a file, not a folder\n$/),
    ]);
  });
});

describe('test', () => {
  test('fails with file and line when a test does not hold', () => {
    const text = readFileSync(detector, 'utf8').replace('policy/ReadOnlyAccess', 'policy/AdministratorAccess');
    const broken = join(folder, 'broken.yml');
    writeFileSync(broken, text);
    const { code, stdout } = privwatch(['test', broken]);
    expect(code).toBe(1);
    const line = text.split('\n').findIndex((content) => content.includes('does not fire on ReadOnlyAccess')) + 1;
    expect(stdout).toMatch(new RegExp(`broken\\.yml:${line}: .*matched`));
  });

  test('--json gives a line a test', () => {
    const results = lines(privwatch(['test', detector, '--json']).stdout);
    expect(results.length).toBeGreaterThan(2);
    expect(results.every(({ passed }) => passed === true)).toBe(true);
  });
});

describe('lint', () => {
  test('shows all problems of all files with their lines, and exits with 1', () => {
    const one = join(folder, 'one.yml');
    const two = join(folder, 'two.yml');
    writeFileSync(
      one,
      'title: one\nlogsource: {product: aws}\ndetection:\n  a: {x|like: 1}\n  b: {}\n  condition: a and b\nlevel: grave\n',
    );
    writeFileSync(two, 'title: two\n');
    const { code, stdout } = privwatch(['lint', one, two]);
    expect(code).toBe(1);
    expect(stdout).toContain('one.yml:4: detection.a.x|like: unknown modifier like');
    expect(stdout).toContain('one.yml:5: detection.b: an empty map matches everything');
    expect(stdout).toMatch(/one\.yml:7: level: "grave" is none of/);
    expect(stdout).toContain('two.yml:1');
    expect(lines(privwatch(['lint', one, two, '--json']).stdout).length).toBeGreaterThanOrEqual(4);
  });
});

describe('explain', () => {
  const event = join(folder, 'event.json');
  const record = {
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', accountId: '111122223333', userName: 'mallory' },
    eventTime: '2026-03-03T02:15:00Z',
    eventSource: 'iam.amazonaws.com',
    eventName: 'AttachUserPolicy',
    requestParameters: { userName: 'bob', policyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
    eventID: '0d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5a80',
    recipientAccountId: '111122223333',
  };
  const explain = (content: object, ...args: string[]): string => {
    writeFileSync(event, JSON.stringify(content));
    return privwatch(['explain', 'aws_iam_user_granted_administrator', event, ...args]).stdout;
  };

  test('names the first clause that failed, with the value seen', () => {
    const text = explain(record);
    expect(text).toContain('no match');
    expect(text).toMatch(/✗ line \d+ {2}power: derived\.policy\.power: .*\n +saw "none"/);
    expect(text).not.toContain('failed: errorCode');
  });

  test('shows every clause that held, and the level', () => {
    const admin = {
      ...record,
      requestParameters: { ...record.requestParameters, policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
    };
    const result = JSON.parse(explain(admin, '--json')) as {
      matched: boolean;
      level: string;
      clauses: { favours: boolean }[];
    };
    expect(result).toMatchObject({ matched: true, level: 'high' });
    expect(result.clauses.map(({ favours }) => favours)).toEqual([true, true, true, true]);
  });

  test('a clause behind "not" that holds is what failed', () => {
    const denied = {
      ...record,
      errorCode: 'AccessDenied',
      requestParameters: { userName: 'bob', policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
    };
    expect(explain(denied)).toMatch(/✗ line \d+ {2}not failed: errorCode\|exists: true\n +saw "AccessDenied"/);
  });

  test('an exception that suppresses the rule is named', () => {
    const filter = join(folder, 'filter.yml');
    writeFileSync(
      filter,
      'title: Mallory may\nlogsource: {product: aws, service: cloudtrail}\nfilter:\n  rules: any\n  m: {userIdentity.userName: mallory}\n  condition: not m\nprivwatch: {owner: us, reason: test}\n',
    );
    const admin = {
      ...record,
      requestParameters: { ...record.requestParameters, policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
    };
    expect(explain(admin, '-d', detector, '-d', filter)).toContain('the exception "Mallory may"');
  });

  test('finds an event by its id within files; says what it cannot find', () => {
    expect(privwatch(['explain', 'aws_iam_user_granted_administrator', record.eventID, event])).toMatchObject({
      code: 0,
    });
    expect(privwatch(['explain', 'aws_iam_user_granted_administrator', 'no-such-id', event])).toMatchObject({
      code: 2,
    });
    const near = privwatch(['explain', 'granted_administrator', event]);
    expect(near.code).toBe(2);
    expect(near.stderr).toContain('aws_iam_user_granted_administrator');
  });
});

describe('explain a correlation', () => {
  const rules = join(folder, 'correlation.yml');
  writeFileSync(
    rules,
    [
      'title: base\nname: base\nlogsource: {product: aws, service: cloudtrail}\ndetection: {sel: {eventName: AttachUserPolicy}, condition: sel}\nlevel: low',
      'title: Three of them\nname: three\ncorrelation: {type: event_count, rules: [base], group-by: [recipientAccountId], timespan: 1h, condition: {gte: 3}}\nlevel: high\n',
    ].join('\n---\n'),
  );
  const events = ['02:00', '02:10', '02:20', '09:00'].map((time, i) => ({
    eventVersion: '1.11',
    eventTime: `2026-03-03T${time}:00Z`,
    eventSource: 'iam.amazonaws.com',
    eventName: i === 3 ? 'CreateUser' : 'AttachUserPolicy',
    eventID: `0d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5a8${i}`,
    recipientAccountId: '111122223333',
  }));
  const logs = join(folder, 'logs.json');
  writeFileSync(logs, JSON.stringify({ Records: events }));

  test('shows the hits of its window and that they fire', () => {
    const { code, stdout } = privwatch(['explain', 'three', events[1]!.eventID, logs, '-d', rules]);
    expect(code).toBe(0);
    expect(stdout).toContain('fires: a window of 3600 s');
    expect(stdout.match(/✓ 2026-03-03T02/g)).toHaveLength(3);
    expect(stdout).toMatch(/02:10:00Z {2}base {2}\S+ {2}\(this one\)/);
  });

  test('says why an event is in no window', () => {
    const { stdout } = privwatch(['explain', 'three', events[3]!.eventID, logs, '-d', rules]);
    expect(stdout).toContain('does not fire: the event is no hit of base');
  });
});

const full = existsSync('/dev/full') ? test : test.skip;

full('a full disk is an error, and not a finding', () => {
  const output = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin/privwatch.js'), 'replay', '--json'], {
    stdio: ['ignore', output, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(output);
  expect(status).toBe(2);
  expect(stderr).toContain('error: ENOSPC');
  expect(stderr).not.toMatch(/^\s+at /m);
});

describe('patterns', () => {
  test('shows the rules, what no rule can feed, and what share of some events would be forwarded', () => {
    const { code, stdout } = privwatch(['patterns', join(root, 'samples/root-at-night')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Rules for every account and Region: \d+\n/);
    expect(stdout).toMatch(/any-name-1 +…WITH_ALL…/);
    expect(stdout).toMatch(/Through the S3 path only: \d+\n/);
    expect(stdout).toMatch(/Forwarded: \d+ of \d+ events \(\d+\.\d\d %\)/);
  });

  test('as JSON holds the patterns, none longer than asked for; a length that no account has is refused', () => {
    const { code, stdout } = privwatch(['patterns', '--json', '--max-length', '4096']);
    const { member, hub } = JSON.parse(stdout) as Record<'member' | 'hub', { pattern: object }[]>;
    expect([code, hub.length > 0, member.length > 5]).toEqual([0, true, true]);
    for (const { pattern } of member) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(4096);
    expect(privwatch(['patterns', '--max-length', '5000'])).toMatchObject({ code: 2 });
  });
});
