/** The most that one request of an import takes; less than the server does, to be sure. */
export const ROWS_MAX = 10_000;
export const BYTES_MAX = 4 * 1024 * 1024;

/** A part of a file: the line of names and rows, and how many lines of the file are left out between them. */
export interface Part {
  readonly text: string;
  readonly rows: number;
  readonly linesBefore: number;
}

/** The records of a file with the lines that each of them takes: a value in quotes may have several. */
function* recordsOf(text: string): Generator<{ text: string; lines: number }> {
  let start = 0;
  let lines = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    if (character !== "\n") continue;
    lines += 1;
    if (isQuoted) continue;
    yield { text: text.slice(start, at + 1), lines };
    start = at + 1;
    lines = 0;
  }
  if (start < text.length) yield { text: text.slice(start), lines: lines + 1 };
}

/** A file in parts that a request takes, each with the line of names. */
export function partsOf(file: string, { rowsMax = ROWS_MAX, bytesMax = BYTES_MAX } = {}): Part[] {
  const text = file.replace(/^\uFEFF/u, "");
  const records = recordsOf(text);
  const first = records.next();
  if (first.done) return [];
  const head = first.value.text.endsWith("\n") ? first.value.text : `${first.value.text}\n`;
  const encoder = new TextEncoder();
  const headBytes = encoder.encode(head).length;
  const parts: Part[] = [];
  let body: string[] = [];
  let [bytes, rows, lines, linesBefore] = [headBytes, 0, 0, 0];
  const close = () => {
    parts.push({ text: head + body.join(""), rows, linesBefore });
    linesBefore = lines;
    body = [];
    bytes = headBytes;
    rows = 0;
  };
  for (const record of records) {
    const isRow = record.text.trim() !== "";
    const size = encoder.encode(record.text).length;
    if (rows > 0 && (rows + 1 > rowsMax || bytes + size > bytesMax)) close();
    body.push(record.text);
    bytes += size;
    rows += isRow ? 1 : 0;
    lines += record.lines;
  }
  if (rows > 0 || parts.length === 0) close();
  return parts;
}

/** The values of the first rows of a file, with the line of names. */
export function firstRows(file: string, total: number): string[][] {
  const rows: string[][] = [];
  for (const record of recordsOf(file.replace(/^\uFEFF/u, ""))) {
    if (record.text.trim() === "") continue;
    rows.push(valuesOf(record.text.replace(/\r?\n$/u, "")));
    if (rows.length > total) break;
  }
  return rows;
}

/** The values of a record. Spec: RFC 4180, 2. */
function valuesOf(record: string): string[] {
  return [...record.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/gu)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
}
