import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { DynamoStorms } from '../../state/storms';
import { tableDefinition } from '../../state/table';
import { startDynalite, type Dynalite } from './dynalite';

describe('storms in DynamoDB', () => {
  let dynalite: Dynalite;
  let storms: DynamoStorms;
  const storm = { detectorId: 'd', severity: 'low', hour: Date.UTC(2026, 0, 5, 23), limit: 2 } as const;
  const admitAll = async (ids: string[], of: Parameters<DynamoStorms['admit']>[0] = storm) => {
    const verdicts: string[] = [];
    for (const id of ids) verdicts.push(await storms.admit(of, id));
    return verdicts;
  };

  beforeAll(async () => {
    dynalite = await startDynalite();
    await dynalite.client.send(new CreateTableCommand(tableDefinition('storms')));
    const question = new DescribeTableCommand({ TableName: 'storms' });
    while ((await dynalite.client.send(question)).Table?.TableStatus !== 'ACTIVE');
    storms = new DynamoStorms({ client: dynalite.client, table: 'storms' });
  });
  afterAll(() => dynalite.stop());

  test('let the first page, and one more summarize; asked again, they say the same', async () => {
    const expected = ['page', 'page', 'summarize', 'hold', 'hold'];
    expect(await admitAll(['z', 'y', 'x', 'w', 'v'])).toEqual(expected);
    expect(await admitAll(['z', 'y', 'x', 'w', 'v'])).toEqual(expected);
    expect(await admitAll(['v', 'x', 'y'])).toEqual(['hold', 'summarize', 'page']);
  });

  test('are told apart by detector, severity and hour', async () => {
    for (const other of [{ detectorId: 'e' }, { severity: 'high' as const }, { hour: storm.hour + 3_600_000 }])
      expect(await admitAll(['a', 'b', 'c'], { ...storm, ...other })).toEqual(['page', 'page', 'summarize']);
  });

  test('counted by several at once page a few more at worst, and are summarized once', async () => {
    const here = { ...storm, detectorId: 'f' };
    const ids = Array.from({ length: 12 }, (_, i) => `n${i}`);
    await Promise.all(ids.map((id) => storms.admit(here, id)));
    const verdicts = [...(await admitAll([...ids, 'more'], here))];
    expect(verdicts.filter((verdict) => verdict === 'summarize')).toHaveLength(1);
    expect(verdicts.at(-1)).not.toBe('page');
  });
});
