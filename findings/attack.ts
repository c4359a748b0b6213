/** A tactic of MITRE ATT&CK for Enterprise (attack.mitre.org/tactics/enterprise). */
export interface Tactic {
  id: string;
  name: string;
  /** The finding type of ASFF that says the same (Security Hub user guide, "Types taxonomy for ASFF"). */
  findingType: string;
}

const TACTICS: Record<string, Tactic> = {
  'initial-access': { id: 'TA0001', name: 'Initial Access', findingType: 'TTPs/Initial Access' },
  execution: { id: 'TA0002', name: 'Execution', findingType: 'TTPs/Execution' },
  persistence: { id: 'TA0003', name: 'Persistence', findingType: 'TTPs/Persistence' },
  'privilege-escalation': { id: 'TA0004', name: 'Privilege Escalation', findingType: 'TTPs/Privilege Escalation' },
  'defense-evasion': { id: 'TA0005', name: 'Defense Evasion', findingType: 'TTPs/Defense Evasion' },
  'credential-access': { id: 'TA0006', name: 'Credential Access', findingType: 'TTPs/Credential Access' },
  discovery: { id: 'TA0007', name: 'Discovery', findingType: 'TTPs/Discovery' },
  'lateral-movement': { id: 'TA0008', name: 'Lateral Movement', findingType: 'TTPs/Lateral Movement' },
  collection: { id: 'TA0009', name: 'Collection', findingType: 'TTPs/Collection' },
  exfiltration: { id: 'TA0010', name: 'Exfiltration', findingType: 'Effects/Data Exfiltration' },
  'command-and-control': { id: 'TA0011', name: 'Command and Control', findingType: 'TTPs/Command and Control' },
  impact: { id: 'TA0040', name: 'Impact', findingType: 'Effects' },
};

/** The tactics that Sigma tags name (`attack.privilege-escalation`, or with underscores), each once. */
export function tacticsOf(tags: string[]): Tactic[] {
  const names = tags.flatMap((tag) => /^attack\.(.+)$/i.exec(tag)?.[1]?.toLowerCase().replace(/_/g, '-') ?? []);
  return [...new Set(names)].flatMap((name) => (Object.hasOwn(TACTICS, name) ? TACTICS[name]! : []));
}

/** The techniques and sub-techniques that Sigma tags name, as ATT&CK writes them (`T1098.003`), each once. */
export function techniquesOf(tags: string[]): string[] {
  return [...new Set(tags.flatMap((tag) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? []))];
}
