import { isObject, MAX_DEPTH, type Json, type JsonObject } from './json';

/** What stands in a record where a secret stood. */
export const REDACTED = '[redacted]';

/**
 * Keys whose value is a secret in a CloudTrail record of some service. AWS hides most of them itself; session tokens in
 * the answers of STS it does not. The access key *id* is not a secret and chains sessions together: it stays.
 */
const SECRET_KEYS = new Set(
  [
    ...['sessionToken', 'secretAccessKey', 'securityToken', 'x-amz-security-token', 'signinToken', 'authorizationToken'],
    ...['accessToken', 'refreshToken', 'idToken', 'webIdentityToken', 'samlAssertion', 'tokenCode', 'clientSecret'],
    ...['password', 'newPassword', 'oldPassword', 'masterUserPassword', 'userPassword', 'adminPassword', 'authToken'],
    ...['secretString', 'secretBinary', 'privateKey', 'privateKeyPlaintext', 'keyMaterial', 'encryptedKeyMaterial'],
    ...['servicePassword', 'base32StringSeed', 'qrCodePng', 'plaintext', 'apiKeyValue'],
  ].map((key) => key.toLowerCase()),
);

/**
 * Secrets that stand inside longer text (an error message, a URL): STS session tokens by the prefixes they begin with,
 * signed query parameters, JSON Web Tokens. Each is bounded and has no nested repetition.
 */
const SECRET_TEXT = [
  /\b(?:FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9+/=%_-]{16,}/g,
  /(?<=[?&](?:X-Amz-Security-Token|X-Amz-Signature|SigninToken)=)[^&\s"']{8,}/gi,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
];
const MAY_HOLD_SECRET = /FwoGZXIvYXdz|FQoGZXIvYXdz|IQoJb3JpZ2lu|X-Amz-S|SigninToken|eyJ/i;

/** Secret members of JSON that could not be parsed, or that is a string inside JSON (its quotes then are escaped). */
const SECRET_MEMBER = new RegExp(
  `(\\\\*")(${[...SECRET_KEYS].join('|')})\\1(\\s*:\\s*)(\\\\*")((?:(?!\\4)[^\\n])*)(\\4|$)`,
  'gi',
);
const MAY_HOLD_MEMBER = /token|secret|password|privatekey|keymaterial|plaintext|samlassertion|seed|qrcode|apikey/i;

/** A copy of a text in which secrets are replaced by {@link REDACTED}; what is no secret stays as it is. */
export function redactText(value: string): string {
  let out = value;
  if (MAY_HOLD_SECRET.test(out)) for (const pattern of SECRET_TEXT) out = out.replace(pattern, REDACTED);
  if (MAY_HOLD_MEMBER.test(out)) {
    out = out.replace(
      SECRET_MEMBER,
      (_all, quote: string, key: string, colon: string, open: string, _v: string, close: string) =>
        `${quote}${key}${quote}${colon}${open}${REDACTED}${close}`,
    );
  }
  return out;
}

/** A copy of a record in which secrets are replaced by {@link REDACTED}. Whatever is kept, shown or sent passes here. */
export function redact(record: JsonObject): JsonObject {
  return redactValue(record, 0) as JsonObject;
}

function redactValue(value: Json, depth: number): Json {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[nested too deeply]';
  if (Array.isArray(value)) return value.map((member) => redactValue(member, depth + 1));
  // A null prototype, so that a member called "__proto__" is a member like any other.
  const copy = Object.create(null) as JsonObject;
  for (const [key, member] of Object.entries(value)) {
    copy[key] = isSecret(key, member) ? REDACTED : redactValue(member, depth + 1);
  }
  return copy;
}

/** AWS's own masks ("HIDDEN_DUE_TO_SECURITY_REASONS") and empty members say more than ours: they stay. */
function isSecret(key: string, member: Json): boolean {
  if (!SECRET_KEYS.has(key.toLowerCase()) || isObject(member)) return false;
  return typeof member === 'string' ? member !== '' && !member.startsWith('HIDDEN_DUE_TO_') : Array.isArray(member);
}
