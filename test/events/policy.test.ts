import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { deriveField, makeContext } from '../../events/derived';
import type { Json, JsonObject } from '../../events/json';
import { eventOf, trailRecord } from './support';

const context = makeContext({
  organization: { id: 'o-exampleorg01', accounts: [{ id: '111122223333' }, { id: '444455556666' }] },
  trusted: { accounts: ['555566667777'], networks: ['203.0.113.0/24'] },
});
const times = { numRuns: Number(process.env['PROPERTY_TIMES'] ?? 1) * 3 };

interface Table {
  grants: ({ name: string; document?: JsonObject; text?: string; self?: string } & JsonObject)[];
  access: ({ name: string; statement: JsonObject; and?: JsonObject } & JsonObject)[];
  trust: ({ name: string; statement: JsonObject } & JsonObject)[];
}
const table = parse(readFileSync(join(__dirname, 'policies.yml'), 'utf8')) as Table;

/** What each column of the table is called among the derived fields. */
const COLUMNS: Record<keyof Table, Record<string, string>> = {
  grants: { power: 'policy.power', escalations: 'policy.escalations', narrow: 'policy.narrowEscalations' },
  access: {
    everyone: 'access.everyone',
    outside: 'access.outsideOrganization',
    outsiders: 'access.outsiders',
    accounts: 'access.accounts',
  },
  trust: {
    withoutExternalId: 'trust.withoutExternalId',
    withoutMfa: 'trust.withoutMfa',
    guards: 'trust.guards',
    unguarded: 'trust.unguarded',
    unbound: 'trust.federatedWithoutSubject',
    wild: 'trust.wildcardSubject',
  },
};

/** The columns that a row has, and what a document says in them. */
function judged(kind: keyof Table, row: JsonObject, document: Json, self = 'user/bob'): JsonObject {
  const calls: Record<keyof Table, JsonObject> = {
    grants: self.startsWith('user/')
      ? { eventName: 'PutUserPolicy', requestParameters: { userName: self.slice(5), policyDocument: document } }
      : {},
    access: {
      eventSource: 's3.amazonaws.com',
      eventName: 'PutBucketPolicy',
      requestParameters: { bucketName: 'b', bucketPolicy: document },
    },
    trust: { eventName: 'UpdateAssumeRolePolicy', requestParameters: { roleName: 'r', policyDocument: document } },
  };
  const event = eventOf(trailRecord(1, calls[kind]));
  const columns = Object.entries(COLUMNS[kind]).filter(([column]) => column in row);
  return Object.fromEntries(
    columns.map(([column, field]) => [column, deriveField(`derived.${field}`, event, context) ?? null]),
  );
}

function expected(kind: keyof Table, row: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(row).filter(([column]) => column in COLUMNS[kind]));
}

function documentOf(kind: keyof Table, row: JsonObject): JsonObject {
  if (kind === 'grants') return row['document'] as JsonObject;
  const filled = (statement: Json): JsonObject => ({
    Effect: 'Allow',
    ...(kind === 'trust' ? { Action: 'sts:AssumeRole' } : { Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }),
    ...(statement as JsonObject),
  });
  const deny = row['and'] ? [{ Resource: '*', Action: '*', ...(row['and'] as JsonObject) }] : [];
  return { Version: '2012-10-17', Statement: [filled(row['statement']!), ...deny] };
}

/** Other spellings of one document. */
const spelling = fc.record({
  order: fc.boolean(),
  split: fc.boolean(),
  letters: fc.constantFrom('as it is', 'upper', 'lower'),
  lists: fc.constantFrom('as it is', 'list'),
  escapes: fc.constantFrom('none', 'url', 'url+', 'unicode', 'object'),
  indent: fc.constantFrom(0, 4),
});
type Spelling = typeof spelling extends fc.Arbitrary<infer T> ? T : never;

function respelt(document: JsonObject, { order, split, letters, lists, escapes, indent }: Spelling): Json {
  const given = document['Statement'] ?? document['statement']!;
  let statements = (Array.isArray(given) ? given : [given]) as JsonObject[];
  if (split) statements = statements.flatMap(splitActions);
  if (order) statements = [...statements].reverse();
  statements = statements.map((statement) => {
    const changed: [string, Json][] = Object.entries(statement).map(([name, value]) => {
      const isAction = name === 'Action' || name === 'NotAction';
      if (isAction && letters !== 'as it is') return [name, recased(value, letters)];
      return [name, value];
    });
    const listed = changed.map(([name, value]): [string, Json] => {
      const isListed = lists === 'list' && typeof value === 'string' && /Action|Resource/.test(name);
      return [name, isListed ? [value] : value];
    });
    return Object.fromEntries(order ? listed.reverse() : listed);
  });
  const spelt = { Version: '2012-10-17', Statement: statements };
  if (escapes === 'object') return spelt;
  const text = JSON.stringify(spelt, null, indent);
  if (escapes === 'unicode') {
    const escape = (letter: string): string => `\\u00${letter.charCodeAt(0).toString(16)}`;
    return text.replace(/"[^"\\]*"/g, (quoted) =>
      quoted.replace(/[a-z*]/g, (letter) => (letter < 'k' ? escape(letter) : letter)),
    );
  }
  if (escapes === 'url') return encodeURIComponent(text);
  return escapes === 'url+' ? encodeURIComponent(text).replace(/%20/g, '+') : text;
}

function recased(value: Json, letters: string): Json {
  if (Array.isArray(value)) return value.map((member) => recased(member, letters));
  if (typeof value !== 'string') return value;
  return letters === 'upper' ? value.toUpperCase() : value.toLowerCase();
}

/** Several actions of one statement are one action each of several. */
function splitActions(statement: JsonObject): JsonObject[] {
  const actions = statement['Action'];
  return Array.isArray(actions) && actions.length > 1
    ? actions.map((Action) => ({ ...statement, Action }))
    : [statement];
}

describe.each(['grants', 'access', 'trust'] as const)('what a document of %s says', (kind) => {
  test.each(table[kind].map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const self = row['self'] as string | undefined;
    if (typeof row['text'] === 'string') {
      expect(judged(kind, row, row['text'], self)).toEqual(expected(kind, row));
      return;
    }
    const document = documentOf(kind, row);
    expect(judged(kind, row, document, self)).toEqual(expected(kind, row));
    const isDocument = row['power'] !== 'unknown';
    if (!isDocument) return;
    fc.assert(
      fc.property(spelling, (other) => {
        expect(judged(kind, row, respelt(document, other), self)).toEqual(expected(kind, row));
      }),
      times,
    );
  });
});
