import { createHash } from 'node:crypto';
import type { JsonObject } from '../events/json';
import { SourceDocument, type Problems, type Source } from './document';
import { readDocuments } from './documents';
import { checkDetector } from './schema';
import { kindOf } from './compile';

/**
 * The documents of files that were found sound before, by a hash of their text: what is left to load of them needs
 * neither YAML nor a schema. A file that has changed since is simply not found.
 */
export type Prepared = Record<string, JsonObject[]>;

/** Reads and checks files once for all. What there is to say of a file, it says at every load: such files stay out. */
export function prepare(sources: Source[]): Prepared {
  const prepared: Prepared = {};
  for (const source of sources) {
    const problems: Problems = { errors: [], warnings: [] };
    const documents = readDocuments(source, problems);
    documents.forEach((document) => checkShape(document));
    if (problems.errors.length + problems.warnings.length === 0)
      prepared[hashOf(source)] = documents.map(({ data }) => data);
  }
  return prepared;
}

/** The documents of a file, or undefined if they were not prepared. */
export function preparedDocuments(
  source: Source,
  prepared: Prepared,
  problems: Problems,
): SourceDocument[] | undefined {
  return prepared[hashOf(source)]?.map(
    (data, i) =>
      new SourceDocument(source, data, problems, (path) => {
        // Seldom asked for: only `explain`, failed tests and problems say lines.
        const documents = readDocuments(source, { errors: [], warnings: [] });
        return documents[i]!.line(path);
      }),
  );
}

/** Adds what the schema says is wrong with a document to its problems. */
export function checkShape(document: SourceDocument): void {
  const kind = kindOf(document);
  if (!kind) return;
  for (const { path, message } of checkDetector(kind, document.data)) document.error(path, message);
}

function hashOf({ text }: Source): string {
  return createHash('sha256').update(text).digest('base64url');
}
