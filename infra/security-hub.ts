import { CfnInsight } from 'aws-cdk-lib/aws-securityhub';
import { Construct } from 'constructs';

const OURS = { generatorId: [{ comparison: 'PREFIX', value: 'privwatch/' }] };
const OPEN = { recordState: [{ comparison: 'EQUALS', value: 'ACTIVE' }] };

/** Views on the findings in Security Hub. */
export class Insights extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.insight('Detector', 'privwatch: open findings by detector', 'GeneratorId');
    // By the key that the actor used: of the format's fields by which an insight can group, the only one that names a person.
    this.insight('Actor', 'privwatch: open findings by actor', 'ResourceAwsIamAccessKeyPrincipalName', {
      resourceType: [{ comparison: 'EQUALS', value: 'AwsIamAccessKey' }],
    });
    // All findings are filed under the hub's account; that where it happened is a resource of each, so it comes before others.
    this.insight('Account', 'privwatch: open findings by account', 'ResourceId', {
      resourceType: [{ comparison: 'EQUALS', value: 'AwsAccount' }],
    });
    this.insight('Severity', 'privwatch: open findings by severity', 'SeverityLabel');
  }

  private insight(
    id: string,
    name: string,
    groupByAttribute: string,
    more: CfnInsight.AwsSecurityFindingFiltersProperty = {},
  ): void {
    new CfnInsight(this, id, { name, groupByAttribute, filters: { ...OURS, ...OPEN, ...more } });
  }
}
