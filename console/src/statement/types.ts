/**
 * A statement as it arrives: the sender's JSON. Nothing in it is trusted, and every part may be
 * missing or of another shape.
 */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** A statement of a list. */
export interface Entry {
  readonly id: string;
  /** When it was stored: an RFC 3339 time in UTC. */
  readonly stored: string;
  readonly statement: JsonObject;
  /** Whether it is known to be voided. */
  readonly isVoided?: boolean;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member of an object; undefined if `value` is none or does not have it. */
export function member(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function textOf(value: Json | undefined, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function numberOf(value: Json | undefined, name: string): number | undefined {
  const found = member(value, name);
  return typeof found === "number" ? found : undefined;
}

export function listOf(value: Json | undefined, name: string): Json[] {
  const found = member(value, name);
  if (Array.isArray(found)) return found;
  return isObject(found) ? [found] : [];
}

/** An entry of what the API sends; undefined for anything that is not a statement. */
export function toEntry(item: unknown): Entry | undefined {
  if (!isObject(item)) return undefined;
  const wrapped = member(item, "statement");
  const statement = isObject(wrapped) ? wrapped : item;
  const id = textOf(statement, "id");
  const stored = textOf(statement, "stored") ?? textOf(item, "stored");
  return id && stored ? { id, stored, statement } : undefined;
}
