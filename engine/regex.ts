import type * as re2 from 're2js';
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
 *
 * @param isChecked it was compiled before, and need not be again until it is asked for
 */
export function compileRegex(source: string, given: RegexFlags, isChecked: boolean): (text: string) => boolean {
  if (source.length > MAX_PATTERN) throw new KeyError(`the regular expression has over ${MAX_PATTERN} characters`);
  const flags = { ...given };
  const pattern = source.replace(/^\(\?([ims]+)\)/, (_all, letters: string) => {
    flags.ignoreCase ||= letters.includes('i');
    flags.multiline ||= letters.includes('m');
    flags.dotAll ||= letters.includes('s');
    return '';
  });
  checkSyntax(pattern);
  let compiled = isChecked ? undefined : compile(pattern, flags);
  return (text) => {
    compiled ??= compile(pattern, flags);
    return compiled.matcher(text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text).find();
  };
}

function compile(pattern: string, { ignoreCase, multiline, dotAll }: RegexFlags): re2.RE2JS {
  // It is large, and most calls of a function come to no regular expression: it is read when there is one.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { RE2JS } = require('re2js') as typeof re2;
  try {
    return RE2JS.compile(
      pattern,
      (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (multiline ? RE2JS.MULTILINE : 0) | (dotAll ? RE2JS.DOTALL : 0),
    );
  } catch (error) {
    throw new KeyError(`no valid regular expression: ${(error as Error).message}`);
  }
}

/**
 * Refuses what is outside the syntax above: what RE2 cannot do, and what it reads otherwise than the engines that other
 * Sigma tools use.
 */
function checkSyntax(pattern: string): void {
  let inClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const rest = pattern.slice(i, i + 12);
    if (char === '\\') checkEscape(pattern[++i]);
    else if (inClass) {
      if (rest.startsWith('[:')) throw new KeyError('[:…:] is not in the syntax that Sigma allows');
      if (char === ']') inClass = false;
    } else if (char === '[') {
      inClass = true;
      // A bracket that comes first in its class is one of its characters.
      i += /^\[\^?\]?/.exec(rest)![0].length - 1;
    } else if (/^\(\?<?[=!]/.test(rest)) throw new KeyError(`lookaround (${rest.slice(0, 4)}) is not supported`);
    else if (rest.startsWith('(?') && !rest.startsWith('(?:')) {
      throw new KeyError(`${rest.slice(0, 4)}…: inline flags and named groups are not supported`);
    } else if (/^\{,\d+\}/.test(rest)) throw new KeyError('a repetition has a lower bound: {0,3}, not {,3}');
  }
}

function checkEscape(char: string | undefined): void {
  if (char === undefined) throw new KeyError('the regular expression ends in a lone backslash');
  if (/[1-9]/.test(char)) throw new KeyError(`back-references (\\${char}) are not supported`);
  if (/[A-Za-z0]/.test(char) && !/[bBdDsSwWnrtfv]/.test(char)) {
    throw new KeyError(`\\${char} is not in the syntax that Sigma allows`);
  }
}
