import { join } from 'node:path';
import { loadDetectors, shippedDetectors } from '../../cli/detectors';
import { match } from '../../engine/match';
import { eventOf } from '../engine/support';
import { resourcesOf, synthSample } from './synth';

/** What the deployed functions may do, as calls that CloudTrail would record of them. */
function callsOf(mode: 'organization' | 'single-account'): { fn: string; action: string }[] {
  const { templates } = synthSample(mode);
  return Object.values(templates).flatMap((template) => {
    const policies = resourcesOf(template, 'AWS::IAM::Policy');
    return resourcesOf(template, 'AWS::Lambda::Function').flatMap(({ Properties }) => {
      const role = (Properties['Role'] as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'][0];
      const own = policies.filter((policy) => JSON.stringify(policy.Properties['Roles']).includes(`"${role}"`));
      const statements = own.flatMap(
        (policy) => (policy.Properties['PolicyDocument'] as { Statement: { Action: string | string[] }[] }).Statement,
      );
      return [...new Set(statements.flatMap(({ Action }) => Action))].map((action) => ({
        fn: Properties['FunctionName'] as string,
        action,
      }));
    });
  });
}

/** The record of a call that a function made; Lambda names the session after the function. */
function fires(fn: string, action: string): boolean {
  const [service, name] = action.split(':') as [string, string];
  const event = eventOf({
    eventTime: '2026-03-02T09:00:00Z',
    eventID: `${fn} ${action}`,
    eventSource: `${service}.amazonaws.com`,
    // One call, which takes two permissions.
    eventName: /^ReEncrypt(From|To)$/.test(name) ? 'ReEncrypt' : name,
    recipientAccountId: '333344445555',
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::333344445555:assumed-role/privwatch-hub-WorkerRole1A2B3C/${fn}`,
      accountId: '333344445555',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          arn: 'arn:aws:iam::333344445555:role/privwatch-hub-WorkerRole1A2B3C',
          userName: 'privwatch-hub-WorkerRole1A2B3C',
        },
      },
    },
  });
  return match(event, ruleset).length > 0;
}

const ruleset = loadDetectors([join(shippedDetectors, 'monitoring/aws_monitoring_monitor_role_misused.yml')], {});

describe.each(['organization', 'single-account'] as const)('the roles of the functions (%s)', (mode) => {
  const calls = callsOf(mode);

  test('whatever they may do is known to the detector of their misuse, which is quiet then', () => {
    expect(calls.length).toBeGreaterThan(20);
    expect(calls.filter(({ fn, action }) => fires(fn, action))).toEqual([]);
  });

  test('what only one of them may do is a finding if another does it', () => {
    const own = (prefix: RegExp): Set<string> =>
      new Set(calls.filter(({ action }) => prefix.test(action)).map(({ fn }) => fn));
    const all = [...new Set(calls.map(({ fn }) => fn))];
    for (const action of ['securityhub:BatchImportFindings', 's3:GetObject', 'organizations:ListAccounts']) {
      const may = own(new RegExp(`^${action}$`));
      // One account has nothing to list.
      if (may.size === 0) continue;
      expect({ action, fns: all.filter((fn) => !fires(fn, action)).sort() }).toEqual({ action, fns: [...may].sort() });
    }
    for (const fn of all) expect(fires(fn, 'iam:CreateUser')).toBe(true);
  });
});
