import type { Event } from './event';
import { MAX_DEPTH, own, type Json, type JsonObject } from './json';
import { Memo } from './memo';

/** What stands in a record where a secret stood. */
export const REDACTED = '[redacted]';

/**
 * How the names of members end whose value is a secret in a CloudTrail record of some service (`masterUserPassword`,
 * `x-amz-security-token`, `DB_PASSWORD`), in any letter case. AWS hides most of them itself; session tokens in the
 * answers of STS it does not. The access key *id* is not a secret and chains sessions together: it stays.
 */
const SECRET_NAMES = [
  ...[
    'password',
    'passwords',
    'passwd',
    'passphrase',
    'token code',
    'secret string',
    'secret binary',
    'saml assertion',
  ],
  ...['session token', 'security token', 'signin token', 'authorization token', 'access token', 'refresh token'],
  ...['id token', 'identity token', 'auth token', 'secret access key', 'client secret', 'private key', 'key material'],
  ...['private key plaintext', 'base32 string seed', 'qr code png', 'plaintext', 'api key', 'api key value'],
  ...['aws secret', 'pwd', 'github token', 'gitlab token', 'npm token', 'bot token'],
  ...['webhook secret', 'signing secret', 'app secret'],
]
  .map((name) => name.replaceAll(' ', '[_-]?'))
  .join('|');
const SECRET_NAME = new RegExp(`(?:${SECRET_NAMES})$`, 'i');

/** Values under such a name that are none: no value, a flag, AWS's own mask. They say more than {@link REDACTED}. */
const NO_SECRET = /^(?:|true|false|null|HIDDEN_DUE_TO_[A-Z_]+)$/;

/**
 * Secrets that stand inside longer text (an error message, a URL): STS session tokens by the prefixes they begin with,
 * signed query parameters, JSON Web Tokens, a secret key beside its id. The first group stays. None looks at a character more than a few times: a
 * run of the alphabet of JSON Web Tokens is searched once, and only if two more such runs follow with dots between.
 */
