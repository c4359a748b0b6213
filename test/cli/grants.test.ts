import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readConfig } from '../../cli/config';
import { readGrants } from '../../cli/grants';
import type { Grant } from '../../events/config';
import type { JsonObject } from '../../events/json';
import { findingsOf } from '../engine/filing';
import { eventOf, ruleOf, rulesetOf } from '../engine/support';

const folder = mkdtempSync(join(tmpdir(), 'grants-'));
afterAll(() => rmSync(folder, { recursive: true }));

function refuse(oddity: string): never {
  throw new Error(oddity);
}

function read(content: string | Buffer, name = 'grants', warn: (oddity: string) => void = refuse): Grant[] {
  const file = join(folder, name);
  writeFileSync(file, content);
  return readGrants(file, warn);
}

const grant: Grant = {
  who: ['dana@example.com'],
  account: '111122223333',
  role: 'Admin',
  from: '2026-03-03T09:00:00Z',
  until: '2026-03-03T12:00:00Z',
  approval: 'CHG-1',
};
const record = { ...grant, who: 'dana@example.com' };

describe('a file of grants', () => {
  test.each<[string, string | Buffer]>([
    ['JSON', JSON.stringify([record])],
    ['JSON lines', `${JSON.stringify(record)}\n`],
    ['JSON with a comment', JSON.stringify({ grants: [{ ...record, comment: 'x' }] })],
    [
      'CSV',
      'who,account,role,from,until,approval\r\ndana@example.com,111122223333,Admin,2026-03-03T10:00:00+01:00,2026-03-03T12:00:00Z,CHG-1\r\n',
    ],
    [
      'CSV with quotes',
      `\uFEFFapproval,who,"role",account,from,until\n"CHG-1", ${'dana@example.com'} ,Admin,111122223333,"${grant.from}",${grant.until}\n\n`,
    ],
    ['gzip', gzipSync(JSON.stringify([record]))],
  ])('in %s', (_name, content) => {
    expect(read(content)).toEqual([grant]);
  });

  const request = (over: JsonObject = {}): JsonObject => ({
    ...{ id: { S: '9f1' }, email: { S: 'dana@example.com' }, username: { S: 'idc_dana' }, ticketNo: { S: 'CHG-1' } },
    ...{ accountId: { S: '111122223333' }, accountName: { S: 'prod' }, role: { S: 'Admin' }, roleId: { S: 'x' } },
    ...{ startTime: { S: '2026-03-03T09:00:00.000Z' }, duration: { S: '3' }, status: { S: 'in progress' }, ...over },
  });
  const team = { ...grant, who: ['dana@example.com', 'dana'], approval: 'CHG-1 9f1' };
  test('of TEAM, as a scan or an export of DynamoDB has it', () => {
    const refused = ['pending', 'rejected', 'cancelled', 'error'].map((S) => request({ status: { S } }));
    expect(read(JSON.stringify({ Items: [request(), ...refused], Count: 5 }))).toEqual([team]);
    const lines = [request(), request({ status: { S: 'revoked' }, endTime: { S: '2026-03-03T10:00:00Z' } })];
    expect(read(gzipSync(lines.map((Item) => JSON.stringify({ Item })).join('\n')), 'x.json.gz')).toEqual([
      team,
      { ...team, until: '2026-03-03T10:00:00Z' },
    ]);
  });

  test.each<[string, string, string[]]>([
    ['an unknown key', JSON.stringify([{ ...record, acount: '1' }]), ['acount: unknown key; known here: who,']],
    ['no scope', JSON.stringify([{ ...record, role: '', account: '' }]), ['account or role is missing']],
    ['no approval', JSON.stringify([{ ...record, approval: '' }]), ['approval is missing']],
    ['a number', JSON.stringify([{ ...record, account: 111122223333 }]), ['account: 111122223333 is not text']],
    [
      'values that are not right',
      JSON.stringify([record, { ...record, account: '1', until: '2026-03-03T08:00:00Z' }, { ...record, from: 'now' }]),
      ['record 2: account: 1 is not', 'record 2: until is not after from', 'record 3: from: now is not a time'],
    ],
    ['a list of texts', '["x"]', ['this is no record']],
    ['half of a file', '\n[{"who":\n', ['bad:2: this is no JSON: Unexpected end of JSON input']],
    ['a broken value', '[\n{"who":1},\n{"who"}]', ['bad:3: this is no JSON: ']],
    ['a broken line', `${JSON.stringify(record)}\n\n{"who":\n`, ['bad:3: this is no JSON: Unexpected end']],
    ['a request without a start', JSON.stringify([request({ startTime: { S: 'x' } })]), ['startTime or duration']],
  ])('with %s is refused', (_name, content, problems) => {
    for (const problem of problems) expect(() => read(content, 'bad')).toThrow(problem);
    expect(() => read(content, 'bad')).toThrow(join(folder, 'bad'));
  });

  test.each<[string, string, string | undefined]>([
    ['nothing', '', 'it holds no grant, so it approves of nothing'],
    ['a header alone', 'who,account,role,from,until,approval\n', 'it holds no grant, so it approves of nothing'],
    ['an empty list', '[]', 'it holds no grant, so it approves of nothing'],
    [
      'requests that were not let through',
      JSON.stringify({ Items: [request({ status: { S: 'pending' } })] }),
      undefined,
    ],
  ])('with %s grants nothing, and says so if it may be a failed export', (_name, content, oddity) => {
    const oddities: string[] = [];
    expect(read(content, 'odd', (said) => oddities.push(said))).toEqual([]);
    expect(oddities).toEqual(oddity === undefined ? [] : [oddity]);
  });

  test('is read by the configuration that names it, and by an option besides', () => {
    writeFileSync(join(folder, 'one.json'), JSON.stringify([record]));
    writeFileSync(join(folder, 'two.json'), JSON.stringify([{ ...record, approval: 'CHG-2' }]));
    writeFileSync(join(folder, 'c.yml'), 'grants: [one.json]\n');
    const config = readConfig(join(folder, 'c.yml'), [join(folder, 'two.json')]);
    expect(config.grants?.map(({ approval }) => approval)).toEqual(['CHG-1', 'CHG-2']);
    writeFileSync(join(folder, 'c.yml'), 'grants: [none.json]\n');
    expect(() => readConfig(join(folder, 'c.yml'))).toThrow('none.json');
  });
});

