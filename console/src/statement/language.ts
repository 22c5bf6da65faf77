import { isObject, type Json } from "./types";

/** A text and its language, when it is known. */
export interface Said {
  readonly text: string;
  readonly language?: string;
}

/**
 * The text of a language map for a reader: in one of the languages, in the order given, then in
 * English, then without a language, then the first.
 */
export function say(map: Json | undefined, languages: readonly string[]): Said | undefined {
  if (!isObject(map)) return undefined;
  const said = Object.entries(map).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1].trim() !== "",
  );
  for (const wanted of [...languages, "en"]) {
    const found = best(said, wanted.toLowerCase());
    if (found) return { text: found[1], language: found[0] };
  }
  const other = said.find(([language]) => language.toLowerCase() === "und") ?? said[0];
  return other && { text: other[1], language: other[0] };
}

/** Spec: RFC 4647, 3.4, lookup; then any region of the language. */
function best(said: [string, string][], wanted: string): [string, string] | undefined {
  const primary = wanted.split("-")[0];
  return (
    said.find(([language]) => language.toLowerCase() === wanted) ??
    said.find(([language]) => language.toLowerCase() === primary) ??
    said.find(([language]) => language.toLowerCase().split("-")[0] === primary)
  );
}
