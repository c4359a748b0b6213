import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { join } from 'node:path';
import { readDeployment, type Deployment } from '../../infra/deployment';
import { addStacks } from '../../infra/stacks';
import { root } from '../cli/run';

export interface Made {
  deployment: Deployment;
  /** By the name of the stack. */
  templates: Record<string, Template>;
}

/** The templates of a sample deployment, with functions that do nothing. */
export function synthSample(mode: 'organization' | 'single-account'): Made {
  const deployment = readDeployment(join(root, `samples/deploy/${mode}.yml`));
  const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
  addStacks(app, deployment, () => Code.fromInline('exports.handler = async () => {}'));
  const stacks = app.synth().stacks.map(({ stackName, template }) => {
    const made = Template.fromJSON(template as Record<string, unknown>);
    return [stackName, made] as const;
  });
  return { deployment, templates: Object.fromEntries(stacks) };
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
