import { ANYTHING } from './glob';
import type { Grants, Question } from './grants';

/** The power that a policy gives over everything it is asked for, from most to least. */
export type Power = 'admin' | 'iam' | 'power-user' | 'none' | 'unknown';

const iam = (action: string, kind: string): Question => ({
  action: `iam:${action}`,
  resource: `arn:aws:iam::000000000000:${kind}/${ANYTHING}`,
});

/** Some of the acts by which whoever may do them to anybody can become administrator. */
const IAM_QUESTIONS = [
  iam('attachuserpolicy', 'user'),
  iam('createaccesskey', 'user'),
  iam('putrolepolicy', 'role'),
  iam('createpolicyversion', 'policy'),
];

/** One act in a service that does not exist for each letter: only `*`, or all letters spelt out, allows them all. */
const ANY_QUESTIONS = Array.from('abcdefghijklmnopqrstuvwxyz', (letter): Question => {
  const name = letter + ANYTHING;
  return { action: `${name}:${name}`, resource: `arn:aws:${name}:${name}:000000000000:${name}` };
});

/** What the grants over all resources amount to. */
export function powerOf(grants: Grants): Power {
  const hasIam = IAM_QUESTIONS.every((question) => grants.allows(question));
  if (!ANY_QUESTIONS.every((question) => grants.allows(question))) return hasIam ? 'iam' : 'none';
  return hasIam ? 'admin' : 'power-user';
}
