/** Standards that detectors refer to under `privwatch.compliance`, in the version that the requirement is of. */
const STANDARDS: Record<string, string> = {
  'cis-aws-5.0': 'CIS AWS Foundations Benchmark 5.0',
  'cis-aws-6.0': 'CIS AWS Foundations Benchmark 6.0',
  'pci-dss-4.0.1': 'PCI DSS 4.0.1',
  'nist-800-53-r5': 'NIST SP 800-53, revision 5',
  'iso-27001-2022': 'ISO/IEC 27001:2022, annex A',
  hipaa: 'HIPAA Security Rule, 45 CFR',
};

/** The name of a standard, or undefined if there is none of this id. */
export function standardName(id: string): string | undefined {
  return Object.hasOwn(STANDARDS, id) ? STANDARDS[id] : undefined;
}
