import { spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFinding } from '../../engine/schema';
import { lines, privwatch, root } from './run';

const samples = join(root, 'samples');
const leaked = join(samples, 'leaked-key-to-admin');
const config = join(samples, 'privwatch.yml');
const folder = mkdtempSync(join(tmpdir(), 'privwatch-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const record = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'IAMUser',
    arn: 'arn:aws:iam::111122223333:user/mallory',
    accountId: '111122223333',
    userName: 'mallory',
  },
  eventTime: '2026-03-03T02:15:00Z',
  eventSource: 'iam.amazonaws.com',
  eventName: 'AttachUserPolicy',
  awsRegion: 'us-east-1',
  sourceIPAddress: '192.0.2.66',
  requestParameters: { userName: 'bob', policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
  eventID: '0d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5a80',
  recipientAccountId: '111122223333',
};

/** `in = matched + unmatched + rejected + duplicate (+ outside)`, read off the summary. */
function addsUp(stderr: string): boolean {
  const line = /^Events +in ([\d,]+) = (.*)$/m.exec(stderr);
  const number = (text: string): number => Number(text.replace(/,/g, ''));
  const terms = (line?.[2]?.match(/[\d,]+(?= \+|$)/g) ?? []).map(number);
  return line !== null && number(line[1]!) === terms.reduce((a, b) => a + b, 0);
}

test('without arguments it replays the samples with their configuration', () => {
  const { code, stdout, stderr } = privwatch(['replay']);
  expect(code).toBe(0);
  expect(stdout).toContain('CRITICAL');
  expect(stdout).toContain('shop-prod (111122223333)');
  expect(stderr).toMatch(/rejected 0/);
  expect(addsUp(stderr)).toBe(true);
});

test.each(['chat', 'asff', 'ocsf', 'event'])('--format %s prints a line of JSON for each finding', (format) => {
  const { code, stdout } = privwatch(['replay', '--level', 'critical', '--format', format]);
  const findings = lines(privwatch(['replay', '--level', 'critical', '--json']).stdout);
  expect(code).toBe(0);
  expect(findings.length).toBeGreaterThan(3);
  const printed = stdout.trimEnd().split('\n');
  expect(printed).toHaveLength(findings.length);
  printed.forEach((line, i) => expect(JSON.stringify(JSON.parse(line))).toContain(findings[i]!['id']));
});

test('--format text prints what a person receives; it does not go with --json', () => {
  const { code, stdout } = privwatch(['replay', '--level', 'critical', '--format', 'text']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^CRITICAL {2}\S/);
  expect(stdout).toContain('What to do next');
  expect(privwatch(['replay', '--json', '--format', 'text'])).toMatchObject({ code: 2, stdout: '' });
  expect(privwatch(['replay', '--format', 'xml'])).toMatchObject({ code: 2, stdout: '' });
});

test('--lateness takes a timespan, and bounds what correlations count', () => {
  expect(privwatch(['replay', '--lateness', 'soon'])).toMatchObject({ code: 2, stdout: '' });
  const plain = privwatch(['replay', '--json']);
  expect(privwatch(['replay', '--json', '--lateness', '5000d']).stdout).toBe(plain.stdout);
  // The samples come in the order of time, whatever their files are called and however they are sorted.
  expect(privwatch(['replay', '--json', '--lateness', '2d']).stdout).toBe(plain.stdout);
  const made = (day: string): object => ({
    ...{ eventVersion: '1.11', eventTime: `2026-03-${day}T02:15:00Z`, eventID: `made ${day}`, awsRegion: 'us-east-1' },
    ...{ eventSource: 'iam.amazonaws.com', eventName: 'CreateUser', recipientAccountId: '111122223333' },
    ...{ userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/a', accountId: '111122223333' } },
    requestParameters: { userName: 'bob' },
  });
  const [whole, between] = [
    file('late-a.json', JSON.stringify([made('10'), made('01')])),
    file('late-b.json', JSON.stringify([made('02')])),
  ];
  const { stderr } = privwatch(['replay', '--lateness', '2d', whole, between]);
  expect(stderr).toMatch(/^Too late +\d+ hits? not correlated/m);
  expect(privwatch(['replay', '--lateness', '9d', whole, between]).stderr).not.toMatch(/^Too late/m);
});

test('--json prints one valid finding a line and nothing else, worst first', () => {
  const { code, stdout } = privwatch(['replay', '--json']);
  const findings = lines(stdout);
  expect(code).toBe(0);
  expect(findings.length).toBeGreaterThan(10);
  for (const finding of findings) expect(checkFinding(finding)).toEqual([]);
  const order = ['critical', 'high', 'medium', 'low', 'informational'];
  const places = findings.map(({ severity }) => order.indexOf(severity as string));
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

test('the same files in another order, or given twice, print the same bytes', () => {
  const paths = ['leaked-key-to-admin', 'root-at-night', 'cross-account-takeover'].map((story) => join(samples, story));
  const plain = privwatch(['replay', ...paths, '-c', config]);
  const other = privwatch(['replay', ...[...paths].reverse(), paths[1]!, '-c', config]);
  expect(other.stdout).toBe(plain.stdout);
  expect(other.stderr).toBe(plain.stderr);
});

test('a copy of every file under another name changes counters, not findings', () => {
  const copy = join(folder, 'copies');
  mkdirSync(copy);
  const lookup = join(samples, 'root-at-night', 'lookup-events.json');
  writeFileSync(join(copy, 'a.bin'), readFileSync(lookup));
  writeFileSync(join(copy, 'b.log'), readFileSync(lookup));
  const once = privwatch(['replay', '--json', join(copy, 'a.bin')]);
  const twice = privwatch(['replay', '--json', copy]);
  expect(once.stdout).not.toBe('');
  expect(twice.stdout).toBe(once.stdout);
  expect(twice.stderr).toMatch(/duplicate [1-9]/);
  expect(addsUp(twice.stderr)).toBe(true);
});

test('exit code 1: a finding at or above --fail-on, whatever --level shows', () => {
  expect(privwatch(['replay', leaked, '-c', config, '--fail-on', 'critical']).code).toBe(1);
  expect(privwatch(['replay', join(samples, 'ordinary-day'), '-c', config, '--fail-on', 'medium']).code).toBe(0);
  const quiet = privwatch([
    'replay',
    join(samples, 'root-at-night'),
    '--json',
    '--level',
    'critical',
    '--fail-on',
    'medium',
  ]);
  expect(quiet.code).toBe(1);
  expect(lines(quiet.stdout).every(({ severity }) => severity === 'critical')).toBe(true);
});

test('exit code 1 also where the reader has seen enough, and nothing is said of it', () => {
  const command = `"$0" "$1" replay "$2" --json --fail-on critical | true; exit "\${PIPESTATUS[0]}"`;
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', command, process.execPath, join(root, 'bin/privwatch.js'), samples],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(1);
  expect(stderr).not.toMatch(/EPIPE|error/i);
});

test('exit code 3: some input could not be read; 1 wins over it', () => {
  const bad = file('bad.json', `{"Records":[${JSON.stringify(record)}, {"no": "record"}]}`);
  const run = privwatch(['replay', bad]);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('in 2 = matched 1 + unmatched 0 + rejected 1 + duplicate 0');
  expect(privwatch(['replay', bad, '--fail-on', 'low']).code).toBe(1);
});

test.each([
  ['an unknown option', ['replay', '--no-such-option']],
  ['an unknown command', ['frobnicate']],
  ['no command', []],
  ['an unknown level', ['replay', '--level', 'grave']],
  ['a time that is none', ['replay', '--since', 'yesterday-ish']],
  ['a file that is not there', ['replay', join(folder, 'missing.json')]],
  [
    'a glob under a folder that is not there',
    ['replay', join(folder, 'missing/**/*.json.gz'), '--fail-on', 'critical'],
  ],
  ['a glob to learn from that matches nothing', ['replay', leaked, '--learn', join(folder, 'missing/**')]],
  ['an empty folder', ['replay', mkdtempSync(join(folder, 'empty-'))]],
  ['detectors that are not there', ['replay', '-d', join(folder, 'missing.yml')]],
  ['a configuration that is not there', ['replay', '-c', join(folder, 'missing.yml')]],
  [
    'a place that cannot be written to',
    ['replay', leaked, '--rejects', join(folder, 'no', 'such', 'folder', 'r.jsonl')],
  ],
])('exit code 2: %s', (_what, args) => {
  const { code, stdout, stderr } = privwatch(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('exit code 2: detectors that do not load, with file, line and key', () => {
  const broken = file(
    'broken.yml',
    'title: x\nlogsource: {product: aws}\ndetection:\n  sel:\n    a|like: b\n  condition: sel\n',
  );
  const { code, stderr } = privwatch(['replay', leaked, '-d', broken]);
  expect(code).toBe(2);
  expect(stderr).toContain('broken.yml:5: detection.sel.a|like: unknown modifier like');
});

test.each([
  ['a key', 'organization:\n  accounts:\n    - {id: 111122223333}\n', /:3: organization\.accounts\.0\.id: /],
  ['a list', '- 1\n', /:1: a configuration is a map$/m],
  ['two documents', 'organization: {}\n---\ntrusted: {}\n', /:3: a configuration is one document$/m],
  ['a key twice', 'trusted: {}\ntrusted: {}\n', /:2: this key is there twice$/m],
  ['an alias of what it is part of', 'trusted: &a\n  accounts: *a\n', /:2: a: the alias refers/],
  ['no YAML', 'trusted: [\n', /:2: Flow sequence/],
])('a configuration is refused with its file and line: %s', (_what, content, message) => {
  const wrong = file('wrong.yml', content);
  const { code, stderr } = privwatch(['replay', leaked, '-c', wrong]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.split('\n').slice(0, -1)).toEqual([expect.stringContaining('wrong.yml')]);
});

test('--rejects keeps each unreadable record whole, with file and reason, but for secrets', () => {
  const bad = file(
    'mixed.jsonl',
    `${JSON.stringify(record)}\n{"cut": "of\n{"sessionToken":"FwoGZXIvYXdzEXAMPLETOKENEXAMPLE","kept":1}\n`,
  );
  const rejects = join(folder, 'rejects.jsonl');
  const { code } = privwatch(['replay', bad, '--rejects', rejects]);
  expect(code).toBe(3);
  const kept = lines(readFileSync(rejects, 'utf8'));
  expect(kept.map(({ file: from, record: content }) => [from, content])).toEqual([
    [bad, '{"cut": "of'],
    [bad, { sessionToken: '[redacted]', kept: 1 }],
  ]);
  for (const { reason } of kept) expect(reason).toEqual(expect.any(String));
});

test('text in events cannot drive the terminal, nor hide', () => {
  const evil = {
    ...record,
    requestParameters: { ...record.requestParameters, userName: 'bob\u001b[2J\u202e\u0007evil' },
    userAgent: '\u009b31m',
  };
  const path = file('evil.json', JSON.stringify(evil));
  for (const args of [[], ['--json']]) {
    const { stdout } = privwatch(['replay', path, ...args]);
    expect(stdout).toContain('evil');
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  }
  const explained = privwatch(['explain', 'aws_iam_user_granted_administrator', path]).stdout;
  // eslint-disable-next-line no-control-regex -- these are what must not be there
  expect(explained).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test('standard input is read, and no secret of an event is printed', () => {
  const withToken = {
    ...record,
    responseElements: {
      credentials: { accessKeyId: 'ASIAEXAMPLE000000001', sessionToken: 'FwoGZXIvYXdzEBYaSECRETSECRETSECRET' },
    },
  };
  const { code, stdout } = privwatch(['replay', '-', '--json'], { input: JSON.stringify({ Records: [withToken] }) });
  expect(code).toBe(0);
  expect(lines(stdout)[0]).toMatchObject({
    severity: 'high',
    account: '111122223333',
    count: 1,
    eventIds: [record.eventID],
  });
  expect(stdout).not.toContain('SECRET');
});

test('nothing on standard input is not the same as no findings', () => {
  const { code, stderr } = privwatch(['replay', '-']);
  expect(code).toBe(3);
  expect(stderr).toContain('it is empty');
});

/** More detectors may see more in the same events. */
const oneDetector = ['-d', join(root, 'detectors/iam/aws_iam_user_granted_administrator.yml')];

test('--since and --until leave out what is outside, and count it', () => {
  const other = { ...record, eventID: '1d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5a80', eventTime: '2026-03-05T00:00:00Z' };
  const path = file('span.json', JSON.stringify([record, other]));
  const { stdout, stderr } = privwatch(['replay', path, ...oneDetector, '--json', '--since', '2026-03-04']);
  expect(lines(stdout).map(({ firstSeen }) => firstSeen)).toEqual(['2026-03-05T00:00:00Z']);
  expect(stderr).toContain('outside the time asked for 1');
  expect(addsUp(stderr)).toBe(true);
  expect(
    lines(privwatch(['replay', path, ...oneDetector, '--json', '--until', '2026-03-04T00:00:00Z']).stdout),
  ).toHaveLength(1);
  const day = ['--since', '2026-03-03', '--until', '2026-03-03'];
  expect(lines(privwatch(['replay', path, ...oneDetector, '--json', ...day]).stdout)).toHaveLength(1);
  expect(privwatch(['replay', path, '--since', '2026-03-04', '--until', '2026-03-03']).code).toBe(2);
});

test('forty findings that differ in their resource only are one block with a count', () => {
  const many = Array.from({ length: 40 }, (_, i) => ({
    ...record,
    eventID: `2d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5a${String(i + 10)}`,
    requestParameters: { ...record.requestParameters, userName: `user-${i}` },
  }));
  const { stdout } = privwatch(['replay', file('many.json', JSON.stringify(many)), ...oneDetector]);
  expect(stdout.match(/^(CRITICAL|HIGH|MEDIUM|LOW)/gm)).toHaveLength(1);
  expect(stdout).toContain('×40');
});

test('a correlation is evaluated, and its base rule files no findings of its own', () => {
  const rules = file(
    'correlation.yml',
    [
      'title: base\nname: base\nlogsource: {product: aws, service: cloudtrail}\ndetection: {sel: {eventName: AttachUserPolicy}, condition: sel}\nlevel: low',
      'title: Many of them\ncorrelation: {type: event_count, rules: [base], group-by: [recipientAccountId], timespan: 1h, condition: {gte: 3}}\nlevel: high\n',
    ].join('\n---\n'),
  );
  const three = Array.from({ length: 3 }, (_, i) => ({
    ...record,
    eventID: `3d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5a8${i}`,
  }));
  const path = file('three.json', JSON.stringify(three));
  const { code, stdout } = privwatch(['replay', path, '-d', rules, '--json']);
  expect(code).toBe(0);
  expect(lines(stdout)).toMatchObject([
    { title: 'Many of them', severity: 'high', count: 3, group: { recipientAccountId: '111122223333' } },
  ]);
});

test('author and licence of an imported rule are passed on', () => {
  const imported = join(folder, 'imported');
  mkdirSync(imported);
  writeFileSync(join(imported, 'LICENSE.md'), 'Detection Rule License (DRL) 1.1\n');
  writeFileSync(
    join(imported, 'rule.yml'),
    'title: Theirs\nauthor: Somebody Else\nlogsource: {product: aws, service: cloudtrail}\ndetection: {sel: {eventName: AttachUserPolicy}, condition: sel}\nlevel: low\n',
  );
  const [finding] = lines(privwatch(['replay', leaked, '--json', '-d', imported]).stdout);
  expect(finding).toMatchObject({ author: 'Somebody Else', license: 'DRL-1.1' });
});

describe('a first-seen detector', () => {
  const rules = file(
    'first-seen.yml',
    'title: New\nlogsource: {product: aws, service: cloudtrail}\ndetection: {sel: {eventName: AttachUserPolicy}, condition: sel}\nlevel: low\nprivwatch: {first_seen: {fields: [requestParameters.userName], forget: 60d}}\n',
  );
  const sight = (user: string, day: number): object => ({
    ...record,
    eventID: `4d9b0f4e-6a51-4c6b-9e0a-2f7d1c3b5${user.length}${String(day).padStart(2, '0')}`,
    eventTime: `2026-03-${String(day).padStart(2, '0')}T02:15:00Z`,
    requestParameters: { userName: user },
  });
  const path = file(
    'sights.json',
    JSON.stringify([sight('bob', 1), sight('bob', 5), sight('alice', 5), sight('bob', 9)]),
  );
  const FAR = '9999-01-01T00:00:00Z';
  const days = (...args: string[]): unknown[] =>
    lines(privwatch(['replay', path, '--json', '-d', rules, ...args]).stdout).map(({ group, firstSeen }) => [
      Object.values(group as Record<string, string>)[0],
      firstSeen,
    ]);

  test('files the first sight of each tuple', () => {
    expect(days()).toEqual([
      ['bob', '2026-03-01T02:15:00Z'],
      ['alice', '2026-03-05T02:15:00Z'],
    ]);
  });

  test('--learn leaves out what is seen in the first days', () => {
    expect(days('--learn', '2d')).toEqual([['alice', '2026-03-05T02:15:00Z']]);
  });

  test('--learn leaves out what a folder shows to be known', () => {
    const known = file('known.json', JSON.stringify([sight('alice', 2)]));
    expect(days('--learn', known)).toEqual([['bob', '2026-03-01T02:15:00Z']]);
    // Also what it shows a little later, but nothing of others, however far it reaches.
    const later = file('later.json', JSON.stringify([sight('alice', 9), { ...sight('carol', 1), eventTime: FAR }]));
    expect(days('--learn', later)).toEqual([['bob', '2026-03-01T02:15:00Z']]);
    expect(privwatch(['replay', path, '-d', rules, '--learn', later]).stderr).toMatch(
      /^Learned +2 first sights taken/m,
    );
    expect(privwatch(['replay', path, '--learn', join(folder, 'nowhere')]).code).toBe(2);
  });
});