const SECRET_TEXT = [
  /()(?:FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu|AgoJb3JpZ2lu|AgoGb3JpZ2lu|AQoDYXdz)[A-Za-z0-9+/=%_-]{16,}/g,
  /((?:X-Amz-Security-Token|X-Amz-Signature|SigninToken|[?&;]Signature)(?:=|%3D))[^&\s"'\\]{8,}/gi,
  /(\bA[KS]IA[A-Z0-9]{16}[,;:\s"']{1,4})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g,
  /(?<![\w-])(?=[\w-]+\.[\w-]{10,}\.[\w-]{10,})([\w-]*?)eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g,
  // Tokens of other services, by the prefixes they begin with.
  /()\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|[sr]k_live_\w{16,})/g,
  // A password in an address, in a header, on a command line.
  /(:\/\/[^\s:/?#@"']{0,128}:)[^\s/?#@"']{1,256}(?=@)/g,
  /(\bauthorization\\{0,8}["']?\s{0,4}[:=]\s{0,4}\\{0,8}["']?(?:bearer|basic)\s{1,4})[\w.~+/=-]{8,}/gi,
  /((?<![\w-])--?(?:password|passwd|pwd|token|secret)[ =]{1,4}["']?)(?!-)[^\s"'\\]{3,}/gi,
];
const MAY_HOLD_SECRET = new RegExp(
  'ZXIvYXdz|b3JpZ2lu|AQoDYXdz|X-Amz-S|SigninToken|Signature|eyJ|A[KS]IA|gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|k_live_|' +
    '://[^/?#@\\s]{0,384}@|authorization|-(?:passw|pwd|token|secret)',
  'i',
);

/**
 * A secret member in text: of JSON that could not be parsed or is a string inside JSON (its quotes then have one, three,
 * seven… backslashes before them), or of a query string.
 */
const SECRET_MEMBER = new RegExp(`(?:${SECRET_NAMES})(?:\\\\*["']\\s*:\\s*|\\s*:\\s*(?=\\\\*["'])|=)`, 'gi');

/** A text in which secrets are replaced by {@link REDACTED}; what is no secret stays as it is. */
export function redactText(value: string): string {
  let out = redactMembers(value);
  if (MAY_HOLD_SECRET.test(out)) for (const pattern of SECRET_TEXT) out = out.replace(pattern, `$1${REDACTED}`);
  return out;
}

/**
 * A record in which secrets are replaced by {@link REDACTED}; without secrets, the record itself, so nobody may write to
 * it. Whatever is kept, shown or sent passes here.
 */
export function redact(record: JsonObject): JsonObject {
  return isHarmless(record, 0) ? record : (redactValue(record, 0) as JsonObject);
}

/** The same for a whole event: what should be an id, an account or a Region is text of the record too. */
export function redactEvent(event: Event): Event {
  const { logsource, time, account, region, revision } = event;
  return {
    logsource,
    record: redact(event.record),
    key: redactText(event.key),
    id: redactText(event.id),
    time,
    account: account && redactText(account),
    region: region && redactText(region),
    revision,
    get digest() {
      return event.digest;
    },
  };
}

/** Texts and names in which no secret was found: most recur from record to record. */
const harmlessTexts = new Memo<true>();
const harmlessNames = new Memo<true>();

/** Whether {@link redactValue} would find nothing to replace. */
function isHarmless(value: Json, depth: number): boolean {
  if (typeof value === 'string') {
    return harmlessTexts.get(value) ?? (redactText(value) === value && harmlessTexts.set(value, true));
  }
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((member) => isHarmless(member, depth + 1));
  if (isSecretPair(value)) return false;
  for (const name of Object.keys(value)) {
    if (!isHarmlessName(name) || !isHarmless(value[name]!, depth + 1)) return false;
  }
  return true;
}

function isHarmlessName(name: string): boolean {
  const isFound = (): boolean => SECRET_NAME.test(name) || redactText(name) !== name;
  return harmlessNames.get(name) ?? (!isFound() && harmlessNames.set(name, true));
}

function redactValue(value: Json, depth: number): Json {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[nested too deeply]';
  if (Array.isArray(value)) return value.map((member) => redactValue(member, depth + 1));
  // A null prototype, so that a member called "__proto__" is a member like any other.
  const copy = Object.create(null) as JsonObject;
  const isPair = isSecretPair(value);
  for (const [key, member] of Object.entries(value)) {
    const isSecret = SECRET_NAME.test(key) || (isPair && PAIR_VALUES.includes(key));
    copy[redactText(key)] = isSecret ? redactSecret(member) : redactValue(member, depth + 1);
  }
  return copy;
}

const PAIR_NAMES = ['name', 'Name', 'key', 'Key', 'parameterKey', 'ParameterKey'];
const PAIR_VALUES = ['value', 'Value', 'parameterValue', 'ParameterValue'];

/** A secret as services list settings: `{name: DB_PASSWORD, value: …}`. */
function isSecretPair(value: JsonObject): boolean {
  if (!PAIR_VALUES.some((key) => Object.hasOwn(value, key))) return false;
  return PAIR_NAMES.some((key) => {
    const name = own(value, key);
    return typeof name === 'string' && SECRET_NAME.test(name);
  });
}

function redactSecret(value: Json): Json {
  if (typeof value === 'object') return value === null ? value : REDACTED;
  return NO_SECRET.test(String(value)) ? value : REDACTED;
}

function redactMembers(value: string): string {
  let out = '';
  let done = 0;
  SECRET_MEMBER.lastIndex = 0;
  for (let match = SECRET_MEMBER.exec(value); match; match = SECRET_MEMBER.exec(value)) {
    const from = SECRET_MEMBER.lastIndex;
    const quote = matchAt(/\\*["']/y, value, from);
    const start = from + quote.length;
    const end = quote ? closingQuote(value, start, quote) : bareEnd(value, start);
    if (!NO_SECRET.test(value.slice(start, end))) {
      // Numbers, lists and objects become text as well, in the quotes that the name has, so that JSON stays JSON.
      const added = quote ? '' : (/\\*["']/.exec(match[0])?.[0] ?? '');
      out += value.slice(done, start) + added + REDACTED + added;
      done = end;
    }
    SECRET_MEMBER.lastIndex = Math.min(end + quote.length, value.length);
  }
  return out + value.slice(done);
}

function bareEnd(value: string, from: number): number {
  if (/[[{]/.test(value.charAt(from))) return closingBracket(value, from);
  return from + matchAt(/[^\s,;&}\]"'\\]*/y, value, from).length;
}

function matchAt(sticky: RegExp, value: string, from: number): string {
  sticky.lastIndex = from;
  return sticky.exec(value)?.[0] ?? '';
}

/**
 * Where the string ends that `quote` opened. Inside a JSON string that is n times inside another, a quote has 2ⁿ-1
 * backslashes before it and each backslash of the value is 2ⁿ⁺¹ of them; the value's own quotes have other remainders.
 */
function closingQuote(value: string, from: number, quote: string): number {
  const backslashes = quote.length - 1;
  const mark = quote.charAt(backslashes);
  for (let at = value.indexOf(mark, from); at >= 0; at = value.indexOf(mark, at + 1)) {
    if (backslashesBefore(value, at, from) % (2 * backslashes + 2) === backslashes) return at - backslashes;
  }
  return value.length;
}

/** Where the list or object ends that begins at `from`; brackets within strings do not count. */
function closingBracket(value: string, from: number): number {
  const marks = /["'[\]{}]/g;
  marks.lastIndex = from;
  let depth = 0;
  for (let match = marks.exec(value); match; match = marks.exec(value)) {
    const [mark] = match;
    if (mark === '"' || mark === "'") {
      const quote = '\\'.repeat(backslashesBefore(value, match.index, from)) + mark;
      marks.lastIndex = closingQuote(value, match.index + 1, quote) + quote.length;
    } else if (mark === '[' || mark === '{') depth++;
    else if (--depth === 0) return match.index + 1;
  }
  return value.length;
}

function backslashesBefore(value: string, at: number, from: number): number {
  let run = at;
  while (run > from && value.charAt(run - 1) === '\\') run--;
  return at - run;
}
