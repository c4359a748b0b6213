import { SecurityHubClient } from '@aws-sdk/client-securityhub';
import { asffId, productArn } from '../../../findings/asff';
import type { Notice } from '../../../findings/notice';
import { clientOptions } from '../../../findings/sinks/retries';
import { securityHubSink } from '../../../findings/sinks/security-hub';
import { FakeAws, type Answer, type Call } from './fake-aws';
import { noticeOf, SETTING } from './notices';

const IMPORT = 'POST /findings/import';
const GET = 'POST /findings';
const UPDATE = 'PATCH /findings/batchupdate';

interface Stored {
  Id: string;
  ProductArn: string;
  UpdatedAt: string;
  RecordState: string;
  Title: string;
  Workflow?: { Status: string };
  Note?: { Text: string; UpdatedBy: string };
}

interface Filters {
  Id: { Value: string }[];
  ProductArn: { Value: string }[];
}

interface Update extends Pick<Stored, 'Workflow' | 'Note'> {
  FindingIdentifiers: { Id: string }[];
}

/** What Security Hub does with findings, as far as the sink depends on it. */
class Hub {
  readonly findings = new Map<string, Stored>();

  readonly answer = ({ route, body }: Call): Answer => {
    const input = JSON.parse(body) as { Findings: Stored[]; Filters: Filters } & Update;
    if (route === IMPORT) return { body: this.import(input.Findings) };
    if (route === GET) return { body: this.get(input.Filters) };
    if (route === UPDATE) return { body: this.update(input) };
    return { status: 404 };
  };

  private import(findings: Stored[]): object {
    for (const finding of findings) {
      const old = this.findings.get(finding.Id);
      if (old && old.UpdatedAt >= finding.UpdatedAt) continue;
      const { Workflow = { Status: 'NEW' }, Note } = old ?? {};
      this.findings.set(finding.Id, { ...finding, Workflow, ...(Note && { Note }) });
    }
    return { SuccessCount: findings.length, FailedCount: 0, FailedFindings: [] };
  }

  private get(filters: Filters): object {
    if (filters.Id.length > 20) return { status: 400 };
    const found = filters.Id.map(({ Value }) => this.findings.get(Value)).filter((finding) => finding !== undefined);
    return { Findings: found.filter(({ ProductArn }) => ProductArn === filters.ProductArn[0]!.Value) };
  }

  private update(input: Update): object {
    const [identifier] = input.FindingIdentifiers;
    const finding = this.findings.get(identifier!.Id);
    const refusal = { FindingIdentifier: identifier, ErrorCode: 'FindingNotFound', ErrorMessage: 'not found' };
    if (!finding) return { ProcessedFindings: [], UnprocessedFindings: [refusal] };
    Object.assign(finding, { Workflow: input.Workflow }, input.Note && { Note: input.Note });
    return { ProcessedFindings: [identifier], UnprocessedFindings: [] };
  }
}

const aws = new FakeAws();
let hub: Hub;
beforeAll(() => aws.start());
afterAll(() => aws.stop());
beforeEach(() => {
  aws.reset();
  hub = new Hub();
  aws.script = hub.answer;
});

const sink = () => securityHubSink(new SecurityHubClient({ ...clientOptions, ...aws.options }), SETTING);
const at = (seconds: number): string => new Date(Date.UTC(2026, 4, 1, 10, 0, seconds)).toISOString();
const created = (id: string, seconds: number): Notice => noticeOf({ id }, { updatedAt: at(seconds) });
const superseded = (id: string, by: string, seconds: number): Notice =>
  noticeOf({ id }, { kind: 'superseded', supersededBy: by, updatedAt: at(seconds), notificationId: null });
const stored = (id: string): Stored => hub.findings.get(asffId(id))!;
const routes = (): string[] => aws.calls.map(({ route }) => route);

/** A person's decision about a finding. */
function decide(id: string, Status: string, note?: string): void {
  Object.assign(stored(id), { Workflow: { Status } }, note && { Note: { Text: note, UpdatedBy: 'ada' } });
}

