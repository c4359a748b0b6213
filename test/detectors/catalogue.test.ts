import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Ajv from 'ajv';
import { detectorsOf, highVolumeDetectors, loadDetectors, shippedDetectors } from '../../cli/detectors';
import { checkActs, forgottenActs, readActs, type Act } from '../../cli/docs/acts';
import { SURFACES } from '../../cli/docs/acts-page';
import { standardName } from '../../cli/docs/compliance';
import { loadRuleset } from '../../engine/ruleset';
import { techniqueName, techniquesOf } from '../../findings/attack';
import actsSchema from '../../schemas/acts.schema.json';
import { root } from '../cli/run';

const detectors = detectorsOf(loadDetectors([shippedDetectors, highVolumeDetectors], {}));
const acts = readActs();

function repeated(values: string[]): string[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}

describe('The list of privileged acts', () => {
  test('is as its schema says, each act once', () => {
    const validate = new Ajv().compile(actsSchema);
    validate(acts);
    expect(validate.errors).toBeNull();
    expect(repeated(acts.map(({ id }) => id))).toEqual([]);
    expect([...new Set(acts.map(({ surface }) => surface))]).toEqual(Object.keys(SURFACES));
  });

  test('holds what detectors claim, and a test of theirs proves it', () => {
    expect(checkActs(acts, detectors)).toEqual([]);
  });

  test('forgets none: each act has a detector, or a reason why it has none', () => {
    expect(forgottenActs(acts, detectors).map(({ id }) => id)).toEqual([]);
  });
});

describe('A claim to watch an act', () => {
  const act: Act = { id: 'user-created', act: 'A user was created.', surface: 'iam-users', calls: ['iam:CreateUser'] };
  const detector = (claimed: string, eventName: string): string => `
title: A user was created
id: 3f1d6c52-52f1-4f55-8a8e-0d2a5a6c7b11
logsource: {product: aws, service: cloudtrail}
detection: {call: {eventName: ${eventName}}, condition: call}
privwatch:
  acts: [${claimed}]
  tests:
    - {name: fires, event: {base: iam-write, eventName: ${eventName}}, match: true}
    - {name: does not, event: {base: iam-write, eventName: CreateUser, errorCode: AccessDenied}, match: false}`;
  const problems = (text: string, list: Act[]): string[] =>
    checkActs(list, loadRuleset([{ file: 'x.yml', text }], {}).rules);

  test('holds if a test fires on one of its calls', () => {
    expect(problems(detector('user-created', 'CreateUser'), [act])).toEqual([]);
    expect(problems(detector('user-created', 'CreateUser'), [{ ...act, calls: ['*:Create*'] }])).toEqual([]);
  });

  test('is refused if only a test that does not fire has its call', () => {
    expect(problems(detector('user-created', 'CreateRole'), [act])).toEqual([
      expect.stringMatching(/no test of it fires on a call of the act user-created/),
    ]);
  });

  test('is refused for an act that is not in the list, or is not watched for a reason', () => {
    expect(problems(detector('user-made', 'CreateUser'), [act])).toEqual([expect.stringMatching(/no act user-made/)]);
    expect(problems(detector('user-created', 'CreateUser'), [{ ...act, unwatched: 'It is not.' }])).toEqual([
      expect.stringMatching(/says why nothing does/),
    ]);
  });
});

describe('The catalogue', () => {
  test('has no id and no title twice', () => {
    expect(repeated(detectors.map(({ id }) => id))).toEqual([]);
    expect(repeated(detectors.map(({ title }) => title))).toEqual([]);
  });

  test.each(detectors.map((one) => [basename(one.document.source.file), one] as const))('%s', (_name, { metadata }) => {
    expect(techniquesOf(metadata.tags).filter((id) => techniqueName(id) === undefined)).toEqual([]);
    expect(metadata.compliance.filter((one) => standardName(one.split(':')[0]!) === undefined)).toEqual([]);
    expect(repeated([...metadata.references, ...metadata.tags, ...metadata.acts, ...metadata.compliance])).toEqual([]);
    for (const reference of metadata.references) {
      expect(reference).toMatch(/^https:\/\/[a-z0-9.-]+\.[a-z]+\/\S*$/);
      expect(new URL(reference).search).toBe('');
    }
  });

  test('is linked from the README', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    for (const page of ['docs/detectors.md', 'docs/acts.md']) expect(readme).toContain(`(${page})`);
  });
});
