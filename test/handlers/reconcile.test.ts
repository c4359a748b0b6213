import { gzipSync } from 'node:zlib';
import { reconcileFunction } from '../../handlers/reconcile';
import { Recorded } from '../engine/recorded-store';
import { ruleOf, rulesetOf } from '../engine/support';
import { trailRecord } from '../events/support';
import { givenBack, observed, sqsEventOf } from './support';

const ruleset = rulesetOf([ruleOf({ eventName: 'CreateUser' }, { title: 'A user' })]);
const FOLDER = 'AWSLogs/o-1/111122223333/CloudTrail/eu-west-1/2026/01/05';

const file = (...records: unknown[]): Buffer => Buffer.from(JSON.stringify({ Records: records }));

function functionOf(objects: Record<string, Buffer>) {
  const store = new Recorded();
  const all = observed(0);
  const getObject = jest.fn(async ({ key }: { bucket: string; key: string }) => {
    if (!objects[key]) throw new Error('NoSuchKey');
    return objects[key];
  });
  return {
    ...all,
    store,
    getObject,
    reconcile: reconcileFunction(() => ({ ruleset, store, getObject }), all.surroundings),
  };
}

const noticeOf = (...keys: string[]) => ({
  Records: keys.map((key) => ({ eventSource: 'aws:s3', s3: { bucket: { name: 'trail' }, object: { key } } })),
});

describe('reconcile', () => {
  test('takes every event of the files that a notice names, packed or not', async () => {
    const { reconcile, store, totals, getObject } = functionOf({
      [`${FOLDER}/a b=1.json.gz`]: gzipSync(file(trailRecord(1), trailRecord(2, { eventName: 'ListUsers' }))),
      [`${FOLDER}/c.json`]: file(trailRecord(3)),
    });
    const byBus = {
      'detail-type': 'Object Created',
      detail: { bucket: { name: 'trail' }, object: { key: `${FOLDER}/c.json` } },
    };
    const answer = await reconcile(sqsEventOf(noticeOf(`${FOLDER}/a+b%3D1.json.gz`), byBus));
    expect(givenBack(answer)).toEqual([]);
    expect(getObject.mock.calls[0]).toEqual([{ bucket: 'trail', key: `${FOLDER}/a b=1.json.gz` }]);
    expect(store.heads()[0]!.episodes[0]).toMatchObject({ count: 2 });
    expect(totals()).toMatchObject({ files: 2, in: 3, matched: 2, unmatched: 1, duplicate: 0, rejected: 0, failed: 0 });
    await reconcile(sqsEventOf(byBus));
    expect(totals()).toMatchObject({ files: 3, duplicate: 1, hits: 2 });
  });

  test('does not even read digests, nor anything for a test message', async () => {
    const { reconcile, getObject } = functionOf({});
    const digest = noticeOf(FOLDER.replace('CloudTrail', 'CloudTrail-Digest'));
    expect(givenBack(await reconcile(sqsEventOf(digest, { Service: 'Amazon S3', Event: 's3:TestEvent' })))).toEqual([]);
    expect(getObject).not.toHaveBeenCalled();
  });

  test('gives back what it cannot read, with the reason, and takes the others', async () => {
    const { reconcile, store, lines, totals } = functionOf({
      cut: gzipSync(file(trailRecord(1))).subarray(0, 60),
      odd: file(trailRecord(2), 7),
      good: file(trailRecord(3)),
    });
    const bodies = [noticeOf('cut'), noticeOf('odd'), noticeOf('none'), {}, '{', noticeOf('good')];
    expect(givenBack(await reconcile(sqsEventOf(...bodies)))).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    expect(store.heads()[0]!.episodes[0]).toMatchObject({ count: 2 });
    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      ['warn', undefined],
      ['error', expect.stringContaining('1 of 2')],
      ['warn', undefined],
      ['error', 'it names no object of a bucket'],
      ['error', 'not JSON'],
    ]);
    expect(totals()).toMatchObject({ in: 3, matched: 2, rejected: 1, failed: 5 });
  });
});
