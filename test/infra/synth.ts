import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readDeployment, type Deployment } from '../../infra/deployment';
import { addStacks } from '../../infra/stacks';
import { root } from '../cli/run';

export interface Made {
  deployment: Deployment;
  /** By the name of the stack. */
  templates: Record<string, Template>;
}

/**
 * The templates of a sample deployment, with functions that do nothing.
 *
 * @param account takes the place of the hub's account
 */
export function synthSample(mode: 'organization' | 'single-account', account?: string): Made {
  const sample = join(root, `samples/deploy/${mode}.yml`);
  const deployment = readDeployment(account === undefined ? sample : withHub(account, sample));
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  addStacks(app, deployment, () => Code.fromInline('exports.handler = async () => {}'));
  const stacks = app.synth().stacks.map(({ stackName, template }) => {
    const made = Template.fromJSON(template as Record<string, unknown>);
    return [stackName, made] as const;
  });
  return { deployment, templates: Object.fromEntries(stacks) };
}

function withHub(account: string, sample: string): string {
  const text = readFileSync(sample, 'utf8');
  const { deploy } = parse(text) as { deploy: { hub: { account: string } } };
  const file = join(mkdtempSync(join(tmpdir(), 'synth-')), 'privwatch.yml');
  writeFileSync(file, text.replaceAll(deploy.hub.account, account));
  return file;
}

export interface Resource {
  id: string;
  Type: string;
  Condition?: string;
  DeletionPolicy?: string;
  Properties: Record<string, unknown>;
}

/** The resources of a type, or all. */
export function resourcesOf(template: Template, type?: string): Resource[] {
  const all = template.toJSON()['Resources'] as Record<string, Omit<Resource, 'id'>>;
  return Object.entries(all)
    .map(([id, resource]) => ({ id, ...resource }))
    .filter(({ Type }) => type === undefined || Type === type);
}
