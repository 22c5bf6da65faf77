/** A piece of a text: as it is, or a character that cannot be seen. */
export interface Piece {
  readonly text: string;
  /** The code point of an invisible character, as in `U+202E`. */
  readonly hidden?: string;
}

/** The most characters of a text that a view shows. */
export const SHOWN_CHARS_MAX = 2_000;

/**
 * Characters that change how others are shown, or that are not shown at all: controls, direction
 * overrides and isolates, joiners and spaces without width, and the tags that spell hidden words.
 *
 * Spec: UAX #9, 2; Unicode Technical Report #36, 2.
 */
const HIDDEN =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** The pieces of a text of a sender, with invisible characters apart. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    const point = match[0].codePointAt(0) ?? 0;
    pieces.push({ text: match[0], hidden: `U+${point.toString(16).toUpperCase().padStart(4, "0")}` });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** The text with invisible characters written out, for places that take no elements. */
export function plainly(text: string): string {
  return piecesOf(shorten(text))
    .map((piece) => (piece.hidden ? `[${piece.hidden}]` : piece.text))
    .join("");
}

/** The beginning of a text, with an ellipsis if it is longer. */
export function shorten(text: string, max = SHOWN_CHARS_MAX): string {
  if (text.length <= max) return text;
  // Not between the halves of one character.
  const end = /[\uD800-\uDBFF]/u.test(text.charAt(max - 1)) ? max - 1 : max;
  return `${text.slice(0, end)}…`;
}

/** The address, if a link to it is safe: http or https, and nothing hidden in it. */
export function safeLink(address: string): string | undefined {
  if (!/^https?:\/\//iu.test(address) || piecesOf(address).some((piece) => piece.hidden)) {
    return undefined;
  }
  return URL.canParse(address) ? address : undefined;
}

/**
 * A cell of a CSV file. A text that a spreadsheet would take for a formula is marked as a text.
 *
 * Spec: RFC 4180; OWASP, CSV Injection.
 */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r\n|%]/u.test(text) ? `'${text}` : text;
  return /[",\r\n']/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A CSV file of rows. */
export function csvOf(rows: readonly (readonly unknown[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}