describe('an act', () => {
  const sso = (set: string, account = '111122223333'): string =>
    `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_${set}_0123456789abcdef`;
  const by = (arn: string, session: string, time: string, over: JsonObject = {}): JsonObject => {
    const account = arn.split(':')[4]!;
    return {
      ...{ a: 1, eventTime: time, recipientAccountId: account, eventName: 'X' },
      userIdentity: {
        ...{ type: 'AssumedRole', arn: `arn:aws:sts::${account}:assumed-role/r/${session}`, accountId: account },
        sessionContext: { sessionIssuer: { arn } },
      },
      ...over,
    };
  };
  const dana = 'Dana@example.com';
  const user = { userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/eve', userName: 'eve' } };
  const ofEve: Grant = { ...grant, who: ['eve'], role: 'arn:aws:iam::444455556666:role/ops', account: '444455556666' };
  const assuming = { eventSource: 'sts.amazonaws.com', requestParameters: { roleArn: ofEve.role! } };
  test.each<[string, JsonObject, string, string | undefined]>([
    [
      'within a grant',
      by(sso('Admin'), dana, '2026-03-03T09:00:00Z'),
      'low',
      'CHG-1, in force until 2026-03-03T12:00:00Z',
    ],
    ['at its end', by(sso('Admin'), dana, '2026-03-03T12:00:00Z'), 'high', 'CHG-1, ended at 2026-03-03T12:00:00Z'],
    [
      'before it',
      by(sso('Admin'), dana, '2026-03-03T08:59:59Z'),
      'high',
      'CHG-1, which is for Admin in 111122223333 from',
    ],
    [
      'in another account',
      by(sso('Admin', '444455556666'), dana, '2026-03-03T10:00:00Z'),
      'high',
      'CHG-1, which is for',
    ],
    ['in another role', by(sso('ReadOnly'), dana, '2026-03-03T10:00:00Z'), 'medium', undefined],
    ['in a role of a longer name', by(sso('Admin_2'), dana, '2026-03-03T10:00:00Z'), 'medium', undefined],
    ['of somebody else', by(sso('Admin'), 'erin@example.com', '2026-03-03T10:00:00Z'), 'medium', undefined],
    [
      'by a session that chose its name',
      by('arn:aws:iam::111122223333:role/Admin', dana, '2026-03-03T10:00:00Z'),
      'medium',
      undefined,
    ],
    ['without a time', by(sso('Admin'), dana, 'once'), 'medium', undefined],
    [
      'of a user who assumes the role',
      by(sso('x'), 'x', '2026-03-03T10:00:00Z', { ...user, ...assuming }),
      'low',
      'CHG-1, in force',
    ],
    ['of a user who does not', by(sso('x'), 'x', '2026-03-03T10:00:00Z', user), 'medium', undefined],
  ])('%s', async (_name, act, level, said) => {
    const document = ruleOf({ a: 1 }, { level: 'medium' });
    const [finding] = await findingsOf([eventOf(act)], rulesetOf([document], { grants: [grant, ofEve] }));
    expect(finding?.severity).toBe(level);
    if (said === undefined) expect(finding?.approvals).toBeUndefined();
    else expect(finding?.approvals?.join()).toContain(said);
    const [without] = await findingsOf([eventOf(act)], rulesetOf([document]));
    expect([without?.severity, without?.approvals]).toEqual(['medium', undefined]);
  });

  test('has a state and an approval that rules can name', async () => {
    const rules = ['inside', 'expired', 'unknown'].map((state) =>
      ruleOf({ 'derived.grant.state': state }, { name: state, title: state, taxonomy: 'privwatch' }),
    );
    const event = eventOf(by(sso('Admin'), dana, '2026-03-03T10:00:00Z'));
    const titles = async (grants?: Grant[]): Promise<string[]> =>
      (await findingsOf([event], rulesetOf(rules, grants ? { grants } : {}))).map(({ detectorTitle }) => detectorTitle);
    expect(await titles([grant])).toEqual(['inside']);
    expect(await titles([])).toEqual([]);
    expect(await titles()).toEqual(['unknown']);
  });
});
