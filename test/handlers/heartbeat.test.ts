import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { match } from '../../engine/match';
import type { MissedHeartbeat } from '../../events/heartbeat';
import { parse } from '../../events/read';
import { heartbeatFunction } from '../../handlers/heartbeat';
import { silenceFunction, type SilenceWatch } from '../../handlers/silence';
import { loadDetectors } from '../../cli/detectors';
import { DynamoHeartbeats } from '../../state/heartbeats';
import { tableDefinition } from '../../state/table';
import { startDynalite, type Dynalite } from '../state/dynalite';
import { givenBack, observed, sqsEventOf } from './support';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5, 10);

let dynalite: Dynalite;
let tables = 0;
let heartbeats: DynamoHeartbeats;
beforeAll(async () => (dynalite = await startDynalite()));
afterAll(() => dynalite.stop());
beforeEach(async () => {
  const table = `pulse-${++tables}`;
  await dynalite.client.send(new CreateTableCommand(tableDefinition(table)));
  heartbeats = new DynamoHeartbeats({ client: dynalite.client, table });
});

/** As EventBridge delivers it. */
function signOf(account: string, minute: number, region = 'us-east-1'): object {
  const time = new Date(START + minute * MINUTE).toISOString();
  return { source: 'privwatch.heartbeat', 'detail-type': 'privwatch heartbeat', account, region, time, detail: {} };
}

type Event = { id: string; account: string; region: string; detail: MissedHeartbeat };

/** Who is said to be silent at some minutes after the start. */
async function silentAt(minute: number, change: Partial<SilenceWatch> = {}): Promise<Event[]> {
  const sent: object[] = [];
  const { surroundings } = observed(START + minute * MINUTE);
  const watch: SilenceWatch = {
    ...{ heartbeats, accounts: async () => ['111122223333', '222233334444'], withSpoken: true, regions: ['us-east-1'] },
    ...{ silentAfterMilliseconds: 180 * MINUTE, neverSpokeAfterMilliseconds: 24 * 60 * MINUTE },
    send: async (events) => void sent.push(...events),
    ...change,
  };
  await silenceFunction(() => watch, surroundings)();
  return sent as Event[];
}

const listen = (...messages: unknown[]) =>
  heartbeatFunction(() => heartbeats, observed(START).surroundings)(sqsEventOf(...messages));

test('Signs of life are remembered, the newest of each account and Region; what is none is given back', async () => {
  const answer = await listen(
    ...[signOf('111122223333', 60), signOf('111122223333', 0), signOf('111122223333', 5, 'eu-west-1')],
    ...[
      '{',
      { ...signOf('1', 1) },
      { ...signOf('111122223333', 1), source: 'mine' },
      { ...signOf('111122223333', 1), time: '?' },
    ],
  );
  expect(givenBack(answer)).toEqual(['m3', 'm4', 'm5', 'm6']);
  expect(await heartbeats.all()).toEqual([
    { account: '111122223333', region: 'eu-west-1', last: START + 5 * MINUTE, since: undefined },
    { account: '111122223333', region: 'us-east-1', last: START + 60 * MINUTE, since: undefined },
  ]);
});

test('An account that falls silent is told of after its time, and one that never spoke after its own', async () => {
  await listen(signOf('111122223333', 0));
  expect(await silentAt(0)).toEqual([]);
  expect(await silentAt(180)).toEqual([]);
  const [fallen, ...others] = await silentAt(181);
  expect(others).toEqual([]);
  expect(fallen).toMatchObject({ account: '111122223333', detail: { spoke: true, since: '2026-01-05T10:00:00Z' } });
  const both = await silentAt(24 * 60 + 1);
  expect(both.map(({ account, detail }) => [account, detail.spoke])).toEqual([
    ['111122223333', true],
    ['222233334444', false],
  ]);
  await listen(signOf('111122223333', 24 * 60), signOf('222233334444', 24 * 60));
  expect(await silentAt(24 * 60 + 2)).toEqual([]);
});

test('The event of a silence is the same for an hour', async () => {
  await listen(signOf('111122223333', 0));
  const [first] = await silentAt(245);
  const [again] = await silentAt(295);
  const [later] = await silentAt(305);
  expect(again).toEqual(first);
  expect(later!.id).not.toBe(first!.id);
});

test('An account that is not listed is waited for once it spoke; but not where the organization itself says who is in it', async () => {
  await listen(signOf('333344445555', 0));
  const accounts = async (): Promise<string[]> => [];
  expect((await silentAt(200, { accounts })).map(({ account }) => account)).toEqual(['333344445555']);
  expect(await silentAt(200, { accounts, withSpoken: false })).toEqual([]);
});

test('A silence is found by the shipped detector', async () => {
  await listen(signOf('111122223333', 0));
  const [event] = await silentAt(300);
  const { events, rejected } = parse(Buffer.from(JSON.stringify(event)));
  expect(rejected).toEqual([]);
  const [found, ...others] = match(events[0]!, loadDetectors(undefined, {}));
  expect(others).toEqual([]);
  expect(found!.rule.title).toBe('An account or Region gives no sign of life');
  expect(events[0]).toMatchObject({
    key: 'heartbeat/111122223333/us-east-1/2026-01-05T15:00:00Z',
    account: '111122223333',
  });
});
