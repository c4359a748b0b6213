import { compileEventPattern } from '../../../infra/patterns/matches';
import type { EventPattern } from '../../../infra/patterns/pattern';

/* Shapes and verdicts after "Amazon EventBridge event patterns" and "Comparison operators" of the user guide. */

const INSTANCE = {
  version: '0',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  region: 'eu-west-1',
  resources: ['arn:aws:ec2:eu-west-1:111122223333:instance/i-1', 'arn:aws:ec2:eu-west-1:111122223333:instance/i-2'],
  detail: {
    state: 'running',
    'c-count': 5,
    'x-limit': 301.8,
    'source-ip': '10.0.0.33',
    path: '/usr/lib/tool.PNG',
    none: null,
    empty: '',
    list: [],
    flag: false,
    nested: { type: 'Root' },
    people: [{ name: 'Jo', tags: ['a', 'b'] }, { name: 'Al' }],
  },
};

const detail = (pattern: object): EventPattern => ({ detail: pattern }) as EventPattern;

test.each<[string, EventPattern, boolean]>([
  ['a value', { source: ['aws.ec2'] }, true],
  ['letter case counts', { source: ['AWS.EC2'] }, false],
  ['one of several values', detail({ state: ['stopped', 'running'] }), true],
  ['all fields', { source: ['aws.ec2'], region: ['us-east-1'] }, false],
  ['a member of a list', { resources: ['arn:aws:ec2:eu-west-1:111122223333:instance/i-2'] }, true],
  ['no member of a list', { resources: ['arn:aws:ec2:eu-west-1:111122223333:instance/i-3'] }, false],
  ['a list of objects', detail({ people: { name: ['Al'] } }), true],
  ['a list in a list', detail({ people: { tags: ['b'] } }), true],
  ['a number', detail({ 'c-count': [5] }), true],
  ['a number is no text', detail({ 'c-count': ['5'] }), false],
  ['null', detail({ none: [null] }), true],
  ['null is no empty text', detail({ none: [''] }), false],
  ['empty text', detail({ empty: [''] }), true],
  ['false', detail({ flag: [false] }), true],
  ['absent is not null', detail({ other: [null] }), false],

  ['prefix', { region: [{ prefix: 'eu-' }] }, true],
  ['prefix, other case', { region: [{ prefix: 'EU-' }] }, false],
  ['prefix ignoring case', { region: [{ prefix: { 'equals-ignore-case': 'EU-' } }] }, true],
  ['suffix', detail({ path: [{ suffix: '.png' }] }), false],
  ['suffix ignoring case', detail({ path: [{ suffix: { 'equals-ignore-case': '.png' } }] }), true],
  ['equals-ignore-case', detail({ state: [{ 'equals-ignore-case': 'RUNNING' }] }), true],
  ['equals-ignore-case, another text', detail({ state: [{ 'equals-ignore-case': 'RUN' }] }), false],
  ['equals-ignore-case of a number', detail({ 'c-count': [{ 'equals-ignore-case': '5' }] }), false],
  ['wildcard', detail({ path: [{ wildcard: '/usr/*/tool*' }] }), true],
  ['wildcard, letter case', detail({ path: [{ wildcard: '*.png' }] }), false],
  ['wildcard, an escaped star', detail({ path: [{ wildcard: '/usr/\\*' }] }), false],
  ['wildcard, other signs are literal', detail({ path: [{ wildcard: '/usr.lib*' }] }), false],

  ['anything-but a text', detail({ state: [{ 'anything-but': 'stopped' }] }), true],
  ['anything-but this text', detail({ state: [{ 'anything-but': 'running' }] }), false],
  ['anything-but texts', detail({ state: [{ 'anything-but': ['stopped', 'running'] }] }), false],
  ['anything-but a number', detail({ 'c-count': [{ 'anything-but': [5, 6] }] }), false],
  ['anything-but prefix', detail({ state: [{ 'anything-but': { prefix: 'run' } }] }), false],
  ['anything-but prefixes', detail({ state: [{ 'anything-but': { prefix: ['st', 'pe'] } }] }), true],
  ['anything-but prefix, other case', detail({ state: [{ 'anything-but': { prefix: 'RUN' } }] }), true],
  ['anything-but suffix', detail({ state: [{ 'anything-but': { suffix: ['ing', 'ed'] } }] }), false],
  ['anything-but ignoring case', detail({ state: [{ 'anything-but': { 'equals-ignore-case': ['RUNNING'] } }] }), false],
  ['anything-but wildcard', detail({ path: [{ 'anything-but': { wildcard: '*/lib/*' } }] }), false],
  ['anything-but where the field is absent', detail({ other: [{ 'anything-but': 'x' }] }), false],
  ['anything-but, some member of a list', { resources: [{ 'anything-but': { suffix: 'i-1' } }] }, true],
  ['two of them are alternatives', detail({ state: [{ 'anything-but': 'running' }, { 'anything-but': 'x' }] }), true],

  ['exists', detail({ state: [{ exists: true }] }), true],
  ['exists as null', detail({ none: [{ exists: true }] }), true],
  ['does not exist', detail({ other: [{ exists: false }] }), true],
  ['an object is no leaf', detail({ nested: [{ exists: false }] }), true],
  ['nor is an empty list', detail({ list: [{ exists: true }] }), false],
  ['exists below what does not', detail({ other: { name: [{ exists: false }] } }), true],
  ['absent or a value', detail({ other: ['x', { exists: false }] }), true],

  ['numeric', detail({ 'c-count': [{ numeric: ['>', 0, '<=', 5] }] }), true],
  ['numeric, out of bounds', detail({ 'x-limit': [{ numeric: ['=', 301] }] }), false],
  ['cidr', detail({ 'source-ip': [{ cidr: '10.0.0.0/24' }] }), true],
  ['cidr of another network', detail({ 'source-ip': [{ cidr: '10.0.1.0/24' }] }), false],
  ['cidr of what is no address', detail({ state: [{ cidr: '10.0.0.0/8' }] }), false],

  ['$or', { $or: [{ source: ['aws.s3'] }, { region: ['eu-west-1'] }] }, true],
  ['$or, no branch', { $or: [{ source: ['aws.s3'] }, { region: ['us-east-1'] }] }, false],
  ['$or and a field', { source: ['aws.s3'], $or: [{ region: ['eu-west-1'] }, { version: ['0'] }] }, false],
  ['$or below a field', detail({ $or: [{ state: ['x'] }, { nested: { type: ['Root'] } }] }), true],
  [
    '$or within $or',
    detail({ $or: [{ state: ['x'] }, { flag: [false], $or: [{ none: ['y'] }, { empty: [''] }] }] }),
    true,
  ],
])('%s', (_what, pattern, expected) => {
  expect(compileEventPattern(pattern)(INSTANCE)).toBe(expected);
});

test.each<[EventPattern, string]>([
  [detail({ state: [{ 'anything-but': { cidr: '10.0.0.0/8' } }] }), 'anything-but does not take cidr'],
  [detail({ state: [{ matches: 'x' }] }), 'no operator: {"matches":"x"}'],
  [detail({ state: [] }), 'an empty list for state'],
  [detail({}), 'an empty object in a pattern'],
  [detail({ state: [{ prefix: 5 }] }), 'text is expected, not 5'],
])('%j is no pattern', (pattern, message) => {
  expect(() => compileEventPattern(pattern)).toThrow(message);
});
