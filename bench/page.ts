import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../cli/package-root';

/** The page on which benches write what they measured. */
export const PROOF = join(packageRoot, 'docs/proof.md');

/** A page in which the part between `<!-- name -->` and `<!-- end name -->` is replaced. */
export function withPart(page: string, name: string, content: string): string {
  const marks = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- end ${name} -->)`);
  if (!marks.test(page)) throw new Error(`there is no <!-- ${name} --> … <!-- end ${name} -->`);
  return page.replace(marks, (_all, start: string, end: string) => `${start}\n${content.trim()}\n${end}`);
}

/** What stands there now. */
export function partOf(page: string, name: string): string | undefined {
  return new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)\\n<!-- end ${name} -->`).exec(page)?.[1]?.trim();
}

export function updateProof(name: string, content: string): void {
  writeFileSync(PROOF, withPart(readFileSync(PROOF, 'utf8'), name, content));
}