describe('importing', () => {
  test('files findings under the account of the hub, and asks nothing else', async () => {
    expect(await sink().send([created('a', 1)])).toEqual([{ sent: true }]);
    expect(routes()).toEqual([IMPORT]);
    expect(stored('a')).toMatchObject({ ProductArn: productArn(SETTING), RecordState: 'ACTIVE', UpdatedAt: at(1) });
  });

  test('imports a hundred at a time', async () => {
    const outcomes = await sink().send(Array.from({ length: 250 }, (_, i) => created(`f${i}`, 1)));
    expect(outcomes).toEqual(Array(250).fill({ sent: true }));
    expect(aws.calls.map(({ body }) => (JSON.parse(body) as { Findings: [] }).Findings.length)).toEqual([100, 100, 50]);
  });

  test('of one finding imports only the newest, whatever its place in the batch', async () => {
    const withdrawn = noticeOf({ id: 'a' }, { kind: 'withdrawn', updatedAt: at(3), notificationId: null });
    const outcomes = await sink().send([created('a', 1), withdrawn, created('a', 2)]);
    expect(outcomes).toEqual(Array(3).fill({ sent: true }));
    expect((JSON.parse(aws.calls[0]!.body) as { Findings: [] }).Findings).toHaveLength(1);
    expect(stored('a')).toMatchObject({ RecordState: 'ARCHIVED', UpdatedAt: at(3) });
  });

  test('an older notice that comes later changes nothing', async () => {
    const withdrawn = noticeOf({ id: 'a' }, { kind: 'withdrawn', updatedAt: at(3), notificationId: null });
    await sink().send([withdrawn]);
    await sink().send([created('a', 1)]);
    expect(stored('a')).toMatchObject({ RecordState: 'ARCHIVED', UpdatedAt: at(3) });
  });

  test('marks a drill', async () => {
    await sink().send([noticeOf({ id: 'a' }, { drill: true })]);
    expect(stored('a').Title).toContain('DRILL');
  });

  test('tells which findings failed, and whether trying again can help', async () => {
    const FailedFindings = [
      { Id: asffId('a'), ErrorCode: 'InternalFailure', ErrorMessage: 'later' },
      { Id: asffId('c'), ErrorCode: 'InvalidInput', ErrorMessage: 'odd' },
    ];
    aws.script = () => ({ body: { FailedCount: 2, SuccessCount: 1, FailedFindings } });
    expect(await sink().send(['a', 'b', 'c'].map((id) => created(id, 1)))).toEqual([
      { sent: false, reason: 'InternalFailure: later', retryable: true },
      { sent: true },
      { sent: false, reason: 'InvalidInput: odd', retryable: false },
    ]);
  });

  test('a finding that cannot be rendered fails alone', async () => {
    const broken = noticeOf({ id: 'broken', resources: null as never });
    const outcomes = await sink().send([broken, created('a', 1)]);
    expect(outcomes).toMatchObject([{ sent: false, retryable: false }, { sent: true }]);
  });

  test('a batch that is refused for one finding is cut until that one is alone', async () => {
    aws.script = (call) => {
      const refused = call.body.includes(`"${asffId('f2')}"`);
      return refused ? { status: 400, error: 'InvalidInputException' } : hub.answer(call);
    };
    const outcomes = await sink().send(Array.from({ length: 5 }, (_, i) => created(`f${i}`, 1)));
    expect(outcomes.map(({ sent }) => sent)).toEqual([true, true, false, true, true]);
  });

  test.each([
    { status: 429, error: 'TooManyRequestsException' },
    { status: 429, error: 'LimitExceededException' },
    { status: 500, error: 'InternalException' },
  ])('tries again after $error', async (fault) => {
    aws.script = (call) => (aws.calls.length === 1 ? fault : hub.answer(call));
    expect(await sink().send([created('a', 1)])).toEqual([{ sent: true }]);
    expect(aws.calls).toHaveLength(2);
  });
});

