import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { match } from '../../engine/match';
import { unwrap, type Unwrapped } from '../../events/unwrap';
import { exitOnMistakes, readDeployment } from '../../infra/deployment';
import { root } from '../cli/run';

const folder = mkdtempSync(join(tmpdir(), 'deployment-'));

const DETECTOR = `
title: Base
id: 11111111-1111-4111-8111-111111111111
name: base
logsource: {product: aws, service: cloudtrail}
detection: {a: {eventName: A}, condition: a}
level: low
---
title: Twice
id: 22222222-2222-4222-8222-222222222222
correlation: {type: event_count, rules: [base], group-by: [recipientAccountId], timespan: 1h, condition: {gte: 2}}
level: high
`;
writeFileSync(join(folder, 'own_detector.yml'), DETECTOR);

const SOUND = {
  organization: {
    id: 'o-exampleorg01',
    accounts: [{ id: '333344445555' }, { id: '999999999999' }, { id: '111122223333' }],
  },
  deploy: {
    mode: 'organization',
    hub: { account: '333344445555', region: 'eu-central-1' },
    members: {
      regions: ['us-east-1', 'us-east-2', 'eu-north-1', 'ap-southeast-2', 'eu-central-1'],
      organizationalUnits: ['r-ab12'],
      managementAccount: '999999999999',
    },
    detectors: { shipped: false, paths: ['own_detector.yml'] },
    sinks: { securityHub: true },
  },
};
type Settings = { organization?: Record<string, unknown>; deploy: Record<string, Record<string, unknown>> };

/** Reads {@link SOUND} as changed. */
function read(change: (settings: Settings) => void = () => undefined): ReturnType<typeof readDeployment> {
  const settings = structuredClone(SOUND) as unknown as Settings;
  change(settings);
  const file = join(folder, 'privwatch.yml');
  writeFileSync(file, stringify(settings));
  return readDeployment(file);
}

