import fc from 'fast-check';
import { isRemembered, mintsOf } from '../../engine/mint';
import { makeEvent, sources, type Event } from '../../events/event';
import type { JsonObject } from '../../events/json';
import { waysOf } from '../../findings/facts';
import { MemoryStore } from '../../state/memory';
import { arrivalOf, MIDNIGHT, MINUTE } from './arbitraries';
import { file, findingsOf, inBatches, standing } from './filing';
import { check, messages, ruleOf, rulesetOf } from './support';
import { workProperties } from './work-properties';

const [PROD, DEV, MANAGEMENT] = ['111122223333', '222233334444', '999999999999'] as const;

let events = 0;
function call(identity: JsonObject, eventName: string, minutes: number, more: JsonObject = {}): Event {
  const id = String(++events).padStart(8, '0');
  return makeEvent(sources.cloudtrail, {
    eventID: `${id}-1234-4abc-8abc-123456789abc`,
    eventTime: new Date(MIDNIGHT + minutes * MINUTE).toISOString(),
    ...{ eventName, eventSource: 'sts.amazonaws.com', userIdentity: identity },
    recipientAccountId: (identity['accountId'] as string | undefined) ?? PROD,
    ...more,
  });
}

const user = (name: string, account: string, accessKeyId: string): JsonObject => ({
  ...{ type: 'IAMUser', accountId: account, userName: name, accessKeyId },
  arn: `arn:aws:iam::${account}:user/${name}`,
});
const role = (name: string, account: string, accessKeyId: string): JsonObject => ({
  ...{ type: 'AssumedRole', accountId: account, accessKeyId },
  arn: `arn:aws:sts::${account}:assumed-role/${name}/session`,
  sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${account}:role/${name}`, userName: name } },
});
const asAlice = (session: JsonObject): JsonObject => ({
  ...session,
  sessionContext: { ...(session['sessionContext'] as JsonObject), sourceIdentity: 'alice' },
});
const root = (account: string, accessKeyId: string): JsonObject => ({
  ...{ type: 'Root', accountId: account, accessKeyId },
  arn: `arn:aws:iam::${account}:root`,
});
const keyOf = (name: string): string => `ASIAEXAMPLE${name.toUpperCase().padEnd(9, '0')}`;
const credentials = (name: string): JsonObject => ({
  credentials: { accessKeyId: keyOf(name), sessionToken: 'x'.repeat(300) },
});

const ACT = ruleOf({ eventName: 'DeleteTrail' }, { privwatch: { group: ['recipientAccountId'] } });

const alice = user('alice', DEV, 'AKIAEXAMPLEALICE0000');
const toDeploy = call(alice, 'AssumeRole', 0, {
  requestParameters: { roleArn: `arn:aws:iam::${DEV}:role/deploy` },
  responseElements: credentials('deploy'),
});
const ofCall = { sharedEventID: 'a-shared-id', requestParameters: { roleArn: `arn:aws:iam::${PROD}:role/admin` } };
const toAdmin = call(role('deploy', DEV, keyOf('deploy')), 'AssumeRole', 1, {
  ...ofCall,
  responseElements: credentials('admin'),
});
const seenInProd = call({ type: 'AWSAccount', accountId: DEV, principalId: 'AROAEXAMPLE:session' }, 'AssumeRole', 1, {
  ...{ ...ofCall, recipientAccountId: PROD },
  responseElements: credentials('admin'),
});
const act = call(role('admin', PROD, keyOf('admin')), 'DeleteTrail', 5);

describe('A finding names who is behind the credentials', () => {
  const set = rulesetOf([ACT]);

  test.each([
    ['the record of the caller', [toAdmin]],
    ['the records of both accounts', [toAdmin, seenInProd]],
    ['only the account of the role told the key', [seenInProd, withoutAnswer(toAdmin)]],
  ])('from one session to the next, across accounts: %s', async (_what, second) => {
    const [finding] = await findingsOf([toDeploy, ...second, act], set);
    expect(finding!.lineage).toEqual({
      root: { id: alice['arn'], kind: 'iam-user', name: 'user alice', account: DEV, human: 'unknown' },
      hops: [
        {
          action: 'AssumeRole',
          by: 'user alice',
          account: DEV,
          accessKeyId: keyOf('deploy'),
          time: '2026-01-06T00:00:00Z',
        },
        {
          ...{ action: 'AssumeRole', by: 'session (role deploy)', account: DEV },
          ...{ accessKeyId: keyOf('admin'), time: '2026-01-06T00:01:00Z' },
        },
      ],
    });
  });

  test('also where what one account alone knows is the other account', async () => {
    const [finding] = await findingsOf([seenInProd, act], set);
    expect(finding!.lineage).toMatchObject({ root: { kind: 'other-account', account: DEV } });
    expect((await findingsOf([act], set))[0]!.lineage).toBeNull();
  });

  test('also of a key that somebody created, and of first sights', async () => {
    const created = call(alice, 'CreateAccessKey', 0, {
      eventSource: 'iam.amazonaws.com',
      responseElements: { accessKey: { accessKeyId: 'AKIAEXAMPLEBOB000000', userName: 'bob' } },
    });
    const byBob = call(user('bob', DEV, 'AKIAEXAMPLEBOB000000'), 'DeleteTrail', 60);
    const firstSeen = { ...ACT, privwatch: { first_seen: { fields: ['recipientAccountId'], forget: '60d' } } };
    for (const one of [ACT, firstSeen]) {
      const batches = await inBatches([[byBob], [created]], rulesetOf([one]));
      expect(batches.flat()).toMatchObject([
        { kind: 'created', finding: { lineage: null } },
        {
          kind: 'revised',
          finding: { lineage: { root: { name: 'user alice' }, hops: [{ action: 'CreateAccessKey' }] } },
        },
      ]);
    }
  });

  test('which late mints revise, and nobody is paged again', async () => {
    const store = new MemoryStore();
    const changes = [];
    for (const event of [act, toAdmin, toDeploy]) changes.push(...(await file([event], set, store)));
    expect(changes.map(({ kind }) => kind)).toEqual(['created', 'revised', 'revised']);
    expect(standing(changes)).toEqual(await findingsOf([toDeploy, toAdmin, act], set));
  });

  describe('by the source identity of the session', () => {
    const byAlice = call(asAlice(role('admin', PROD, keyOf('admin'))), 'DeleteTrail', 5);
    const bySession = call(asAlice(role('deploy', DEV, keyOf('deploy'))), 'AssumeRole', 1, {
      ...ofCall,
      responseElements: credentials('admin'),
    });
    const alone = { id: 'alice', kind: 'source-identity', name: 'source identity alice', account: null };

    test('where no mint was seen', async () => {
      const [finding] = await findingsOf([byAlice], set);
      expect(finding).toMatchObject({ actor: { sourceIdentity: 'alice' }, lineage: { root: alone, hops: [] } });
    });

    test('where the first mint was not seen', async () => {
      const [finding] = await findingsOf([bySession, byAlice], set);
      expect(finding!.lineage).toMatchObject({ root: alone, hops: [{ by: 'session (role deploy)' }] });
      expect(waysOf(finding!.lineage!, finding!.actor)).toEqual([`then AssumeRole by session (role deploy) in ${DEV}`]);
    });

    test('and beside what the mints say, whatever their order', async () => {
      const [finding] = await findingsOf([toDeploy, bySession, byAlice], set);
      expect(finding!.lineage).toMatchObject({ root: { name: 'user alice' }, hops: [{}, {}] });
      expect(waysOf(finding!.lineage!, finding!.actor).at(-1)).toBe('source identity alice');
      expect(standing((await inBatches([[byAlice], [toDeploy], [bySession]], set)).flat())).toEqual([finding]);
    });
  });

  test('unless credentials were made in a circle', async () => {
    const circle = ['a', 'b'].map((name, i) =>
      call(role(name, DEV, keyOf(name)), 'AssumeRole', i, { responseElements: credentials(name === 'a' ? 'b' : 'a') }),
    );
    const [finding] = await findingsOf([...circle, call(role('a', PROD, keyOf('a')), 'DeleteTrail', 5)], set);
    expect(finding!.lineage!.hops).toHaveLength(2);
  });

  function withoutAnswer({ record }: Event): Event {
    return makeEvent(sources.cloudtrail, { ...record, responseElements: null });
  }
});

describe('Events with credentials that a rule leaves out by how they were made', () => {
  const set = rulesetOf([{ ...ACT, privwatch: { group: ['recipientAccountId'], not_minted_by: ['AssumeRoot'] } }]);
  const assumed = call(role('operator', MANAGEMENT, keyOf('operator')), 'AssumeRoot', 0, {
    requestParameters: { targetPrincipal: PROD },
    responseElements: credentials('task'),
  });
  const byTask = call(root(PROD, keyOf('task')), 'DeleteTrail', 5);
  const byRoot = call(root(PROD, keyOf('console')), 'DeleteTrail', 6);

  test('file nothing, in whatever order they come', async () => {
    expect(await findingsOf([assumed, byTask], set)).toEqual([]);
    const changes = (await inBatches([[byTask], [assumed]], set)).flat();
    expect(changes.map(({ kind }) => kind)).toEqual(['created', 'withdrawn']);
  });

  test('and others do, of the same actor too', async () => {
    const [finding, ...more] = await findingsOf([byTask, assumed, byRoot], set);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ count: 1, eventIds: [byRoot.id], lineage: null });
  });

  test('which goes neither with first_seen nor with correlations', () => {
    const privwatch = { not_minted_by: ['AssumeRoot'] };
    const first_seen = { fields: ['recipientAccountId'], forget: '60d' };
    const count = {
      title: 'C',
      correlation: { type: 'event_count', rules: ['a_rule'], timespan: '1h', condition: { gte: 2 } },
    };
    expect(messages(check([{ ...ACT, privwatch: { ...privwatch, first_seen } }]).errors)).toEqual([
      'privwatch.not_minted_by: it does not go with first_seen',
    ]);
    expect(messages(check([{ ...ACT, privwatch }, count]).errors).join()).toMatch(
      /not_minted_by: it cannot be an input/,
    );
    expect(check([{ ...ACT, privwatch: { not_minted_by: ['AssumeRolle'] } }]).errors).toHaveLength(1);
  });
});

describe('A mint', () => {
  const { context } = rulesetOf([ACT]);
  const names = (event: Event): string[] => mintsOf(event, context).map(({ name }) => name);

  test.each<[string, Event, string[]]>([
    ['a call that was denied', call(alice, 'AssumeRole', 0, { errorCode: 'AccessDenied', responseElements: null }), []],
    [
      'a call of the same name elsewhere',
      call(alice, 'AssumeRole', 0, { eventSource: 'x', responseElements: credentials('a') }),
      [],
    ],
    [
      'something that is no access key id',
      call(alice, 'AssumeRole', 0, { responseElements: { credentials: { accessKeyId: '#' } } }),
      [],
    ],
    ['a call that one account records', toDeploy, [`key ${keyOf('deploy')}`]],
    ['a call that two accounts record, in the first', toAdmin, [`key ${keyOf('admin')}`, 'call a-shared-id']],
    ['and in the second', seenInProd, [`key ${keyOf('admin')}`]],
    [
      'a session of Identity Center',
      call({ type: 'SAMLUser', userName: 'alice@example.com', principalId: 'p' }, 'AssumeRoleWithSAML', 0, {
        responseElements: credentials('sso'),
      }),
      [`key ${keyOf('sso')}`],
    ],
  ])('of %s', (_what, event, wanted) => {
    expect(names(event)).toEqual(wanted);
  });

  test('is remembered one by one if it is by a person or across accounts', () => {
    const service = { type: 'AWSService', invokedBy: 'lambda.amazonaws.com' };
    const ofService = call(service, 'AssumeRole', 0, { recipientAccountId: PROD, responseElements: credentials('fn') });
    const remembered = (event: Event): boolean[] => mintsOf(event, context).map(isRemembered);
    // A role that a service takes for itself is where a lineage begins.
    expect(remembered(ofService)).toEqual([]);
    expect(remembered(toDeploy)).toEqual([true]);
    expect(remembered(toAdmin)).toEqual([true, true]);
    expect(remembered(seenInProd)).toEqual([true]);
  });

  test('holds no secret', () => {
    expect(JSON.stringify(mintsOf(toDeploy, context))).not.toContain('xxxx');
  });
});

/** Calls of a few sessions, each of which may have been made by any other, and be told by one account or two. */
const names = ['a', 'b', 'c', 'd'];
const identity = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(PROD, DEV), fc.constantFrom('root', 'role', 'role of alice'))
  .map(([name, account, kind]) => {
    if (kind === 'root') return root(account, keyOf(name));
    return kind === 'role' ? role(name, account, keyOf(name)) : asAlice(role(name, account, keyOf(name)));
  });
const oneCall = fc
  .record({
    ...{ id: fc.nat(30), identity, isMint: fc.boolean(), made: fc.constantFrom(...names) },
    at: fc.constantFrom(-30, -5, 0, 5, 10, 300),
    action: fc.constantFrom('AssumeRole', 'AssumeRoot', 'GetSessionToken'),
    side: fc.constantFrom('caller', 'owner', undefined),
    shared: fc.constantFrom('s', 't'),
  })
  .map(({ id, identity: who, isMint, made, at, action, side, shared }) => {
    const eventID = `${String(id).padStart(8, '0')}-1234-4abc-8abc-123456789abc`;
    if (!isMint) return call(who, 'DeleteTrail', at, { eventID });
    const by = side === 'owner' ? { type: 'AWSAccount', accountId: who['accountId']!, principalId: 'p' } : who;
    return call(by, action, at, {
      eventID,
      ...(side && { sharedEventID: shared }),
      responseElements: credentials(made),
    });
  });
const rules = fc.constant<JsonObject[]>([
  { ...ACT, name: 'one', title: 'one' },
  {
    ...ACT,
    name: 'two',
    title: 'two',
    privwatch: { group: ['recipientAccountId'], quiet: '30m', not_minted_by: ['AssumeRoot'] },
  },
  {
    ...ACT,
    name: 'three',
    title: 'three',
    privwatch: { first_seen: { fields: ['recipientAccountId'], forget: '3h' } },
  },
  {
    title: 'four',
    correlation: {
      type: 'event_count',
      rules: ['one'],
      'group-by': ['recipientAccountId'],
      timespan: '20m',
      condition: { gte: 2 },
      generate: true,
    },
  },
]);

workProperties(
  'mints',
  () => new MemoryStore(),
  60,
  rules,
  arrivalOf(fc.array(oneCall, { minLength: 1, maxLength: 12 })),
);
