import {
  BatchImportFindingsCommand,
  type AwsSecurityFinding,
  type SecurityHubClient,
} from '@aws-sdk/client-securityhub';
import { asffId, asffOf, productArn } from '../asff';
import type { Notice, Setting } from '../notice';
import { deliver } from './deliver';
import { isPassing } from './retries';
import { failed, SENT, type Outcome, type Sink } from './sink';
import { carryOver, type Succession } from './workflow';

/** Of BatchImportFindings: 6 MB for a request, of which some are left for what is around the findings. */
const LIMITS = { entries: 100, bytes: 5_900_000, bytesOfEntry: 240_000 };

/**
 * Findings in Security Hub, in the hub's account. Each is one there, by its id: a repeat changes nothing, and of several
 * notices the one with the latest `updatedAt` stands, in whatever order they come. Superseded and withdrawn findings are
 * archived, and what a person had decided about a superseded one goes over to its successor; until that is imported,
 * the notice fails, and trying again helps.
 */
export function securityHubSink(client: SecurityHubClient, setting: Setting): Sink {
  const product = productArn(setting);
  const successorOf = ({ ProductFields }: AwsSecurityFinding): string | undefined => {
    const id = ProductFields?.['privwatch/supersededBy'];
    return id === undefined ? undefined : asffId(id);
  };
  return {
    name: 'security-hub',
    async send(notices) {
      const outcomes = await deliver(notices, {
        keyOf: ({ finding }) => finding.id,
        render: (notice) => asffOf(notice, setting),
        sizeOf: (finding) => Buffer.byteLength(JSON.stringify(finding)),
        limits: LIMITS,
        request: (findings) => importFindings(client, findings),
      });
      const archived = notices.filter((notice, i) => outcomes[i]!.sent && notice.supersededBy !== null);
      const carried = await carryOver({ client, productArn: product, successorOf }, archived.map(successionOf));
      const carriedOf = new Map(archived.map((notice, i) => [notice, carried[i]!]));
      return notices.map((notice, i) => carriedOf.get(notice) ?? outcomes[i]!);
    },
  };
}

async function importFindings(client: SecurityHubClient, findings: AwsSecurityFinding[]): Promise<Outcome[]> {
  const { FailedFindings = [] } = await client.send(new BatchImportFindingsCommand({ Findings: findings }));
  const failures = new Map(FailedFindings.map((failure) => [failure.Id, failure]));
  return findings.map(({ Id }) => {
    const failure = failures.get(Id);
    if (!failure) return SENT;
    return failed(`${failure.ErrorCode}: ${failure.ErrorMessage}`, isPassing(failure.ErrorCode));
  });
}

function successionOf({ finding, supersededBy }: Notice): Succession {
  return { from: asffId(finding.id), to: asffId(supersededBy!) };
}
