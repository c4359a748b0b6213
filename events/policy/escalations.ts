import type { Condition } from './document';
import { ANYTHING, Budget, Glob } from './glob';
import type { Grants, Question } from './grants';

/**
 * Ways by which whoever holds a permission can get more than it, by their actions. Facts from public research (Rhino
 * Security Labs' list of IAM privilege escalation, pathfinding.cloud) and AWS's service authorization reference.
 *
 * An act is `service:Action@kind of resource`; a path needs all of its acts.
 */
const PATHS: string[][] = [
  // Of policies and who bears them.
  ['iam:CreatePolicyVersion@policy/'],
  ['iam:SetDefaultPolicyVersion@policy/'],
  ['iam:AttachUserPolicy@user/'],
  ['iam:AttachGroupPolicy@group/'],
  ['iam:AttachRolePolicy@role/'],
  ['iam:PutUserPolicy@user/'],
  ['iam:PutGroupPolicy@group/'],
  ['iam:PutRolePolicy@role/'],
  ['iam:AddUserToGroup@group/'],
  ['iam:UpdateAssumeRolePolicy@role/'],
  ['iam:DeleteUserPermissionsBoundary@user/'],
  ['iam:DeleteRolePermissionsBoundary@role/'],
  ['iam:PutUserPermissionsBoundary@user/'],
  ['iam:PutRolePermissionsBoundary@role/'],
  // Of somebody else's credentials.
  ['iam:CreateAccessKey@user/'],
  ['iam:CreateLoginProfile@user/'],
  ['iam:UpdateLoginProfile@user/'],
  ['iam:UpdateSAMLProvider@saml-provider/'],
  ['sts:AssumeRole@role/'],
  ['sts:AssumeRoot@root'],
  ['sso:CreateAccountAssignment@permissionset/'],
  ['sso:AttachManagedPolicyToPermissionSet@permissionset/'],
  ['sso:PutInlinePolicyToPermissionSet@permissionset/'],
  ['identitystore:CreateGroupMembership@group/'],
  ['eks:AssociateAccessPolicy@access-entry/'],
  // Of a role that something new acts in.
  ...passing('ec2.amazonaws.com', [
    ['ec2:RunInstances@instance/'],
    ['ec2:RequestSpotInstances@spot-instances-request/'],
    ['ec2:RequestSpotFleet@spot-fleet-request/'],
    ['ec2:AssociateIamInstanceProfile@instance/'],
    ['ec2:ReplaceIamInstanceProfileAssociation@instance/'],
    [
      'autoscaling:CreateAutoScalingGroup@autoscalinggroup:',
      'autoscaling:CreateLaunchConfiguration@launchconfiguration:',
    ],
  ]),
  ...passing('lambda.amazonaws.com', [
    ['lambda:CreateFunction@function:'],
    ['lambda:UpdateFunctionConfiguration@function:'],
  ]),
  ...passing('cloudformation.amazonaws.com', [
    ['cloudformation:CreateStack@stack/'],
    ['cloudformation:UpdateStack@stack/'],
    ['cloudformation:CreateChangeSet@stack/', 'cloudformation:ExecuteChangeSet@stack/'],
    ['cloudformation:CreateStackSet@stackset/'],
  ]),
  ...passing('glue.amazonaws.com', [
    ['glue:CreateDevEndpoint@devendpoint/'],
    ['glue:CreateJob@job/', 'glue:StartJobRun@job/'],
    ['glue:UpdateJob@job/', 'glue:StartJobRun@job/'],
    ['glue:CreateSession@session/', 'glue:RunStatement@session/'],
  ]),
  ...passing('sagemaker.amazonaws.com', [
    ['sagemaker:CreateNotebookInstance@notebook-instance/'],
    ['sagemaker:CreateProcessingJob@processing-job/'],
    ['sagemaker:CreateTrainingJob@training-job/'],
  ]),
  ...passing('ecs-tasks.amazonaws.com', [
    ['ecs:RegisterTaskDefinition@task-definition/', 'ecs:RunTask@task-definition/'],
    ['ecs:RegisterTaskDefinition@task-definition/', 'ecs:StartTask@task-definition/'],
    ['ecs:RegisterTaskDefinition@task-definition/', 'ecs:CreateService@service/'],
    ['ecs:RegisterTaskDefinition@task-definition/', 'ecs:UpdateService@service/'],
    ['batch:RegisterJobDefinition@job-definition/', 'batch:SubmitJob@job-definition/'],
  ]),
  ...passing('codebuild.amazonaws.com', [
    ['codebuild:CreateProject@project/', 'codebuild:StartBuild@project/'],
    ['codebuild:UpdateProject@project/', 'codebuild:StartBuild@project/'],
  ]),
  ...passing('codepipeline.amazonaws.com', [['codepipeline:CreatePipeline@']]),
  ...passing('datapipeline.amazonaws.com', [
    ['datapipeline:CreatePipeline@pipeline/', 'datapipeline:PutPipelineDefinition@pipeline/'],
  ]),
  ...passing('states.amazonaws.com', [
    ['states:CreateStateMachine@statemachine:'],
    ['states:UpdateStateMachine@statemachine:'],
  ]),
  ...passing('scheduler.amazonaws.com', [['scheduler:CreateSchedule@schedule/']]),
  ...passing('ssm.amazonaws.com', [['ssm:StartAutomationExecution@automation-definition/']]),
  ...passing('tasks.apprunner.amazonaws.com', [
    ['apprunner:CreateService@service/'],
    ['apprunner:UpdateService@service/'],
  ]),
  ...passing('elasticmapreduce.amazonaws.com', [['elasticmapreduce:RunJobFlow@cluster/']]),
  ...passing('emr-serverless.amazonaws.com', [['emr-serverless:StartJobRun@/applications/']]),
  ...passing('elasticbeanstalk.amazonaws.com', [['elasticbeanstalk:CreateEnvironment@environment/']]),
  ...passing('eks.amazonaws.com', [['eks:CreateNodegroup@cluster/']]),
  ...passing('pods.eks.amazonaws.com', [['eks:CreatePodIdentityAssociation@cluster/']]),
  ...passing('cognito-identity.amazonaws.com', [['cognito-identity:SetIdentityPoolRoles@identitypool/']]),
  ...passing('rolesanywhere.amazonaws.com', [['rolesanywhere:CreateProfile@profile/']]),
  ...passing('bedrock-agentcore.amazonaws.com', [['bedrock-agentcore:CreateCodeInterpreter@code-interpreter']]),
  // Of a role in which something already acts.
  ['lambda:UpdateFunctionCode@function:'],
  ['cloudformation:UpdateStack@stack/'],
  ['cloudformation:CreateChangeSet@stack/', 'cloudformation:ExecuteChangeSet@stack/'],
  ['glue:UpdateDevEndpoint@devendpoint/'],
  ['codebuild:StartBuild@project/'],
  ['codebuild:StartBuildBatch@project/'],
  ['sagemaker:CreatePresignedNotebookInstanceUrl@notebook-instance/'],
  ['ssm:SendCommand@instance/'],
  ['ssm:StartSession@instance/'],
  ['ec2-instance-connect:SendSSHPublicKey@instance/'],
  ['ec2:ModifyInstanceAttribute@instance/', 'ec2:StopInstances@instance/', 'ec2:StartInstances@instance/'],
  ['ecs:ExecuteCommand@cluster/'],
  ['elasticmapreduce:AddJobFlowSteps@cluster/'],
];

