import type { Node } from './nodes';
import { KeyError } from './problems';
import { compilePattern, parsePattern } from './strings';

type Token = { kind: 'word' | '(' | ')'; text: string };

const MAX_TOKENS = 2000;
const MAX_NESTING = 64;

/**
 * Parses a condition of the Sigma specification ("Condition"):
 *
 * ```
 * or      = and { "or" and }
 * and     = not { "and" not }
 * not     = { "not" } primary
 * primary = "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | identifier
 * ```
 *
 * @param identifiers the compiled search identifiers, by name
 * @param used gets the names that the condition means
 * @throws KeyError for anything else, unknown identifiers and patterns that match none
 */
export function parseCondition(source: string, identifiers: Map<string, Node>, used = new Set<string>()): Node {
  const tokens = tokenize(source);
  let next = 0;
  const peek = (): Token | undefined => tokens[next];
  const isWord = (text: string): boolean => peek()?.kind === 'word' && peek()?.text === text;

  const binary = (word: 'or' | 'and', operand: (depth: number) => Node, depth: number): Node => {
    const nodes = [operand(depth)];
    while (isWord(word)) {
      next++;
      nodes.push(operand(depth));
    }
    return nodes.length === 1 ? nodes[0]! : { kind: word, nodes };
  };
  const or = (depth: number): Node => binary('or', and, depth);
  const and = (depth: number): Node => binary('and', not, depth);
  const not = (depth: number): Node => {
    let negations = 0;
    while (isWord('not')) {
      next++;
      negations++;
    }
    const node = primary(depth);
    return negations % 2 === 1 ? { kind: 'not', node } : node;
  };
  const primary = (depth: number): Node => {
    const token = tokens[next++];
    if (!token) throw new KeyError('the condition ends where an identifier is expected');
    if (token.kind === ')') throw new KeyError('a closing parenthesis where an identifier is expected');
    if (token.kind === '(') {
      if (depth >= MAX_NESTING) throw new KeyError(`over ${MAX_NESTING} levels of parentheses`);
      const inner = or(depth + 1);
      if (tokens[next++]?.kind !== ')') throw new KeyError('a parenthesis is not closed');
      return inner;
    }
    if (tokens[next]?.kind === 'word' && tokens[next]?.text === 'of') {
      next++;
      return quantified(token.text, tokens[next++]?.text);
    }
    return single(token.text);
  };
  const single = (name: string): Node => {
    if (OPERATORS.test(name)) throw new KeyError(`unexpected ${name}${caseHint(name)}`);
    const node = identifiers.get(name);
    if (!node) throw new KeyError(`unknown search identifier ${name}`);
    used.add(name);
    return { kind: 'identifier', name, node };
  };
  const quantified = (quantifier: string, target: string | undefined): Node => {
    if (quantifier !== '1' && quantifier !== 'any' && quantifier !== 'all') {
      throw new KeyError(`${quantifier} of: only 1, any and all are in the specification`);
    }
    if (target === undefined) throw new KeyError(`${quantifier} of what?`);
    const names = select(target, [...identifiers.keys()]);
    if (names.length === 0) throw new KeyError(`${quantifier} of ${target}: no search identifier has such a name`);
    const nodes = names.map(single);
    return nodes.length === 1 ? nodes[0]! : { kind: quantifier === 'all' ? 'and' : 'or', nodes };
  };

  const tree = or(0);
  const rest = peek();
  if (rest) throw new KeyError(`unexpected ${rest.text}${caseHint(rest.text)}`);
  return tree;
}

/** Words that cannot be the name of a search identifier. */
export const OPERATORS = /^(?:and|or|not|of|all|any|them)$/i;

function caseHint(word: string): string {
  return /^(?:and|or|not)$/i.test(word) && word !== word.toLowerCase() ? ': operators are lower case' : '';
}

/** Names that `them` or a pattern means: those with a leading underscore only if the pattern begins with one too. */
function select(target: string, names: string[]): string[] {
  if (target === 'them') return names.filter((name) => !name.startsWith('_'));
  const fits = compilePattern(parsePattern(target));
  return names.filter((name) => fits(name) && (target.startsWith('_') || !name.startsWith('_')));
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const lexer = /\s*(?:([()])|([A-Za-z0-9_*-]+)|(\S))/gy;
  for (let m = lexer.exec(source); m !== null; m = lexer.exec(source)) {
    if (m[3] === '|')
      throw new KeyError('aggregations (a pipe in the condition) are not Sigma any more: write a correlation');
    if (m[3] !== undefined) throw new KeyError(`unexpected character ${m[3]}`);
    tokens.push({ kind: (m[1] as '(' | ')' | undefined) ?? 'word', text: (m[1] ?? m[2])! });
    if (tokens.length > MAX_TOKENS) throw new KeyError(`the condition has over ${MAX_TOKENS} words`);
  }
  if (tokens.length === 0) throw new KeyError('the condition is empty');
  return tokens;
}
