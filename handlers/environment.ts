import type { Setting } from '../findings/notice';

type Environment = Record<string, string | undefined>;

/**
 * The value of an environment variable that a function cannot do without.
 *
 * @throws Error that names it
 */
export function required(name: string, env: Environment = process.env): string {
  const value = env[name];
  if (!value) throw new Error(`the environment variable ${name} is not set`);
  return value;
}

/** What renderings know besides the finding: HUB_ACCOUNT, AWS_REGION, and if set HUB_PARTITION (`aws`) and DOCS_URL. */
export function settingFrom(env: Environment = process.env): Setting {
  return {
    partition: env.HUB_PARTITION || 'aws',
    account: required('HUB_ACCOUNT', env),
    region: required('AWS_REGION', env),
    docs: env.DOCS_URL ?? '',
  };
}
