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
  };
  /** Role or user ARNs behind which no human stands, `*` allowed: pipelines, schedulers. */
  automation?: string[];
  /** Values for `%name%` in rules that use Sigma's `expand`. */
  expand?: Record<string, string | string[]>;
}

export interface Account {
  id: string;
  name?: string;
  environment?: string;
}
