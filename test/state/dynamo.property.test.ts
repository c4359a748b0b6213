import { workProperties } from '../engine/work-properties';
import { startDynalite, type Dynalite } from './dynalite';

jest.setTimeout(300_000);

let dynalite: Dynalite;
beforeAll(async () => {
  dynalite = await startDynalite();
});
afterAll(() => dynalite.stop());

workProperties('DynamoStore, on dynalite', () => dynalite.makeStore(), 8);
