import type { Condition, Statement } from './document';
import { ANYTHING, Budget, Glob } from './glob';

/** An action on a resource, to ask a document about; all in lower case. */
export interface Question {
  action: string;
  /** The resource's ARN; {@link ANYTHING} in it stands for a name that nobody can spell out. */
  resource: string;
  /** The bearer of the policy: whoever may do this to himself needs no more than that. */
  self?: string;
  /** Whether the conditions of a statement narrow it so much that it does not count. */
  isVoid?: (conditions: Condition[]) => boolean;
}

interface Giving {
  statement: Statement;
  /** Its resources, with whatever takes nothing away replaced by `*`. */
  wide: Glob[];
}

/** What the Allow statements of a document give and its Deny statements take back. */
export class Grants {
  private readonly giving: Giving[];
  private readonly taking: Statement[];
  private readonly giversOf = new Map<string, Giving[]>();

  constructor(
    statements: Statement[],
    private readonly budget = new Budget(),
  ) {
    this.giving = statements
      .filter(({ allows }) => allows)
      .map((statement) => ({ statement, wide: (statement.resources ?? []).map(({ text }) => new Glob(widen(text))) }));
    // A denial under a condition is one that whoever holds the policy may get around.
    this.taking = statements.filter(({ allows, conditions }) => !allows && conditions.length === 0);
  }

  /**
   * Whether an action is allowed on all that the question's resource stands for. Conditions are taken as met, and a denial
   * counts if it is without condition and for all of it.
   */
  allows(question: Question): boolean {
    return this.givers(question).some((giving) => this.isOnAll(giving, question)) && !this.isTaken(question);
  }

  /** Whether an action is allowed on some resource of the kind, be it one that is named. */
  allowsSome(question: Question): boolean {
    return this.givers(question).some((giving) => isOnSome(giving, question)) && !this.isTaken(question);
  }

  /** The statements that allow an action; many questions are about the same. */
  private givers({ action, isVoid }: Question): Giving[] {
    let givers = this.giversOf.get(action);
    if (!givers) {
      givers = this.giving.filter(({ statement: { actions = [], notActions } }) =>
        notActions
          ? !notActions.some((glob) => glob.covers(action, this.budget))
          : actions.some((glob) => glob.matches(action, this.budget)),
      );
      this.giversOf.set(action, givers);
    }
    return isVoid ? givers.filter(({ statement }) => !isVoid(statement.conditions)) : givers;
  }

  private isOnAll({ statement: { notResources }, wide }: Giving, { resource, self }: Question): boolean {
    // What is left out must be left out whole: one name that is not takes nothing away.
    if (notResources) return !notResources.some((glob) => glob.covers(resource, this.budget));
    return wide.some((glob) => {
      if (glob.matches(resource, this.budget)) return true;
      return self !== undefined && (glob.text.endsWith('/${aws:username}') || isNamed(glob.text, self));
    });
  }

  private isTaken({ action, resource }: Question): boolean {
    return this.taking.some(({ actions = [], notActions, resources = [], notResources }) => {
      const isAction = notActions
        ? !notActions.some((glob) => glob.matches(action, this.budget))
        : actions.some((glob) => glob.covers(action, this.budget));
      if (!isAction) return false;
      // Something that is left out of the denial is something to use.
      return notResources ? notResources.length === 0 : resources.some((glob) => glob.covers(resource, this.budget));
    });
  }
}

function isOnSome({ statement: { notResources }, wide }: Giving, { resource }: Question): boolean {
  return notResources !== undefined || wide.some(({ text }) => mayConcern(text, resource));
}

/**
 * A resource pattern with its partition, Region and account made one with every other's, since they are those that it is
 * used in, and with a wildcard after one letter taken for one after none.
 */
function widen(pattern: string): string {
  const parts = pattern.split(':');
  if (parts[0] !== 'arn') return pattern;
  if (parts[1]?.startsWith('aws')) parts[1] = 'aws';
  for (const place of [3, 4]) {
    const part = parts[place];
    const isWhole = parts.length >= 6 ? part !== '' : place === parts.length - 1 && part?.endsWith('*');
    if (part !== undefined && isWhole) parts[place] = '*';
  }
  return parts.join(':').replace(/([:/])[^*?:/]\*$/, '$1*');
}

/** Whether a pattern ends with a name of the kind: `…:user/alice`, `…:user/path/alice` of `user/alice`. */
function isNamed(pattern: string, self: string): boolean {
  const tail = pattern.split(':').slice(5).join(':');
  const [kind, name] = self.split('/');
  return tail === self || (tail.startsWith(`${kind}/`) && tail.endsWith(`/${name}`));
}

/** Whether a pattern may include some resource of the same service and kind. */
function mayConcern(pattern: string, resource: string): boolean {
  const parts = pattern.split(':');
  const wanted = resource.split(':');
  if (!isWild(parts[2] ?? '*') && parts[2] !== wanted[2]) return false;
  const kind = wanted.slice(5).join(':').split(ANYTHING)[0]!;
  const head = parts.length < 6 ? '' : parts.slice(5).join(':').split(/[*?]/)[0]!;
  return head.startsWith(kind) || kind.startsWith(head);
}

function isWild(text: string): boolean {
  return /[*?]/.test(text);
}
