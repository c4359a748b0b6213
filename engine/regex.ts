import { RE2JS } from 're2js';
import { KeyError } from './problems';

export interface RegexFlags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
}

/** Of a longer text only this much is searched; CloudTrail itself cuts its fields at 100 KB. */
const MAX_TEXT = 128 * 1024;
const MAX_PATTERN = 4096;

/**
 * A search for a regular expression anywhere in a text, in time linear in the text: event content is attacker-chosen.
 * Only what the Sigma specification allows is accepted (Sigma Modifiers, `re`): `. ^ $ * + ? {n,m} [] | ()`, `\b \B \d \D
 * \s \S \w \W` and escaped punctuation. A leading `(?ims)` is taken as the modifiers of the same names.
 */
export function compileRegex(source: string, given: RegexFlags): (text: string) => boolean {
  if (source.length > MAX_PATTERN) throw new KeyError(`the regular expression has over ${MAX_PATTERN} characters`);
  const flags = { ...given };
  const pattern = source.replace(/^\(\?([ims]+)\)/, (_all, letters: string) => {
    flags.ignoreCase ||= letters.includes('i');
    flags.multiline ||= letters.includes('m');
    flags.dotAll ||= letters.includes('s');
    return '';
  });
  checkSyntax(pattern);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(
      pattern,
      (flags.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) |
        (flags.multiline ? RE2JS.MULTILINE : 0) |
        (flags.dotAll ? RE2JS.DOTALL : 0),
    );
  } catch (error) {
    throw new KeyError(`no valid regular expression: ${(error as Error).message}`);
  }
  return (text) => compiled.matcher(text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text).find();
}

function checkSyntax(pattern: string): void {
  for (let i = 0; i < pattern.length; i++) {
    const next = pattern[i + 1];
    if (pattern[i] === '\\') {
      if (next === undefined) throw new KeyError('the regular expression ends in a lone backslash');
      if (/[1-9]/.test(next)) throw new KeyError(`back-references (\\${next}) are not supported`);
      if (/[A-Za-z0]/.test(next) && !/[bBdDsSwWnrtfv]/.test(next)) {
        throw new KeyError(`\\${next} is not in the syntax that Sigma allows`);
      }
      i++;
    } else if (pattern[i] === '(' && next === '?') {
      const group = pattern.slice(i, i + 4);
      if (/^\(\?<?[=!]/.test(group)) throw new KeyError(`lookaround (${group.slice(0, 4)}) is not supported`);
      if (!group.startsWith('(?:')) throw new KeyError(`${group}…: inline flags and named groups are not supported`);
    }
  }
}
