import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { generatedPages } from '../../cli/docs';
import {
  detectorsOf,
  highVolumeDetectors,
  loadDetectors,
  readDetectors,
  shippedDetectors,
} from '../../cli/detectors';
import { runDetectorTests } from '../../cli/detector-tests/run';
import { readConfig } from '../../cli/config';
import { replay } from '../../cli/pipeline';
import { match } from '../../engine/match';
import { rank } from '../../engine/level';
import { checkRuleset } from '../../engine/ruleset';
import { findFiles, mayHoldEvents } from '../../events/files';
import { readFile } from '../../events/read';
import { root } from '../cli/run';

const ruleset = loadDetectors(undefined, {});
const everything = loadDetectors([shippedDetectors, highVolumeDetectors], {});

test('the shipped detectors load without a warning', () => {
  expect(checkRuleset(readDetectors([shippedDetectors, highVolumeDetectors]))).toMatchObject({ errors: [], warnings: [] });
});

test('there are at least 25, and their tests pass', async () => {
  expect(detectorsOf(ruleset).length).toBeGreaterThanOrEqual(25);
  const failed = (await runDetectorTests(everything)).filter(({ failure }) => failure !== undefined);
  expect(failed.map(({ detector, test: { name }, failure }) => `${detector.title}: ${name}: ${failure}`)).toEqual([]);
});

describe.each(detectorsOf(everything).map((one) => [basename(one.document.source.file), one] as const))('%s', (name, rule) => {
  test('is named after its service, and says all that a finding needs', () => {
    expect(name).toMatch(/^aws_[a-z0-9]+(_[a-z0-9]+)+\.yml$/);
    expect(readFileSync(rule.document.source.file, 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/schemas\/detector\.schema\.json\n/);
    expect(rule.id).toMatch(/^[0-9a-f-]{36}$/);
    const { description, author, references, tags, falsepositives, runbook } = rule.metadata;
    expect(author).toBe('privwatch');
    expect(description!.length).toBeGreaterThan(80);
    expect(references.length).toBeGreaterThan(0);
    expect(tags.some((tag) => /^attack\.t\d{4}/.test(tag))).toBe(true);
    expect(falsepositives.length).toBeGreaterThan(0);
    expect(runbook.length).toBeGreaterThan(1);
  });

  test('has tests that fire and tests that do not', () => {
    const fires = rule.tests.filter(({ match: expected, findings }) => expected ?? (findings ?? 0) > 0);
    expect(fires.length).toBeGreaterThan(0);
    expect(rule.tests.length - fires.length).toBeGreaterThan(0);
  });
});

test('an ordinary day raises nothing at medium or above', async () => {
  const config = readConfig(join(root, 'samples/privwatch.yml'));
  const { files } = findFiles([join(root, 'samples/ordinary-day')], mayHoldEvents);
  const both = loadDetectors([shippedDetectors, highVolumeDetectors], config);
  const { findings, counters } = await replay(files, both);
  expect(counters.in).toBeGreaterThan(250);
  expect(findings.filter(({ severity }) => rank(severity) >= rank('medium')).map(({ title }) => title)).toEqual([]);
});

test.each(['leaked-key-to-admin', 'root-at-night', 'cross-account-takeover'])('the story %s is told', async (story) => {
  const config = readConfig(join(root, 'samples/privwatch.yml'));
  const { files } = findFiles([join(root, 'samples', story)], mayHoldEvents);
  const { findings } = await replay(files, loadDetectors(undefined, config));
  const grave = findings.filter(({ severity }) => rank(severity) >= rank('high'));
  expect(new Set(grave.map(({ detectorId }) => detectorId)).size).toBeGreaterThanOrEqual(4);
});

test('the generated pages and the examples in the README are current', () => {
  for (const [name, content] of Object.entries(generatedPages(ruleset))) {
    expect([name, readFileSync(join(root, name), 'utf8')]).toEqual([name, content]);
  }
});

const corpus = process.env['PRIVWATCH_CORPUS'] ?? join(root, '../shared/corpus');
const labelled = existsSync(corpus) ? describe : describe.skip;

labelled(`on labelled recordings${existsSync(corpus) ? '' : ' (skipped: PRIVWATCH_CORPUS names no folder)'}`, () => {
  const expected: [file: string, detector: string, event: string][] = [
    ['console-login-without-mfa', 'aws_signin_iam_user_login_without_mfa', 'ConsoleLogin'],
    ['iam-create-admin-user', 'aws_iam_user_granted_administrator', 'AttachUserPolicy'],
    ['iam-create-admin-user', 'aws_iam_access_key_created_for_other_user', 'CreateAccessKey'],
    ['iam-backdoor-user', 'aws_iam_access_key_created_for_other_user', 'CreateAccessKey'],
    ['cloudtrail-delete', 'aws_cloudtrail_logging_stopped', 'DeleteTrail'],
    ['cloudtrail-event-selectors', 'aws_cloudtrail_event_selectors_narrowed', 'PutEventSelectors'],
    ['organizations-leave', 'aws_organizations_leave', 'LeaveOrganization'],
    ['update-user-login-profile', 'aws_iam_login_profile_of_other_user', 'UpdateLoginProfile'],
  ];
  test.each(expected)('%s: %s fires on %s', async (file, detector, eventName) => {
    const { files } = findFiles([`${corpus}/stratus/*${file}*`], mayHoldEvents);
    expect(files).toHaveLength(1);
    const fired: unknown[] = [];
    for await (const { events } of readFile(files[0]!)) {
      for (const event of events) {
        for (const { rule } of match(event, ruleset)) {
          if (basename(rule.document.source.file) === `${detector}.yml`) fired.push(event.record['eventName']);
        }
      }
    }
    expect(fired).toContain(eventName);
  });
});
