import {
  BatchUpdateFindingsCommand,
  GetFindingsCommand,
  type AwsSecurityFinding,
  type SecurityHubClient,
} from '@aws-sdk/client-securityhub';
import { failureOf, isPassing } from './retries';
import { failed, SENT, type Outcome } from './sink';

/** A finding and the one that took its place, by their `Id` in Security Hub. */
export interface Succession {
  from: string;
  to: string;
}

/** Findings of one product of Security Hub, for what people decide about them. */
export interface Workflow {
  client: SecurityHubClient;
  productArn: string;
  /** The `Id` of the finding that took an archived one's place; undefined if none did. */
  successorOf(this: void, finding: AwsSecurityFinding): string | undefined;
}

type Known = Map<string, AwsSecurityFinding>;

/** GetFindings takes 20 values per filter: the ids of ten findings and of their successors. */
const PAIRS_PER_REQUEST = 10;

/**
 * Carries over what people decided about findings (the workflow status, and the note that says why) to their successors,
 * so that nobody has to do it again. A successor about which somebody has decided already stays as it is; one that was
 * superseded itself meanwhile passes it on.
 *
 * Known gap: Security Hub shows a new status only minutes after it was set. Who decides about a finding just before it is
 * superseded twice may find the status on the middle one only.
 *
 * @returns an outcome for each, in order; retrying helps while the successor is not there yet
 */
export async function carryOver(workflow: Workflow, successions: Succession[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const next = new Map(successions.map(({ from, to }) => [from, to]));
  for (let i = 0; i < successions.length; i += PAIRS_PER_REQUEST) {
    const some = successions.slice(i, i + PAIRS_PER_REQUEST);
    try {
      const known: Known = new Map();
      await look(
        workflow,
        some.flatMap(({ from, to }) => [from, to]),
        known,
      );
      for (const { from } of some) outcomes.push(await carryOne(workflow, from, next, known));
    } catch (error) {
      while (outcomes.length < i + some.length) outcomes.push(failureOf(error));
    }
  }
  return outcomes.map((outcome) =>
    outcome.sent ? outcome : { ...outcome, reason: `archived, but its status is not carried over: ${outcome.reason}` },
  );
}

/** Adds the findings that are there to `known`. */
async function look({ client, productArn }: Workflow, ids: string[], known: Known): Promise<void> {
  const equals = (Value: string) => ({ Value, Comparison: 'EQUALS' as const });
  const Filters = { Id: [...new Set(ids)].map(equals), ProductArn: [equals(productArn)] };
  const { Findings = [] } = await client.send(new GetFindingsCommand({ Filters, MaxResults: 100 }));
  for (const finding of Findings) known.set(finding.Id!, finding);
}

async function carryOne(workflow: Workflow, from: string, next: Map<string, string>, known: Known): Promise<Outcome> {
  const old = known.get(from);
  if (!old || !isDecided(old)) return SENT;
  const to = await lastHeir(workflow, from, next, known);
  const heir = known.get(to);
  if (!heir) return failed(`${to} is not in Security Hub yet`, true);
  return isDecided(heir) ? SENT : decide(workflow, heir, old);
}

/** Follows who took whose place, to the last; findings may even take each other's in turn. */
async function lastHeir(workflow: Workflow, from: string, next: Map<string, string>, known: Known): Promise<string> {
  const passed = new Set<string>();
  let id = from;
  while (!passed.has(id)) {
    passed.add(id);
    if (!known.has(id)) await look(workflow, [id], known);
    const finding = known.get(id);
    const archived = finding?.RecordState === 'ARCHIVED' ? workflow.successorOf(finding) : undefined;
    id = next.get(id) ?? archived ?? id;
  }
  return id;
}

async function decide(
  { client, productArn }: Workflow,
  heir: AwsSecurityFinding,
  old: AwsSecurityFinding,
): Promise<Outcome> {
  const note = heir.Note ? undefined : old.Note;
  const { UnprocessedFindings = [] } = await client.send(
    new BatchUpdateFindingsCommand({
      FindingIdentifiers: [{ Id: heir.Id, ProductArn: productArn }],
      Workflow: { Status: old.Workflow!.Status! },
      ...(note && { Note: { Text: note.Text, UpdatedBy: note.UpdatedBy } }),
    }),
  );
  const [refusal] = UnprocessedFindings;
  if (!refusal) return SENT;
  const { ErrorCode, ErrorMessage } = refusal;
  return failed(`${ErrorCode}: ${ErrorMessage}`, ErrorCode === 'FindingNotFound' || isPassing(ErrorCode));
}

/** Whether a person, or a rule of theirs, has set the status: `NOTIFIED`, `SUPPRESSED` or `RESOLVED`. */
function isDecided({ Workflow }: AwsSecurityFinding): boolean {
  return Workflow?.Status !== undefined && Workflow.Status !== 'NEW';
}
