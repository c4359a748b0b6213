import { isWorld } from '../addresses';
import type { Event } from '../event';
import { at, isObject, own, text, texts, type Json, type JsonObject } from '../json';

/** Traffic that a call lets in. */
interface Opening {
  sources: string[];
  /** `tcp`, `udp`, a number of IANA's, or `-1` for all. */
  protocol: string;
  from: number;
  to: number;
}

/**
 * Ports through which machines and clusters are administered: FTP, SSH, Telnet, RPC, NetBIOS, SMB, rsh, Docker, RDP, VNC,
 * WinRM, Kubernetes API server and kubelet, etcd.
 */
const ADMIN_PORTS = [
  20, 21, 22, 23, 135, 137, 138, 139, 445, 512, 513, 514, 2375, 2376, 2379, 2380, 3389, 5900, 5901, 5985, 5986, 6443,
  10250, 10255,
];

/**
 * Ports of data stores: SQL Server, Oracle, NFS, MySQL, PostgreSQL, Redshift, CouchDB, Redis, Cassandra, Elasticsearch,
 * memcached, MongoDB, Kafka.
 */
const DATA_PORTS = [
  1433, 1434, 1521, 2049, 3306, 5432, 5439, 5984, 6379, 7000, 7001, 9042, 9092, 9200, 9300, 11211, 27017, 27018, 27019,
];

/** What a call opens to everybody. */
export interface Exposure {
  /** Port ranges: `22`, `1024-65535`, `all`. */
  ports: string[];
  /** Those of the well-known administration ports that are within. */
  adminPorts: number[];
  /** Those of the well-known ports of data stores. */
  dataPorts: number[];
}

/**
 * What a call opens to the world: rules of security groups, in each shape that EC2 takes them, and entries of network
 * ACLs. The world is any range that is too wide to be one holder's, so that two halves of it are it too. Undefined of
 * calls that open no network; of one whose request is missing, `unknown`.
 */
export function exposureOf(event: Event): Exposure | 'unknown' | undefined {
  const name = text(event.record, 'eventName') ?? '';
  const read = Object.hasOwn(OPENERS, name) ? OPENERS[name] : undefined;
  if (!read || event.record['eventSource'] !== 'ec2.amazonaws.com') return undefined;
  const request = at(event.record, 'requestParameters');
  if (!isObject(request) || own(request, 'omitted') === true) return 'unknown';
  const open = read(request).filter(({ sources }) => sources.some(isWorld));
  const within = (ports: number[]): number[] =>
    ports.filter((port) => open.some(({ from, to, protocol }) => hasPorts(protocol) && from <= port && port <= to));
  return {
    ports: [...new Set(open.map(rangeName))].sort(),
    adminPorts: within(ADMIN_PORTS),
    dataPorts: within(DATA_PORTS),
  };
}

const OPENERS: Record<string, (request: JsonObject) => Opening[]> = {
  AuthorizeSecurityGroupIngress: (request) => [
    ...items(own(request, 'ipPermissions')).map((permission) => opening(permission)),
    // The flat form of old clients.
    ...(text(request, 'cidrIp') ? [opening(request)] : []),
  ],
  ModifySecurityGroupRules: (request) =>
    rulesOf(request).map((rule) => {
      const members = new Map(Object.entries(rule).map(([name, value]) => [name.toLowerCase(), value]));
      return opening({
        ipProtocol: members.get('ipprotocol') ?? '-1',
        fromPort: members.get('fromport') ?? null,
        toPort: members.get('toport') ?? null,
        ipRanges: [{ cidrIp: members.get('cidripv4') ?? null }],
        ipv6Ranges: [{ cidrIpv6: members.get('cidripv6') ?? null }],
      });
    }),
  CreateNetworkAclEntry: aclEntry,
  ReplaceNetworkAclEntry: aclEntry,
};

function opening(permission: JsonObject): Opening {
  const ranges = [...items(own(permission, 'ipRanges')), ...items(own(permission, 'ipv6Ranges')), permission];
  const [from, to] = [port(own(permission, 'fromPort')), port(own(permission, 'toPort'))];
  const protocol = texts(own(permission, 'ipProtocol'))[0] ?? '-1';
  return {
    sources: ranges
      .flatMap((range) => [text(range, 'cidrIp'), text(range, 'cidrIpv6')])
      .filter((cidr) => cidr !== undefined),
    protocol,
    from: from === undefined || from < 0 || isAll(protocol) ? 0 : from,
    to: to === undefined || to < 0 || isAll(protocol) ? 65_535 : to,
  };
}

function aclEntry(request: JsonObject): Opening[] {
  if (own(request, 'egress') === true || text(request, 'ruleAction') !== 'allow') return [];
  const range = own(request, 'portRange');
  return [
    opening({
      ipProtocol: own(request, 'aclProtocol') ?? '-1',
      fromPort: own(range, 'from') ?? null,
      toPort: own(range, 'to') ?? null,
      cidrIp: own(request, 'cidrBlock') ?? null,
      cidrIpv6: own(request, 'ipv6CidrBlock') ?? null,
    }),
  ];
}

/** `{"ModifySecurityGroupRulesRequest": {"SecurityGroupRule": {"SecurityGroupRule": {…}}}}`, or a list in its place. */
function rulesOf(value: Json | undefined, depth = 0): JsonObject[] {
  if (depth > 8) return [];
  if (Array.isArray(value)) return value.flatMap((member) => rulesOf(member, depth + 1));
  if (!isObject(value)) return [];
  if (Object.keys(value).some((name) => /^cidripv[46]$/i.test(name))) return [value];
  return Object.values(value).flatMap((member) => rulesOf(member, depth + 1));
}

/** EC2 writes lists as `{items: […]}`. */
function items(value: Json | undefined): JsonObject[] {
  const list = own(value, 'items') ?? value;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function port(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

function isAll(protocol: string): boolean {
  return protocol === '-1' || protocol.toLowerCase() === 'all';
}

/** TCP and UDP by name or number. */
function hasPorts(protocol: string): boolean {
  return isAll(protocol) || /^(?:tcp|udp|6|17)$/i.test(protocol);
}

function rangeName({ protocol, from, to }: Opening): string {
  if (!hasPorts(protocol)) return protocol.toLowerCase();
  if (from === 0 && to === 65_535) return 'all';
  return from === to ? String(from) : `${from}-${to}`;
}
