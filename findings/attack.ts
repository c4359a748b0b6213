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

/** The version of ATT&CK for Enterprise that tags are of: later ones renumber what these name. */
export const ATTACK_VERSION = '16.1';

/** The page of a technique, in that version. */
export function techniqueUrl(id: string): string {
  return `https://attack.mitre.org/versions/v${ATTACK_VERSION.split('.')[0]}/techniques/${id.replace('.', '/')}/`;
}

/** What ATT&CK calls a technique that our detectors may be tagged with; undefined for any other. */
export function techniqueName(id: string): string | undefined {
  return Object.hasOwn(TECHNIQUES, id) ? TECHNIQUES[id] : undefined;
}

/** Techniques that take place in a cloud account. */
const TECHNIQUES: Record<string, string> = {
  T1003: 'OS Credential Dumping',
  T1020: 'Automated Exfiltration',
  'T1020.001': 'Traffic Duplication',
  'T1021.004': 'SSH',
  'T1021.007': 'Cloud Services',
  'T1021.008': 'Direct Cloud VM Connections',
  T1040: 'Network Sniffing',
  T1048: 'Exfiltration Over Alternative Protocol',
  T1059: 'Command and Scripting Interpreter',
  'T1059.004': 'Unix Shell',
  'T1059.009': 'Cloud API',
  'T1069.003': 'Cloud Groups',
  T1070: 'Indicator Removal',
  T1078: 'Valid Accounts',
  'T1078.004': 'Cloud Accounts',
  'T1087.004': 'Cloud Account',
  'T1090.003': 'Multi-hop Proxy',
  T1098: 'Account Manipulation',
  'T1098.001': 'Additional Cloud Credentials',
  'T1098.003': 'Additional Cloud Roles',
  'T1098.004': 'SSH Authorized Keys',
  'T1098.005': 'Device Registration',
  'T1098.006': 'Additional Container Cluster Roles',
  T1110: 'Brute Force',
  'T1110.001': 'Password Guessing',
  'T1110.003': 'Password Spraying',
  'T1110.004': 'Credential Stuffing',
  T1133: 'External Remote Services',
  T1136: 'Create Account',
  'T1136.003': 'Cloud Account',
  T1190: 'Exploit Public-Facing Application',
  'T1195.002': 'Compromise Software Supply Chain',
  T1199: 'Trusted Relationship',
  T1201: 'Password Policy Discovery',
  T1204: 'User Execution',
  'T1204.003': 'Malicious Image',
  T1484: 'Domain or Tenant Policy Modification',
  'T1484.002': 'Trust Modification',
  T1485: 'Data Destruction',
  'T1485.001': 'Lifecycle-Triggered Deletion',
  T1486: 'Data Encrypted for Impact',
  T1489: 'Service Stop',
  T1490: 'Inhibit System Recovery',
  T1496: 'Resource Hijacking',
  T1518: 'Software Discovery',
  'T1496.001': 'Compute Hijacking',
  'T1496.004': 'Cloud Service Hijacking',
  T1525: 'Implant Internal Image',
  T1526: 'Cloud Service Discovery',
  T1528: 'Steal Application Access Token',
  T1529: 'System Shutdown/Reboot',
  T1530: 'Data from Cloud Storage',
  T1531: 'Account Access Removal',
  T1535: 'Unused/Unsupported Cloud Regions',
  T1537: 'Transfer Data to Cloud Account',
  T1538: 'Cloud Service Dashboard',
  T1539: 'Steal Web Session Cookie',
  T1546: 'Event Triggered Execution',
  T1548: 'Abuse Elevation Control Mechanism',
  'T1548.005': 'Temporary Elevated Cloud Access',
  T1550: 'Use Alternate Authentication Material',
  'T1550.001': 'Application Access Token',
  T1552: 'Unsecured Credentials',
  'T1552.001': 'Credentials In Files',
  'T1552.004': 'Private Keys',
  'T1552.005': 'Cloud Instance Metadata API',
  'T1552.007': 'Container API',
  T1555: 'Credentials from Password Stores',
  'T1555.006': 'Cloud Secrets Management Stores',
  T1556: 'Modify Authentication Process',
  'T1556.006': 'Multi-Factor Authentication',
  'T1556.007': 'Hybrid Identity',
  'T1556.009': 'Conditional Access Policies',
  T1557: 'Adversary-in-the-Middle',
  T1562: 'Impair Defenses',
  'T1562.001': 'Disable or Modify Tools',
  'T1562.007': 'Disable or Modify Cloud Firewall',
  'T1562.008': 'Disable or Modify Cloud Logs',
  T1565: 'Data Manipulation',
  'T1565.001': 'Stored Data Manipulation',
  T1566: 'Phishing',
  'T1566.002': 'Spearphishing Link',
  T1567: 'Exfiltration Over Web Service',
  'T1567.002': 'Exfiltration to Cloud Storage',
  T1578: 'Modify Cloud Compute Infrastructure',
  'T1578.001': 'Create Snapshot',
  'T1578.002': 'Create Cloud Instance',
  'T1578.003': 'Delete Cloud Instance',
  'T1578.005': 'Modify Cloud Compute Configurations',
  T1580: 'Cloud Infrastructure Discovery',
  'T1584.001': 'Domains',
  'T1585.002': 'Email Accounts',
  'T1586.003': 'Cloud Accounts',
  T1599: 'Network Boundary Bridging',
  T1606: 'Forge Web Credentials',
  'T1606.002': 'SAML Tokens',
  T1609: 'Container Administration Command',
  T1610: 'Deploy Container',
  T1613: 'Container and Resource Discovery',
  T1619: 'Cloud Storage Object Discovery',
  T1621: 'Multi-Factor Authentication Request Generation',
  T1648: 'Serverless Execution',
  T1649: 'Steal or Forge Authentication Certificates',
  T1651: 'Cloud Administration Command',
  T1654: 'Log Enumeration',
  T1657: 'Financial Theft',
  T1666: 'Modify Cloud Resource Hierarchy',
};
