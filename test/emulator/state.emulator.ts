import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { workProperties } from '../engine/work-properties';
import { makeStoreAt } from '../state/dynalite';
import { storeContract } from '../state/store.contract';
import { absentMoto, Moto } from './moto';

const absent = absentMoto();
const describeHere = absent === undefined ? describe : describe.skip;

describeHere(`State in moto's DynamoDB${absent === undefined ? '' : `, skipped: ${absent}`}`, () => {
  let moto: Moto;
  let client: DynamoDBClient;
  let tables = 0;
  beforeAll(async () => {
    moto = await Moto.start();
    client = new DynamoDBClient({
      endpoint: moto.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
    });
  });
  afterAll(async () => {
    client.destroy();
    await moto.stop();
  });
  const makeStore = (): ReturnType<typeof makeStoreAt> => makeStoreAt(client, `table-${++tables}`);

  storeContract('DynamoStore, on moto', makeStore);
  workProperties('DynamoStore, on moto', makeStore, 2);
});
