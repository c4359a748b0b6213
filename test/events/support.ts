import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Event } from '../../events/event';
import type { Json, JsonObject } from '../../events/json';
import type { EventReader } from '../../events/read';
import { unwrap, type Unwrapped } from '../../events/unwrap';

/** A CloudTrail record of its own: the number makes its id. */
export function trailRecord(number: number, over: JsonObject = {}): JsonObject {
  return {
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/alice', accountId: '111122223333' },
    eventTime: '2026-01-05T23:10:00Z',
    eventSource: 'iam.amazonaws.com',
    eventName: 'CreateUser',
    awsRegion: 'us-east-1',
    requestParameters: { userName: 'bob' },
    eventID: guid(number),
    recipientAccountId: '111122223333',
    ...over,
  };
}

export function guid(number: number): string {
  return `5f0a1c2e-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

export const FINDING_ID = 'b0c1d2e3f4a5968778695a4b3c2d1e0f';

/** A GuardDuty finding as EventBridge spells it. */
export function finding(over: JsonObject = {}): JsonObject {
  return {
    schemaVersion: '2.0',
    accountId: '444455556666',
    region: 'eu-west-1',
    id: FINDING_ID,
    type: 'Recon:IAMUser/TorIPCaller',
    severity: 5,
    updatedAt: '2026-01-05T12:00:00.000Z',
    resource: { resourceType: 'AccessKey', accessKeyDetails: { userType: 'IAMUser', userName: 'alice' } },
    service: { serviceName: 'guardduty', eventLastSeen: '2026-01-05T11:00:00.000Z' },
    ...over,
  };
}

/** A JSON value with every member spelt as the APIs spell theirs: `accountId` -> `AccountId`. */
export function pascalCase(value: Json): Json {
  if (Array.isArray(value)) return value.map(pascalCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key.charAt(0).toUpperCase() + key.slice(1), pascalCase(member)]),
  );
}

export function envelope(detailType: string, detail: Json, over: JsonObject = {}): JsonObject {
  return {
    version: '0',
    id: 'c1d2e3f4-0000-4000-8000-000000000001',
    'detail-type': detailType,
    source: 'aws.test',
    account: '777788889999',
    time: '2026-01-06T00:00:00Z',
    region: 'eu-central-1',
    resources: [],
    detail,
    ...over,
  };
}

export function unwrapped(value: Json): Unwrapped {
  const out: Unwrapped = { events: [], rejected: [] };
  unwrap(value, out);
  return out;
}

/** The one event that a value holds. */
export function eventOf(value: Json): Event {
  const { events, rejected } = unwrapped(value);
  if (events.length !== 1) throw new Error(`${events.length} events; rejected: ${JSON.stringify(rejected)}`);
  return events[0]!;
}

/** All that a reader gives of one file. */
export async function readAll(reader: EventReader, file: string): Promise<Unwrapped> {
  const all: Unwrapped = { events: [], rejected: [] };
  for await (const batch of reader(file)) {
    all.events.push(...batch.events);
    all.rejected.push(...batch.rejected);
  }
  return all;
}

/** A folder that is gone after the test file; call it at the top level of one. */
export function temporaryFolder(): {
  path(...names: string[]): string;
  write(name: string, content: Buffer | string): string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'privwatch-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (...names: string[]): string => join(folder, ...names);
  return {
    path,
    write(name, content) {
      writeFileSync(path(name), content);
      return path(name);
    },
  };
}

const trickyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '\n', '\r', '\u2028', 'é', '😀', '\u0000', 'a'),
  }),
);
const trickyName = fc.oneof(
  fc.constantFrom(
    'Records',
    'events',
    'toString',
    'valueOf',
    'toJSON',
    '__proto__',
    'constructor',
    'eventTime',
    'id',
    '',
  ),
  trickyText,
);

/** Any JSON value, with the names and texts in it that break careless code. */
export const anyJson: fc.Arbitrary<Json> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      trickyText,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 5 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(trickyName, tie('value')), { maxLength: 5 })
    .map(
      (members) =>
        JSON.parse(`{${members.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`) as JsonObject,
    ),
})).value;

export const anyObject: fc.Arbitrary<JsonObject> = fc
  .array(fc.tuple(trickyName, anyJson), { maxLength: 5 })
  .map(
    (members) =>
      JSON.parse(`{${members.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`) as JsonObject,
  );
