import ipaddr from 'ipaddr.js';

export type Network = [base: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** A range in CIDR notation, or an address as a range of one; undefined of any other text. */
export function parseNetwork(text: string): Network | undefined {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch {
    return undefined;
  }
}

/** Whether a range has all of another in it. */
export function contains([base, width]: Network, [address, bits]: Network): boolean {
  return base.kind() === address.kind() && bits >= width && address.match(base, width);
}

/** Leading bits of the widest blocks that one holder has. */
const WIDEST = { ipv4: 8, ipv6: 16 };

/**
 * Whether a range is wider than any holder's own, and so as good as everybody: all addresses, but also either half of
 * them, and the whole of IPv6 that is in use. Private addresses are not.
 */
export function isWorld(text: string): boolean {
  const network = parseNetwork(text);
  if (!network) return false;
  const [base, bits] = network;
  return bits < WIDEST[base.kind()] && !['private', 'uniqueLocal'].includes(base.range());
}