function passing(service: string, acts: string[][]): string[][] {
  return acts.map((path) => [`iam:PassRole@role/>${service}`, ...path]);
}

/** Acts that give power to whoever may do them to himself alone. */
const EMPOWERS = /^iam:(?:attach|put)(?:user|group|role)policy$|^iam:updateassumerolepolicy$/;

/** Some ARNs belong to the service of another name. */
const SERVICES: Record<string, string> = { 'ec2-instance-connect': 'ec2' };

interface Path {
  /** `iam:PassRole+lambda:CreateFunction` */
  name: string;
  questions: (Question & { empowers: boolean })[];
}

const paths: Path[] = PATHS.map((acts) => ({
  name: acts.map((act) => act.split('@')[0]).join('+'),
  questions: acts.map((act) => {
    const [action, rest] = act.split('@') as [string, string];
    const [kind, passedTo] = rest.split('>');
    return { ...questionOf(action, kind!, passedTo), empowers: EMPOWERS.test(action.toLowerCase()) };
  }),
}));

function questionOf(action: string, kind: string, passedTo: string | undefined): Question {
  const [prefix, name] = action.toLowerCase().split(':') as [string, string];
  const isGlobal = prefix === 'iam' || prefix === 'sts' || prefix === 'sso' || prefix === 'identitystore';
  const service =
    prefix === 'sts' ? 'iam' : prefix === 'ssm' && kind === 'instance/' ? 'ec2' : (SERVICES[prefix] ?? prefix);
  const region = isGlobal ? '' : ANYTHING;
  return {
    action: `${prefix}:${name}`,
    resource: `arn:aws:${service}:${region}:000000000000:${kind}${ANYTHING}`,
    isVoid: (conditions) => isBounded(`${prefix}:${name}`, conditions) || !isPassedTo(passedTo, conditions),
  };
}

const POSITIVE = /^(?:stringequals|stringequalsignorecase|stringlike|arnequals|arnlike)$/;

/** Whether conditions leave a PassRole that is of use with a service. */
function isPassedTo(service: string | undefined, conditions: Condition[]): boolean {
  if (service === undefined) return true;
  return conditions.every(({ key, operator, values }) => {
    if (key !== 'iam:passedtoservice' || !POSITIVE.test(operator)) return true;
    return values.some((value) => new Glob(value).matches(service, new Budget()));
  });
}

/** Whether conditions keep IAM's powers within a boundary or a list of policies: the usual way to delegate them. */
function isBounded(action: string, conditions: Condition[]): boolean {
  if (!action.startsWith('iam:') || action === 'iam:passrole') return false;
  return conditions.some(({ key, operator, values, ifExists, set }) => {
    if (key !== 'iam:permissionsboundary' && key !== 'iam:policyarn') return false;
    if (!POSITIVE.test(operator) || ifExists || set === 'all' || values.length === 0) return false;
    return values.every((value) => /:policy\/[^*?]{3}/.test(value) && !POWERFUL.test(value));
  });
}

/** A list of policies that these are on is no limit. */
const POWERFUL = /:policy\/(?:AdministratorAccess|IAMFullAccess|PowerUserAccess)/i;

export interface Escalations {
  /** Paths that are open towards anybody and anything, or towards the bearer himself. */
  wide: string[];
  /** Paths that are open towards what the document names only. */
  narrow: string[];
}

/**
 * The paths that grants open, by the names of their actions: `iam:PassRole+ec2:RunInstances`.
 *
 * @param self who the policy is put on, e.g. `user/alice`, where the call says so
 */
export function escalationsOf(grants: Grants, self?: string): Escalations {
  const wide: string[] = [];
  const narrow: string[] = [];
  for (const { name, questions } of paths) {
    if (
      questions.every(({ empowers, ...question }) =>
        grants.allows(empowers ? { ...question, self: self ?? '' } : question),
      )
    )
      wide.push(name);
    else if (questions.every((question) => grants.allowsSome(question))) narrow.push(name);
  }
  return { wide, narrow };
}
