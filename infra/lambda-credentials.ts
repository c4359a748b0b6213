import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Stands in for `@aws-sdk/credential-provider-node` in the bundles: Lambda gives a function its credentials in the
 * environment, so that profiles, single sign-on, processes and instance metadata are code that could never run there.
 * Source: "Configuring environment variables" in the Lambda developer guide.
 */
export const defaultProvider = fromEnv;
