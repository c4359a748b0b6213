import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { decode, gunzip, isGzip } from '../events/bytes';
import type { Grant } from '../events/config';
import { isObject, own, text, type Json, type JsonObject } from '../events/json';
import { parseTime } from '../events/time';
import { fileReason, UsageError } from './errors';

const MAX_BYTES = 256 * 1024 * 1024;
const HOUR = 3_600_000;
const COLUMNS = ['who', 'account', 'role', 'from', 'until', 'approval', 'comment'];

/**
 * Just-in-time grants of a file, plain or gzip: CSV with a header line; JSON, as a list or one record a line; or the requests
 * table of TEAM (Temporary Elevated Access Management for IAM Identity Center), as `aws dynamodb scan` prints it or as
 * DynamoDB exports it to S3.
 *
 * @param warn gets what is odd: a file without a record is what a failed export leaves, and grants nothing
 * @throws UsageError with every problem of the file
 */
export function readGrants(file: string, warn: (oddity: string) => void): Grant[] {
  const problems: string[] = [];
  const grants: Grant[] = [];
  const records = recordsOf(file);
  if (records.length === 0) warn('it holds no grant, so it approves of nothing');
  records.forEach((record, i) => {
    const result = isTeam(record) ? readTeam(record) : readRecord(record);
    if (Array.isArray(result)) problems.push(...result.map((problem) => `${file}: record ${i + 1}: ${problem}`));
    else if (result) grants.push(result);
  });
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return grants;
}

function recordsOf(file: string): Json[] {
  try {
    const bytes = readFileSync(file);
    const content = decode(isGzip(bytes) ? gunzip(bytes, MAX_BYTES) : bytes);
    if (!/^\s*[[{]/.test(content))
      return parse(content, { columns: true, skip_empty_lines: true, trim: true, bom: true });
    return unfold(readJson(content, file)).map((record) => plain(record));
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${file}: ${fileReason(error)}`);
  }
}

/** One value, or a record a line. */
function readJson(content: string, file: string): Json {
  try {
    return JSON.parse(content.trim()) as Json;
  } catch (error) {
    const first = content.trim().split('\n')[0]!.trim();
    const isRecordALine = first.startsWith('{') && first.endsWith('}');
    if (!isRecordALine) throw notJson(file, lineOf(error as Error, content), error as Error);
  }
  return content.split('\n').flatMap((line, i) => {
    try {
      return line.trim() === '' ? [] : [JSON.parse(line.trim()) as Json];
    } catch (error) {
      throw notJson(file, i + 1, error as Error);
    }
  });
}

function notJson(file: string, line: number, { message }: Error): UsageError {
  return new UsageError(`${file}:${line}: this is no JSON: ${message}`);
}

/** Where JSON.parse stopped; at the end if it does not say. */
function lineOf({ message }: Error, content: string): number {
  const position = /at position (\d+)/.exec(message)?.[1];
  const end = position === undefined ? content.trim().length : Number(position);
  return content.slice(0, content.search(/\S/) + end).split('\n').length;
}

/** A list, what a scan of DynamoDB prints, or one record. */
function unfold(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  const items = own(value, 'Items') ?? own(value, 'grants');
  return Array.isArray(items) ? items : [value];
}

/** Without DynamoDB's types: `{"Item": {"id": {"S": "x"}}}` is `{id: 'x'}`. */
function plain(record: Json): Json {
  const item = own(record, 'Item') ?? record;
  if (!isObject(item)) return item;
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [name, own(value, 'S') ?? own(value, 'N') ?? value]),
  );
}

/** A grant, or what is wrong with the record. */
function readRecord(record: Json): Grant | string[] {
  if (!isObject(record)) return ['this is no record'];
  const filled = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '' && value !== null));
  const problems = Object.keys(record)
    .filter((name) => !COLUMNS.includes(name))
    .map((name) => `${name}: unknown key; known here: ${COLUMNS.join(', ')}`);
  for (const name of ['who', 'from', 'until', 'approval']) if (!(name in filled)) problems.push(`${name} is missing`);
  if (!('account' in filled || 'role' in filled))
    problems.push('account or role is missing: a grant is not for everything');
  for (const [name, value] of Object.entries(filled)) {
    if (typeof value !== 'string') problems.push(`${name}: ${JSON.stringify(value)} is not text`);
  }
  const [who, account, role, approval] = ['who', 'account', 'role', 'approval'].map((name) => text(filled, name));
  if (account !== undefined && !/^\d{12}$/.test(account)) problems.push(`account: ${account} is not twelve digits`);
  const [begins, ends] = ['from', 'until'].map((name) => {
    const value = text(filled, name);
    const time = value === undefined ? undefined : parseTime(value);
    if (value !== undefined && time === undefined)
      problems.push(`${name}: ${value} is not a time (2026-03-03T02:15:00Z)`);
    return time;
  });
  if (begins !== undefined && ends !== undefined && ends <= begins) problems.push('until is not after from');
  if (problems.length > 0) return problems;
  return grantOf({ who: [who!], approval: approval! }, { account, role }, begins!, ends!);
}

function grantOf(
  base: Pick<Grant, 'who' | 'approval'>,
  { account, role }: { account: string | undefined; role: string | undefined },
  begins: number,
  ends: number,
): Grant {
  const [from, until] = [begins, ends].map((time) => new Date(time).toISOString().replace('.000Z', 'Z'));
  return { ...base, ...(account && { account }), ...(role && { role }), from: from!, until: until! };
}

/** https://github.com/aws-samples/iam-identity-center-team: a request has a status, a start and a duration. */
function isTeam(record: Json): record is JsonObject {
  return ['accountId', 'role', 'startTime', 'duration', 'status'].every((name) => own(record, name) !== undefined);
}

/** States of requests that were let through; the others (pending, rejected, cancelled, expired, error) give nothing. */
const LET_THROUGH = /^(?:approved|scheduled|in progress|ended|revoked)$/i;

/** A request of TEAM: the role is a permission set, the duration is in hours, and a user's name begins with `idc_`. */
function readTeam(record: JsonObject): Grant | string[] | undefined {
  const [id, status, account, role] = ['id', 'status', 'accountId', 'role'].map((name) => text(record, name));
  if (!LET_THROUGH.test(status ?? '')) return undefined;
  const begins = parseTime(record['startTime']);
  const hours = Number(record['duration']);
  if (begins === undefined || !(hours > 0)) return ['startTime or duration is not right'];
  // A session that was revoked, or given back, ends before its time.
  const ended = /^(?:ended|revoked)$/i.test(status!) ? parseTime(record['endTime']) : undefined;
  const ends = Math.max(begins, Math.min(begins + hours * HOUR, ended ?? Infinity));
  const who = [text(record, 'email'), text(record, 'username')?.replace(/^idc_/, '')].filter(
    (name) => name !== undefined,
  );
  if (who.length === 0 || account === undefined || role === undefined) return ['email, accountId or role is missing'];
  const approval = [text(record, 'ticketNo'), id].filter(Boolean).join(' ') || 'TEAM';
  return grantOf({ who, approval }, { account, role }, begins, ends);
}