describe('a superseded finding', () => {
  test('is archived, and its status and note go over to its successor', async () => {
    await sink().send([created('a', 1)]);
    decide('a', 'SUPPRESSED', 'an agreed test');
    expect(await sink().send([created('b', 2), superseded('a', 'b', 2)])).toEqual([{ sent: true }, { sent: true }]);
    expect(stored('a')).toMatchObject({ RecordState: 'ARCHIVED', Workflow: { Status: 'SUPPRESSED' } });
    expect(stored('b')).toMatchObject({
      ...{ RecordState: 'ACTIVE', Workflow: { Status: 'SUPPRESSED' } },
      Note: { Text: 'an agreed test', UpdatedBy: 'ada' },
    });
  });

  test('about which nobody had decided needs no successor', async () => {
    await sink().send([created('a', 1)]);
    expect(await sink().send([superseded('a', 'b', 2)])).toEqual([{ sent: true }]);
    expect(routes()).not.toContain(UPDATE);
  });

  test('is archived at once, and tried again until its successor is there', async () => {
    await sink().send([created('a', 1)]);
    decide('a', 'NOTIFIED');
    const notice = superseded('a', 'b', 2);
    expect(await sink().send([notice])).toMatchObject([{ sent: false, retryable: true }]);
    expect(stored('a').RecordState).toBe('ARCHIVED');
    await sink().send([created('b', 2)]);
    expect(await sink().send([notice])).toEqual([{ sent: true }]);
    expect(stored('b').Workflow).toEqual({ Status: 'NOTIFIED' });
  });

  test('does not change what somebody has decided about its successor', async () => {
    await sink().send([created('a', 1), created('b', 2)]);
    decide('a', 'SUPPRESSED', 'old');
    decide('b', 'NOTIFIED', 'new');
    await sink().send([superseded('a', 'b', 2)]);
    expect(stored('b')).toMatchObject({ Workflow: { Status: 'NOTIFIED' }, Note: { Text: 'new' } });
  });

  test('keeps the note that a successor without a decision has', async () => {
    await sink().send([created('a', 1), created('b', 2)]);
    decide('a', 'SUPPRESSED', 'old');
    decide('b', 'NEW', 'new');
    await sink().send([superseded('a', 'b', 2)]);
    expect(stored('b')).toMatchObject({ Workflow: { Status: 'SUPPRESSED' }, Note: { Text: 'new' } });
  });

  test.each([
    ['in one batch', [['c', 'ab', 'bc', 'b']]],
    ['in order', [['b'], ['ab'], ['c'], ['bc']]],
    ['in another order', [['b'], ['c'], ['bc'], ['ab']]],
  ])('passes its status on to the last of several, %s', async (_, batches) => {
    const notices: Record<string, Notice> = { b: created('b', 2), c: created('c', 3) };
    Object.assign(notices, { ab: superseded('a', 'b', 2), bc: superseded('b', 'c', 3) });
    await sink().send([created('a', 1)]);
    decide('a', 'SUPPRESSED');
    for (const batch of batches) await sink().send(batch.map((name) => notices[name]!));
    expect(stored('c').Workflow).toEqual({ Status: 'SUPPRESSED' });
  });

  test('is known from its notice while Security Hub does not show yet that it is archived', async () => {
    await sink().send([created('a', 1), created('b', 2), created('c', 3)]);
    decide('a', 'SUPPRESSED');
    aws.script = (call) => {
      const { body } = hub.answer(call);
      return { body: JSON.stringify(body).replaceAll('"ARCHIVED"', '"ACTIVE"') };
    };
    await sink().send([superseded('a', 'b', 2), superseded('b', 'c', 3)]);
    expect(stored('c').Workflow).toEqual({ Status: 'SUPPRESSED' });
  });

  test('whose successor it took the place of in turn ends somewhere', async () => {
    await sink().send([created('a', 1), created('b', 1)]);
    decide('a', 'SUPPRESSED');
    expect(await sink().send([superseded('a', 'b', 2), superseded('b', 'a', 3)])).toMatchObject([{}, {}]);
  });

  test('asks for twenty findings at most in one request', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => `f${i}`);
    await sink().send(ids.flatMap((id) => [created(id, 1), created(`${id}+`, 2)]));
    ids.forEach((id) => decide(id, 'SUPPRESSED'));
    const outcomes = await sink().send(ids.map((id) => superseded(id, `${id}+`, 2)));
    expect(outcomes).toEqual(Array(25).fill({ sent: true }));
    expect(routes().filter((route) => route === GET)).toHaveLength(3);
    expect(ids.map((id) => stored(`${id}+`).Workflow!.Status)).toEqual(Array(25).fill('SUPPRESSED'));
  });

  test.each([GET, UPDATE])('fails alone if %s fails', async (route) => {
    await sink().send([created('a', 1), created('b', 2)]);
    decide('a', 'SUPPRESSED');
    aws.script = (call) => (call.route === route ? { status: 500, error: 'InternalException' } : hub.answer(call));
    const outcomes = await sink().send([created('c', 2), superseded('a', 'b', 2)]);
    expect(outcomes).toMatchObject([{ sent: true }, { sent: false, retryable: true }]);
  });
});
