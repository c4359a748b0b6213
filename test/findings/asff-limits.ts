import type { AwsSecurityFinding } from '@aws-sdk/client-securityhub';
import { textsIn } from './support';

/** What BatchImportFindings would refuse of a finding, by its documented limits; nothing if all is well. */
export function asffProblems(finding: AwsSecurityFinding): string[] {
  const problems: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || problems.push(what));
  const short = (text: string | undefined, max: number, what: string): void =>
    must(text === undefined || (text.length > 0 && text.length <= max), `${what}: 1 to ${max} characters`);

  short(finding.Id, 512, 'Id');
  short(finding.GeneratorId, 512, 'GeneratorId');
  short(finding.Title, 256, 'Title');
  short(finding.Description, 1024, 'Description');
  short(finding.ProductName, 128, 'ProductName');
  short(finding.CompanyName, 128, 'CompanyName');
  short(finding.Remediation?.Recommendation?.Text, 512, 'Recommendation.Text');
  short(finding.Action?.AwsApiCallAction?.Api, 128, 'Api');
  short(finding.Action?.AwsApiCallAction?.ServiceName, 128, 'ServiceName');
  short(finding.FindingProviderFields?.Severity?.Original, 64, 'Severity.Original');
  must(finding.SchemaVersion === '2018-10-08', 'SchemaVersion');
  must(/^\d{12}$/.test(finding.AwsAccountId!), 'AwsAccountId');
  must(
    /^arn:aws[a-z-]*:securityhub:[a-z0-9-]+:\d{12}:product\/\d{12}\/default$/.test(finding.ProductArn!),
    'ProductArn',
  );
  for (const time of [finding.CreatedAt, finding.UpdatedAt, finding.FirstObservedAt, finding.LastObservedAt])
    must(time === undefined || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(time), `time ${time}`);

  const { Types = [], RelatedFindings = [], Severity } = finding.FindingProviderFields ?? {};
  must(Types.length >= 1 && Types.length <= 50, 'Types: 1 to 50');
  const namespaces =
    /^(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(\/[^/]+){0,2}$/;
  for (const type of Types) must(namespaces.test(type), `type ${type}`);
  must(['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'].includes(Severity!.Label!), 'Severity.Label');
  must(RelatedFindings.length <= 10, 'RelatedFindings: up to 10');

  const resources = finding.Resources!;
  must(resources.length >= 1 && resources.length <= 32, 'Resources: 1 to 32');
  for (const { Type, Id, Region } of resources) {
    short(Type, 256, 'Resource.Type');
    short(Id, 512, 'Resource.Id');
    short(Region, 16, 'Resource.Region');
  }
  must(new Set(resources.map(({ Type, Id }) => `${Type} ${Id}`)).size === resources.length, 'Resources: each once');

  const fields = Object.entries(finding.ProductFields!);
  must(fields.length <= 50, 'ProductFields: up to 50');
  for (const [key, value] of fields) {
    short(key, 128, `key of ProductFields`);
    short(value, 2048, `ProductFields ${key}`);
  }
  // The model's NonEmptyString.
  for (const text of textsIn(finding)) must(/\S/.test(text), 'a text without anything in it');
  must(Buffer.byteLength(JSON.stringify(finding)) <= 240_000, '240 KB');
  return problems;
}
