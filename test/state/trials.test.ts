import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { tableDefinition } from '../../state/table';
import { DynamoTrials, MAX_TRIALS, type Trial } from '../../state/trials';
import { startDynalite, type Dynalite } from './dynalite';

describe('trials of detectors in staging, in DynamoDB', () => {
  let dynalite: Dynalite;
  let trials: DynamoTrials;
  const trial = (i: number, detectorId = 'd', day = '2026-03-03'): Trial => ({
    ...{
      detectorId,
      notificationId: `n${i}`,
      severity: 'low',
      title: `t${i}`,
      account: null,
      at: `${day}T01:00:00.000Z`,
    },
  });

  beforeAll(async () => {
    dynalite = await startDynalite();
    await dynalite.client.send(new CreateTableCommand(tableDefinition('trials')));
    const question = new DescribeTableCommand({ TableName: 'trials' });
    while ((await dynalite.client.send(question)).Table?.TableStatus !== 'ACTIVE');
    trials = new DynamoTrials({ client: dynalite.client, table: 'trials' });
  });
  afterAll(() => dynalite.stop());

  test('are kept by the day, each once, so many of a detector at most', async () => {
    for (const i of [1, 2, 1]) await trials.add(trial(i));
    await trials.add(trial(1, 'd', '2026-03-04'));
    expect((await trials.of('2026-03-03')).map(({ title }) => title).sort()).toEqual(['t1', 't2']);
    for (let i = 0; i < MAX_TRIALS + 5; i++) await trials.add(trial(i, 'noisy'));
    await trials.add(trial(1, 'another'));
    const all = await trials.of('2026-03-03');
    expect(all.filter(({ detectorId }) => detectorId === 'noisy')).toHaveLength(MAX_TRIALS);
    expect(all.filter(({ detectorId }) => detectorId === 'another')).toHaveLength(1);
  });

  test('know whether their digest was sent', async () => {
    expect(await trials.isSent('2026-03-03')).toBe(false);
    await trials.markSent('2026-03-03');
    expect([await trials.isSent('2026-03-03'), await trials.isSent('2026-03-04')]).toEqual([true, false]);
  });
});
