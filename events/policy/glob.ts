/**
 * A character of Unicode's private use, standing in questions for what no pattern can name: only a wildcard matches it.
 * Patterns lose theirs when they are read, so that nobody can write it.
 */
export const ANYTHING = '\uE000';

/** A longer pattern names something in particular, or nothing that exists. */
const MAX_PATTERN = 512;

/** How much work a document may cause; event content is attacker-chosen. */
export class Budget {
  constructor(private steps = 4_000_000) {}

  spend(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) throw new TooCostly();
  }
}

/** A document so contrived that judging it would take too long. */
export class TooCostly extends Error {}

/**
 * A pattern of IAM's: `*` is any run of characters, `?` is one. Letter case does not count, since it does not in actions,
 * and of resources it would only hide a spelling.
 */
export class Glob {
  readonly text: string;
  private readonly isLiteral: boolean;

  constructor(pattern: string) {
    const text = pattern.trim().toLowerCase().replaceAll(ANYTHING, '').replace(/\*+/g, '*');
    // Any order of one "?" and asterisks asks for something that is not empty.
    this.text = text.replace(/\*\?\*?/g, '?*');
    this.isLiteral = !/[*?]/.test(this.text);
  }

  /** Whether the pattern includes a value, which is in lower case. */
  matches(value: string, budget: Budget): boolean {
    if (this.isLiteral) return this.text === value;
    return wildcards(this.text, value, budget, true);
  }

  /**
   * Whether the pattern includes everything that the value stands for, if the value has {@link ANYTHING} or wildcards in
   * it: a `?` alone takes neither.
   */
  covers(value: string, budget: Budget): boolean {
    if (this.isLiteral) return this.text === value;
    // Names have at least one character.
    return wildcards(this.text.replaceAll('?*', '*'), value, budget, false);
  }
}

function wildcards(pattern: string, value: string, budget: Budget, isLoose: boolean): boolean {
  if (pattern.length > MAX_PATTERN) return false;
  let p = 0;
  let v = 0;
  let star = -1;
  let mark = 0;
  let steps = 1;
  while (v < value.length) {
    steps++;
    const wanted = pattern[p];
    const found = value[v]!;
    if (wanted === '*') {
      star = p++;
      mark = v;
    } else if (wanted === found || (wanted === '?' && (isLoose || !/[*\uE000]/.test(found)))) {
      p++;
      v++;
    } else if (star >= 0) {
      p = star + 1;
      v = ++mark;
    } else break;
  }
  budget.spend(steps);
  if (v < value.length) return false;
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