describe('A deployment', () => {
  test.each(['organization', 'single-account'])('of the sample %s is sound', (mode) => {
    const { warnings, ruleset, config } = readDeployment(join(root, `samples/deploy/${mode}.yml`));
    expect(ruleset.rules.length).toBeGreaterThan(25);
    expect(config).not.toHaveProperty('deploy');
    expect(warnings.map((line) => line.replace(/.*deploy\//, ''))).toEqual(
      mode === 'organization' ? [] : [expect.stringMatching(/^single-account.yml:9: deploy.members.regions: without/)],
    );
  });

  test('says everything that was left out', () => {
    expect(read()).toMatchObject({
      ...{ name: 'privwatch', partition: 'aws', organizationId: 'o-exampleorg01', stackSetAccount: 'hub' },
      ...{ findingsAccount: '333344445555', maxWriteUnits: 4000, stormGroups: 20, warnings: [] },
      heartbeat: { everyMinutes: 60, accounts: ['333344445555', '999999999999', '111122223333'] },
    });
  });

  test.each<[string, string, (settings: Settings) => void]>([
    [
      'an unknown key',
      'privwatch.yml:28: deploy.hubb: unknown key; known here: mode, name, hub',
      (s) => (s.deploy.hubb = {}),
    ],
    [
      'an account without quotes',
      'deploy.hub.account: 333344445555 is not text (Twelve digits',
      (s) => (s.deploy.hub!.account = 333344445555),
    ],
    [
      'no Region of IAM',
      'deploy.members.regions: us-east-1 is missing: IAM, Organizations',
      (s) => (s.deploy.members!.regions = ['eu-central-1']),
    ],
    [
      'another partition',
      'regions.1: cn-north-1 is of another partition',
      (s) => (s.deploy.members!.regions = ['us-east-1', 'cn-north-1']),
    ],
    ['no sink', 'deploy.sinks: no sink: findings would go nowhere', (s) => (s.deploy.sinks = { chat: false })],
    [
      'the hub in the management account',
      'deploy.hub.account: this is the management account',
      (s) => (s.deploy.hub!.account = '999999999999'),
    ],
    [
      'no id of the organization',
      "organization: id is missing: the hub's bus lets in",
      (s) => delete s.organization!.id,
    ],
    [
      'a stack set without the management account',
      'deploy.members.managementAccount: it is missing',
      (s) => delete s.deploy.members!.managementAccount,
    ],
    [
      'a foreign account',
      'deploy.findingsAccount: 444455556666 is not under organization.accounts',
      (s) => Object.assign(s.deploy, { findingsAccount: '444455556666' }),
    ],
    [
      'a short patience',
      'deploy.heartbeat.silentAfterMinutes: less than two heartbeats of 120 minutes',
      (s) => (s.deploy.heartbeat = { everyMinutes: 120 }),
    ],
    [
      'a detector that is not there',
      'deploy.detectors.off.0: no detector has this id, name or file name: nobody',
      (s) => (s.deploy.detectors!.off = ['nobody']),
    ],
    ['a rule off that is counted', 'deploy.detectors.off: ', (s) => (s.deploy.detectors!.off = ['base'])],
    [
      'an organization where there is none',
      'deploy.members.organizationalUnits: there is no organization',
      (s) => Object.assign(s.deploy, { mode: 'single-account' }),
    ],
    ['a path to nothing', 'own: no such file or folder', (s) => (s.deploy.detectors!.paths = ['own'])],
  ])('with %s fails with a sentence', (_what, sentence, change) => {
    expect(() => read(change)).toThrow(sentence);
  });

  test('that cannot be written is said in a line, with exit code 2', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const below = join(folder, 'own_detector.yml', 'x');
    exitOnMistakes(() => mkdirSync(below, { recursive: true }));
    const said = write.mock.calls.map(([line]) => line);
    write.mockRestore();
    const { exitCode } = process;
    process.exitCode = 0;
    expect(said).toEqual([`error: ${below}: part of this path is a file, not a folder\n`]);
    expect(exitCode).toBe(2);
  });

  test('warns of Regions in which some sign-ins are seen', () => {
    const { warnings } = read((s) => (s.deploy.members!.regions = ['us-east-1', 'us-east-2', 'eu-central-1']));
    expect(warnings).toEqual([
      expect.stringContaining('without eu-north-1, ap-southeast-2 some sign-ins of IAM users'),
    ]);
  });

  test('under another name watches what has that name', () => {
    const rename = (s: Settings): void => void Object.assign(s.deploy, { name: 'watch', detectors: {} });
    const { ruleset } = read(rename);
    const matched = (rule: string): string[] => {
      const content: Unwrapped = { events: [], rejected: [] };
      const call = { eventVersion: '1.09', eventSource: 'events.amazonaws.com', eventName: 'DisableRule' };
      unwrap({ ...call, eventTime: '2026-03-03T02:00:00Z', requestParameters: { name: rule } }, content);
      return match(content.events[0]!, ruleset).map((hit) => hit.rule.title);
    };
    const title = 'Something that privwatch is made of was changed';
    expect(matched('watch-events')).toContain(title);
    expect(matched('privwatch-events')).not.toContain(title);
  });

  test('runs the detectors that it chooses: a correlation that is off takes along what only it counts', () => {
    const titles = (detectors: object): string[] => {
      const { ruleset } = read((s) => Object.assign(s.deploy.detectors!, detectors));
      return [...ruleset.rules, ...ruleset.correlations].map(({ title, stage }) => `${title} ${stage}`);
    };
    expect(titles({})).toEqual(['Base production', 'Twice production']);
    expect(titles({ staging: ['22222222-2222-4222-8222-222222222222'] })).toEqual(['Base production', 'Twice staging']);
    expect(titles({ shipped: true, off: ['own_detector'] })).not.toContain('Base production');
    expect(titles({ shipped: true, off: ['22222222-2222-4222-8222-222222222222'] })).not.toContain('Base production');
  });
});
