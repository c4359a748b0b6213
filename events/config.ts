/** The configuration file `privwatch.yml`; `schemas/config.schema.json` says the same for the editor and the loader. */
export interface Config {
  organization?: {
    /** `o-…` */
    id?: string;
    accounts?: Account[];
  };
  trusted?: {
    /** Accounts outside the organization that may be let in: vendors, partners. */
    accounts?: string[];
    /** Address ranges in CIDR notation from which the organization's own people and machines come. */
    networks?: string[];
  };
  /** Role or user ARNs behind which no human stands, `*` allowed: pipelines, schedulers. */
  automation?: string[];
  /** Those of them that deploy infrastructure. */
  ci?: string[];
  /** Stable identities, `*` allowed, that are for emergencies only. */
  breakGlass?: string[];
  businessHours?: BusinessHours;
  /** In the file, the names of files that hold them. */
  grants?: Grant[];
  /** Values for `%name%` in rules that use Sigma's `expand`. */
  expand?: Record<string, string | string[]>;
  /** Where and how privwatch runs on AWS; nothing else reads it. */
  deploy?: Deploy;
}

export interface Account {
  id: string;
  name?: string;
  environment?: string;
}

/** A just-in-time grant: an approval for somebody to act in a role for a while. */
export interface Grant {
  /** Names of one person: e-mail address, user name, user id of Identity Center, ARN. */
  who: string[];
  account?: string;
  /** Permission set, name or ARN of a role. */
  role?: string;
  /** ISO 8601, UTC; the end is not included. */
  from: string;
  until: string;
  /** What a finding shows: id of the request, ticket. */
  approval: string;
}

export interface BusinessHours {
  /** IANA name: `Europe/Berlin`. */
  timezone: string;
  /** `mon` to `sun`; Monday to Friday if absent. */
  days?: string[];
  /** Time of day, `08:00`; the end is not included. An end before the beginning is on the next day. */
  from: string;
  to: string;
  /** `2026-12-25` */
  holidays?: string[];
}

/** The schema says what each is for, and what it is if not set. */
export interface Deploy {
  mode: 'organization' | 'single-account';
  name?: string;
  hub: { account: string; region: string };
  members: {
    regions: string[];
    organizationalUnits?: string[];
    managementAccount?: string;
    stackSetAccount?: 'hub' | 'management';
  };
  findingsAccount?: string;
  detectors?: { shipped?: boolean; paths?: string[]; off?: string[]; staging?: string[] };
  sinks: {
    securityHub?: boolean;
    people?: string[];
    digest?: string[];
    chat?: boolean;
    machines?: boolean;
    eventBus?: boolean;
  };
  alarms?: { emails?: string[]; lagMinutes?: number };
  trail?: { bucket: string; account?: string; prefix?: string; keyArn?: string };
  heartbeat?: {
    everyMinutes?: number;
    silentAfterMinutes?: number;
    neverSpokeAfterHours?: number;
    accounts?: 'listed' | 'organization';
  };
  table?: { maxWriteUnits?: number };
  concurrency?: { detect?: number; sinks?: number };
  logs?: { retentionDays?: number; level?: string };
  stormGroups?: number;
  tags?: Record<string, string>;
}
