import { readPage, type StatementFilter, type StatementPage } from "../../api/statements";
import { sentenceOf } from "../../statement/sentence";
import { member, numberOf, textOf, type Entry } from "../../statement/types";
import { csvOf } from "../../statement/visible";
import { readingLanguages } from "../../text/text";

/** The most statements of one file. */
export const EXPORT_ROWS_MAX = 20_000;

const HEAD = ["stored", "timestamp", "actor", "verb", "verb id", "object", "object id", "success", "completion", "score", "response", "registration", "id"];

function rowOf(entry: Entry, languages: readonly string[]): unknown[] {
  const { statement } = entry;
  const sentence = sentenceOf(statement, languages);
  const result = member(statement, "result");
  return [
    entry.stored,
    textOf(statement, "timestamp"),
    sentence.actor.text,
    sentence.verb.text,
    textOf(member(statement, "verb"), "id"),
    sentence.object.text,
    textOf(member(statement, "object"), "id"),
    member(result, "success"),
    member(result, "completion"),
    numberOf(member(result, "score"), "scaled"),
    textOf(result, "response"),
    textOf(member(statement, "context"), "registration"),
    entry.id,
  ];
}

/** Every statement of a filter as CSV, newest first; `isCut` says that there are more. */
export function exportCsv(tenant: number, filter: StatementFilter, onProgress: (rows: number) => void): Promise<Exported> {
  return exportPages((cursor) => readPage(tenant, { ...filter, limit: 500, cursor }), onProgress);
}

interface Exported {
  readonly text: string;
  readonly isCut: boolean;
}

/** The statements of pages as CSV. */
export async function exportPages(
  read: (cursor: string | undefined) => Promise<StatementPage>,
  onProgress: (rows: number) => void,
): Promise<Exported> {
  const languages = readingLanguages();
  const rows: unknown[][] = [HEAD];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    for (const entry of page.entries) rows.push(rowOf(entry, languages));
    cursor = page.next;
    onProgress(rows.length - 1);
  } while (cursor && rows.length <= EXPORT_ROWS_MAX);
  return { text: csvOf(rows), isCut: cursor !== undefined };
}
