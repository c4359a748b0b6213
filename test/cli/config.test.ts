import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../cli/config';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What is said of a configuration, without the folder's name. */
function said(content: string): string[] {
  const file = join(folder, 'c.yml');
  writeFileSync(file, content);
  try {
    readConfig(file);
    return [];
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
  }
}

const account = "'111122223333'";
const hours = (from: string, to: string): string =>
  `businessHours:\n  timezone: UTC\n  from: '${from}'\n  to: '${to}'\n`;
const deploy = (more: string): string =>
  `deploy:\n  mode: organization\n  hub: {account: ${account}, region: us-east-1}\n  members: {regions: [us-east-1]}\n` +
  `  sinks: {securityHub: true}\n${more}`;

describe('A configuration', () => {
  test.each<[string, string, string[]]>([
    [
      'an account twice',
      `organization:\n  accounts:\n    - {id: ${account}, name: a}\n    - {id: ${account}, name: b}\n`,
      ['c.yml:4: organization.accounts.1.id: 111122223333 stands here twice'],
    ],
    [
      'an account inside and outside',
      `organization:\n  accounts: [{id: ${account}}]\ntrusted:\n  accounts:\n    - ${account}\n`,
      [
        'c.yml:5: trusted.accounts.0: 111122223333 is under organization.accounts too: it is inside the organization or outside',
      ],
    ],
    [
      'hours that are none',
      hours('08:00', '08:00'),
      [
        "c.yml:4: businessHours.to: the same as from: no time lies between; the whole day is from: '00:00', to: '24:00'",
      ],
    ],
    [
      'the end of the day as a beginning',
      hours('24:00', '08:00'),
      ['c.yml:3: businessHours.from: "24:00" is not right: e.g. 08:00'],
    ],
    ['the whole day', hours('00:00', '24:00'), []],
    [
      'several mistakes, in the order of lines',
      `automation:\n  - '*'\ntrusted:\n  networks: [x]\nci: 7\nown: 1\n`,
      [
        'c.yml:2: automation.0: "*" is not right: an ARN, e.g. arn:aws:iam::111122223333:role/deploy or arn:aws:iam::*:role/deploy',
        'c.yml:4: trusted.networks.0: "x" is not right: a range in CIDR notation, e.g. 203.0.113.0/24',
        expect.stringMatching(/^c.yml:5: ci: 7 is not an array \(ARNs of roles/),
        expect.stringMatching(/^c.yml:6: own: unknown key; known here: organization,/),
      ],
    ],
    [
      'numbers out of bounds and a list with a member twice',
      deploy(
        '  heartbeat: {everyMinutes: 4}\n  alarms:\n    lagMinutes: 2000\n    emails:\n      - a@b.cd\n      - a@b.cd\n',
      ),
      [
        'c.yml:6: deploy.heartbeat.everyMinutes: 4 is too little: at least 5 (How often each account and Region gives a sign of life; 60 if not set)',
        expect.stringMatching(/^c.yml:8: deploy.alarms.lagMinutes: 2000 is too much: at most 1440 \(/),
        'c.yml:11: deploy.alarms.emails.1: "a@b.cd" stands here twice',
      ],
    ],
    [
      'grants that are not there',
      'ci: []\ngrants:\n  - grants.csv\n  - .\n',
      [
        'c.yml:3: grants.0: grants.csv: no such file or folder',
        `c.yml:4: grants.1: ${folder}: this is a folder, not a file`,
      ],
    ],
  ])('with %s', (_what, content, sentences) => {
    expect(said(content)).toEqual(sentences);
  });

  test('that is not there, or is a folder, is said without a name of a system call', () => {
    expect(() => readConfig(join(folder, 'none.yml'))).toThrow(`${folder}/none.yml: no such file or folder`);
    expect(() => readConfig(folder)).toThrow(`${folder}: this is a folder, not a file`);
    expect(() => readConfig(undefined, [folder])).toThrow(`${folder}: this is a folder, not a file`);
  });
});
