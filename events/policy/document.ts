import { isObject, own, text, texts, type Json, type JsonObject } from '../json';
import { Glob } from './glob';

/** One statement, its elements as lists of texts. An element that is absent is undefined. */
export interface Statement {
  allows: boolean;
  actions: Glob[] | undefined;
  notActions: Glob[] | undefined;
  resources: Glob[] | undefined;
  notResources: Glob[] | undefined;
  /** By type: `AWS`, `Service`, `Federated`, `CanonicalUser`; a bare `*` is of type AWS. */
  principals: Principal[] | undefined;
  notPrincipals: Principal[] | undefined;
  conditions: Condition[];
}

export interface Principal {
  /** In lower case. */
  type: string;
  name: string;
}

/** One line of a Condition element: all lines must hold, a line holds if one of its values does. */
export interface Condition {
  /** In lower case, without its prefix and suffix: `stringequals`. */
  operator: string;
  set: 'any' | 'all' | undefined;
  /** It also holds where the key is absent. */
  ifExists: boolean;
  /** In lower case: keys are compared without regard to it. */
  key: string;
  values: string[];
}

/** IAM takes no request longer than this: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html */
const MAX_DOCUMENT = 131_072;

/**
 * The statements of a policy document as records carry it: an object, or a JSON text that may be URL-encoded. Undefined
 * if it cannot be read, or if it can be read in two ways.
 *
 * The names of elements are taken in any letter case: what AWS accepted is read with the meaning it may have, since a
 * document that AWS refused comes with an error.
 */
export function readDocument(document: Json | undefined): Statement[] | undefined {
  const policy = typeof document === 'string' ? parse(document) : document;
  if (!isObject(policy)) return undefined;
  const statement = element(policy, 'Statement');
  const list = Array.isArray(statement) ? statement : statement === undefined ? undefined : [statement];
  return list?.every(isObject) ? list.map(readStatement) : undefined;
}

function parse(document: string): Json | undefined {
  if (document.length > MAX_DOCUMENT) return undefined;
  try {
    const isPlain = document.trimStart().startsWith('{');
    const text = isPlain ? document : decodeURIComponent(document.replace(/\+/g, ' '));
    return hasRepeatedKeys(text) ? undefined : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}:]/gs;

/** Of a key that an object has twice, one reader sees the first value and another the last. */
function hasRepeatedKeys(json: string): boolean {
  const open: Set<string>[] = [];
  let last = '';
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token === ':') {
      const keys = open.at(-1);
      const key = String(JSON.parse(last)).toLowerCase();
      if (keys?.has(key)) return true;
      keys?.add(key);
    } else last = token;
  }
  return false;
}

/** Reads a statement that is known to be an object; whatever is not understood in it names nothing. */
export function readStatement(statement: JsonObject): Statement {
  return {
    allows: text(element(statement, 'Effect'))?.toLowerCase() === 'allow',
    actions: globs(element(statement, 'Action')),
    notActions: globs(element(statement, 'NotAction')),
    resources: globs(element(statement, 'Resource')),
    notResources: globs(element(statement, 'NotResource')),
    principals: principals(element(statement, 'Principal')),
    notPrincipals: principals(element(statement, 'NotPrincipal')),
    conditions: conditions(element(statement, 'Condition')),
  };
}

/** A member by its name in any letter case. */
function element(of: JsonObject, name: string): Json | undefined {
  const exact = own(of, name);
  if (exact !== undefined) return exact;
  const wanted = name.toLowerCase();
  const key = Object.keys(of).find((candidate) => candidate.toLowerCase() === wanted);
  return key === undefined ? undefined : of[key];
}

function globs(value: Json | undefined): Glob[] | undefined {
  return value === undefined ? undefined : texts(value).map((pattern) => new Glob(pattern));
}

function principals(value: Json | undefined): Principal[] | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) return texts(value).map((name) => ({ type: 'aws', name: name.trim() }));
  return Object.entries(value).flatMap(([type, names]) =>
    texts(names).map((name) => ({ type: type.toLowerCase(), name: name.trim() })),
  );
}

function conditions(value: Json | undefined): Condition[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([written, tests]) => {
    const [, set, operator = '', suffix] = /^(?:for(any|all)values?:)?(.*?)(ifexists)?$/s.exec(written.toLowerCase())!;
    if (!isObject(tests)) return [];
    return Object.entries(tests).map(([key, values]) => ({
      operator,
      set: set as Condition['set'],
      ifExists: suffix !== undefined,
      key: key.toLowerCase(),
      values: texts(values),
    }));
  });
}
