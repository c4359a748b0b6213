import { Command } from 'commander';
import { DEFAULT_CONFIG } from '../cli/config';
import { exitOnMistakes, readDeployment } from './deployment';
import { MAX_TEMPLATE_BYTES, memberTemplate } from './stacks';

/** Prints the template of a member stack, for who applies it by other means than a stack set of the hub. */
function main(): void {
  const { config } = new Command('member-template')
    .description(
      'Prints the CloudFormation template that each account and Region gets, without assets: for Terraform, for a pipeline ' +
        'of your own, or by hand.',
    )
    .option('-c, --config <file>', 'configuration', DEFAULT_CONFIG)
    .addHelpText('after', '\nExample: npm run -s member-template -- -c privwatch.yml > member.template.json')
    .parse()
    .opts<{ config: string }>();
  exitOnMistakes(() => {
    const template = memberTemplate(readDeployment(config));
    const bytes = Buffer.byteLength(template);
    const isLarge = bytes > MAX_TEMPLATE_BYTES;
    process.stderr.write(
      `${bytes} bytes${isLarge ? `; over ${MAX_TEMPLATE_BYTES} it has to be given by way of a bucket` : ''}\n`,
    );
    process.stdout.write(`${template}\n`);
  });
}

if (require.main === module) main();
