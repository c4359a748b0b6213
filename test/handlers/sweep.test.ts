import { match } from '../../engine/match';
import { work } from '../../engine/work';
import { sweepFunction } from '../../handlers/sweep';
import { Recorded } from '../engine/recorded-store';
import { eventOf, ruleOf, rulesetOf } from '../engine/support';
import { trailRecord } from '../events/support';
import { observed } from './support';

const HOUR = 3_600_000;
const MADE = Date.parse('2026-01-05T23:10:00Z');

const ruleset = rulesetOf([
  ruleOf({ eventName: 'CreateAccessKey' }, { title: 'A key', name: 'made' }),
  ruleOf({ eventName: 'DeleteAccessKey' }, { title: 'A key less', name: 'gone' }),
  {
    ...{ title: 'A key was made and not taken away', name: 'kept', level: 'medium' },
    correlation: {
      ...{ type: 'temporal', rules: ['made', 'gone'], 'group-by': ['recipientAccountId'], timespan: '1h' },
      condition: 'made and not gone',
    },
  },
]);

/** A store in which the windows of some accounts are due, and the function of the timer. */
async function arranged(
  accounts: string[],
  disturb?: ConstructorParameters<typeof Recorded>[0],
  now = MADE + 2 * HOUR,
) {
  const store = new Recorded();
  for (const [i, recipientAccountId] of accounts.entries()) {
    const event = eventOf(trailRecord(i, { eventName: 'CreateAccessKey', recipientAccountId }));
    await work(match(event, ruleset), ruleset, store, MADE);
  }
  const all = observed(now);
  const disturbed = new Recorded(disturb, store);
  return { ...all, store, sweep: sweepFunction(() => ({ ruleset, store: disturbed }), all.surroundings) };
}

const accountsOf = (store: Recorded): unknown[] => store.heads().map(({ group }) => group.recipientAccountId);

describe('sweep', () => {
  test('judges what is over, once', async () => {
    const { sweep, store, totals } = await arranged(['1', '2']);
    await sweep({});
    expect(accountsOf(store).sort()).toEqual(['1', '2']);
    await sweep({});
    expect(totals()).toEqual({ judged: 2, failed: 0, left: 0, changes: 2, incomplete: 0 });
  });

  test('leaves alone what is not over', async () => {
    const { sweep, store, totals } = await arranged(['1'], undefined, MADE + HOUR);
    await sweep({});
    expect(accountsOf(store)).toEqual([]);
    expect(totals()).toEqual({ judged: 0, failed: 0, left: 0, changes: 0, incomplete: 0 });
  });

  test('goes on behind what fails, which stays due', async () => {
    let writes = 0;
    const { sweep, store, totals, lines } = await arranged(['1', '2', '3'], async (step) => {
      if (step === 'putHead' && ++writes === 1) throw new Error('throttled');
    });
    await sweep({});
    expect(accountsOf(store)).toHaveLength(2);
    expect(lines).toMatchObject([{ level: 'warn', detectorId: 'kept', error: { message: 'throttled' } }]);
    await sweep({});
    expect(accountsOf(store)).toHaveLength(3);
    expect(totals()).toEqual({ judged: 3, failed: 1, left: 0, changes: 3, incomplete: 0 });
  });

  test('leaves to the next call what there is no time for', async () => {
    const { sweep, store, totals } = await arranged(['1', '2', '3']);
    let remaining = 12_000;
    await sweep({}, { getRemainingTimeInMillis: () => (remaining -= 1_500) });
    expect(accountsOf(store)).toHaveLength(1);
    expect(totals()).toMatchObject({ judged: 1, left: 2 });
    await sweep({});
    expect(accountsOf(store)).toHaveLength(3);
  });
});
