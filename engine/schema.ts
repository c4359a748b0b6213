import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import detectorSchema from '../schemas/detector.schema.json';
import configSchema from '../schemas/config.schema.json';
import findingSchema from '../schemas/finding.schema.json';
import { parseNetwork } from '../events/addresses';
import { isTimezone } from '../events/derived/hours';
import type { Json } from '../events/json';
import { parseTime } from '../events/time';
import type { DocumentKind } from './compile';
import { disagreements } from './disagreements';
import type { Path } from './document';

let known: Ajv | undefined;

/** Made when something is to be checked: shipped detectors are checked when they are built, and a command starts sooner. */
function schemas(): Ajv {
  if (known) return known;
  // allErrors: a reader wants every problem at once. verbose: messages quote what they are about.
  known = new Ajv({ allErrors: true, verbose: true, strict: true, strictTypes: false, strictRequired: false });
  known.addFormat('cidr', (text: string) => text.includes('/') && parseNetwork(text) !== undefined);
  known.addFormat('date', (text: string) => parseTime(`${text}T00:00:00Z`) !== undefined);
  known.addFormat('timezone', isTimezone);
  return known.addSchema([detectorSchema, configSchema, findingSchema]);
}

export interface SchemaProblem {
  path: Path;
  message: string;
}

/** What `schemas/detector.schema.json` says is wrong with a detector, in sentences. */
export function checkDetector(kind: DocumentKind, data: Json): SchemaProblem[] {
  return check(schemas().getSchema(`${detectorSchema.$id}#/$defs/${kind}Document`)!, data);
}

/** What is wrong with a configuration: what `schemas/config.schema.json` says, and what no schema can say. */
export function checkConfig(data: Json): SchemaProblem[] {
  return [...check(schemas().getSchema(configSchema.$id)!, data), ...disagreements(data)];
}

/** What `schemas/finding.schema.json` says is wrong with a finding. */
export function checkFinding(data: unknown): SchemaProblem[] {
  return check(schemas().getSchema(findingSchema.$id)!, data);
}

function check(validate: ValidateFunction, data: unknown): SchemaProblem[] {
  if (validate(data)) return [];
  const errors = validate.errors ?? [];
  const seen = new Set<string>();
  const problems: SchemaProblem[] = [];
  for (const error of errors) {
    const message = sentence(error);
    if (message === undefined) continue;
    const path = error.instancePath.split('/').slice(1).map(decodePointer);
    if (error.keyword === 'additionalProperties') path.push(String(error.params['additionalProperty']));
    if (error.keyword === 'uniqueItems') path.push(secondOf(error));
    const line = `${path.join('.')} ${message}`;
    if (!seen.has(line)) problems.push({ path, message });
    seen.add(line);
  }
  return problems;
}

/** Of two members of a list that are the same, the place of the later one. */
function secondOf({ params }: ErrorObject): number {
  return Math.max(Number(params['i']), Number(params['j']));
}

function decodePointer(token: string): string | number {
  const text = token.replace(/~1/g, '/').replace(/~0/g, '~');
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** One sentence an error; undefined for those that only repeat what others say better. */
function sentence(error: ErrorObject): string | undefined {
  const described = (error.parentSchema as { description?: string } | undefined)?.description;
  const meaning = described ? ` (${described})` : '';
  const shown = show(error.data);
  const limit = String(error.params['limit']);
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
      return `unknown key; known here: ${known.join(', ')}`;
    }
    case 'required':
      return error.schemaPath.includes('/oneOf/') || error.schemaPath.includes('/if/')
        ? undefined
        : `${String(error.params['missingProperty'])} is missing`;
    case 'enum':
      return `${shown} is none of ${(error.params['allowedValues'] as unknown[]).join(', ')}`;
    case 'type':
      return `${shown} is not ${article(String(error.params['type']))}${meaning}`;
    case 'format':
    case 'pattern':
      return `${shown} is not right: ${described}`;
    case 'minimum':
      return `${shown} is too little: at least ${limit}${meaning}`;
    case 'maximum':
      return `${shown} is too much: at most ${limit}${meaning}`;
    case 'maxLength':
      return `too long: at most ${limit} characters`;
    case 'maxItems':
      return `too many: at most ${limit}`;
    case 'uniqueItems':
      return `${show((error.data as unknown[])[secondOf(error)])} stands here twice`;
    case 'const':
      return `${shown} is not ${show(error.params['allowedValue'])}, the only value it may have`;
    case 'oneOf':
      return 'a test has either event and match, or events and findings';
    case 'minLength':
      return 'empty text';
    case 'minProperties':
    case 'minItems':
      return 'this is empty';
    case 'anyOf':
    case 'if':
      return undefined;
    default:
      return error.message ?? error.keyword;
  }
}

function show(value: unknown): string {
  const json = JSON.stringify(value);
  return json === undefined || json.length > 60 ? 'this' : json;
}

function article(types: string): string {
  return types
    .split(',')
    .map((type) => (type === 'string' ? 'text' : `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`))
    .join(' or ');
}
