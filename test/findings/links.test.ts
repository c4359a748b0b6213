import { detectorLink, evidenceLink, referencesOf } from '../../findings/links';
import { EVENT_ID, findingWith, setting } from './support';

const CLOUDTRAIL = `cloudtrailv2/home?region=us-east-1#/events/${EVENT_ID}`;
const GUARDDUTY = { source: 'guardduty', name: 'Persistence:IAMUser/AnomalousBehavior', error: null };
const GUARDDUTY_ID = '0123456789abcdef0123456789abcdef';

test.each([
  ['an event', EVENT_ID, {}, 'aws', `https://us-east-1.console.aws.amazon.com/${CLOUDTRAIL}`],
  [
    'an event in GovCloud',
    EVENT_ID,
    { region: 'us-gov-west-1' },
    'aws-us-gov',
    `https://console.amazonaws-us-gov.com/${CLOUDTRAIL.replace('us-east-1', 'us-gov-west-1')}`,
  ],
  ['an event in a partition that is not known', EVENT_ID, {}, 'aws-iso', null],
  ['an id that is not of an event', 'x"><script>', {}, 'aws', null],
  ['a Region that is none', EVENT_ID, { region: 'evil.example/#' }, 'aws', null],
  ['a Region too long for any', EVENT_ID, { region: `us-${'east'.repeat(9)}-1` }, 'aws', null],
  ['no Region', EVENT_ID, { region: null }, 'aws', null],
  [
    'a finding of GuardDuty',
    GUARDDUTY_ID,
    { action: GUARDDUTY },
    'aws',
    `https://us-east-1.console.aws.amazon.com/guardduty/home?region=us-east-1#/findings?search=id%3D${GUARDDUTY_ID}`,
  ],
  ['what is of another source', EVENT_ID, { action: { source: 'config', name: 'x', error: null } }, 'aws', null],
])('where to look at %s', (_, id, finding, partition, link) => {
  expect(evidenceLink(id, findingWith(finding), { ...setting, partition })).toBe(link);
});

test.each([
  ['https://docs.example.org/detectors/', 'a-1', 'https://docs.example.org/detectors/a-1'],
  ['https://docs.example.org/detectors#', 'a b/<c>', 'https://docs.example.org/detectors#a%20b%2F%3Cc%3E'],
  ['https://docs.example.org/', "(*)~'", 'https://docs.example.org/%28%2A%29%7E%27'],
  ['', 'a-1', null],
  ['javascript:alert(1)//', 'a-1', null],
])('the page of a detector: %s %s', (docs, detectorId, link) => {
  expect(detectorLink(findingWith({ detectorId }), { ...setting, docs })).toBe(link);
});

test('only web addresses are references', () => {
  const references = [
    'https://a.example/x_y',
    'a book',
    'javascript:alert(1)',
    'http://b.example/|<x>*',
    `https://${'a'.repeat(2000)}`,
  ];
  expect(referencesOf(findingWith({ references }))).toEqual([
    'https://a.example/x_y',
    'http://b.example/%7C%3Cx%3E%2A',
  ]);
});
