import { startDynalite, type Dynalite } from './dynalite';
import { storeContract } from './store.contract';

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.stop());

storeContract('DynamoStore, on dynalite', () => dynalite.makeStore());
