import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { VALIDATE_AGAINST_DEFAULT_RULES } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Command } from 'commander';
import { DEFAULT_CONFIG } from '../cli/config';
import { bundleFolder, writeBundles } from './bundle';
import { exitOnMistakes, readDeployment } from './deployment';
import { addStacks } from './stacks';

/** Makes the templates of a deployment. Needs no network and no credentials. */
function synth(file: string, outdir: string | undefined): void {
  // The library would warn of its own use of its own properties.
  process.env['JSII_DEPRECATED'] ??= 'quiet';
  const deployment = readDeployment(file);
  for (const warning of deployment.warnings) process.stderr.write(`warning: ${warning}\n`);
  writeBundles(deployment);
  // What CloudFormation would not take, e.g. a reference to nothing, is an error and no mere warning.
  const context = { [VALIDATE_AGAINST_DEFAULT_RULES]: true };
  const app = new App({ analyticsReporting: false, context, ...(outdir !== undefined && { outdir }) });
  addStacks(app, deployment, (name) => Code.fromAsset(join(bundleFolder, name)));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { stacks, directory } = app.synth();
  for (const { stackName, environment } of stacks)
    process.stderr.write(`${stackName}: ${environment.account}, ${environment.region}\n`);
  process.stderr.write(`templates in ${directory}\n`);
}

function main(): void {
  const { config, output } = new Command('synth')
    .description(
      'Makes the CloudFormation templates of a deployment: checks configuration and detectors, bundles the functions. ' +
        'Needs no network and no credentials.',
    )
    // CDK's own command runs this one without arguments.
    .option(
      '-c, --config <file>',
      'configuration; or PRIVWATCH_CONFIG',
      process.env['PRIVWATCH_CONFIG'] ?? DEFAULT_CONFIG,
    )
    .option('-o, --output <folder>', 'where the templates go; cdk.out if not given')
    .addHelpText('after', '\nExit codes: 0 done; 1 a check of the templates failed; 2 what is wrong was said.')
    .parse()
    .opts<{ config: string; output?: string }>();
  exitOnMistakes(() => synth(config, output ?? process.env['CDK_OUTDIR'] ?? 'cdk.out'));
}

if (require.main === module) main();
