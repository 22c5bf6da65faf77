import type { JsonObject } from "./types";

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What the server adds to a statement, and a client does not send. */
const ADDED = ["stored", "authority", "version"];

/** A command that sends a statement again, under a new id. */
export function curlOf(statement: JsonObject, endpoint: string): string {
  const kept = Object.entries(statement).filter(([name]) => !ADDED.includes(name) && name !== "id");
  const body = JSON.stringify(Object.fromEntries(kept));
  return [
    `curl -u KEY:SECRET ${shellWord(`${endpoint}/statements`)}`,
    "-H 'Content-Type: application/json'",
    "-H 'X-Experience-API-Version: 2.0.0'",
    `--data-raw ${shellWord(body)}`,
  ].join(" \\\n  ");
}

/** A command that asks a question about facts, with a credential that reads statements. */
export function questionCurl(tenant: number, question: unknown, origin: string): string {
  return askingCurl(`${origin}/api/v1/tenants/${tenant}/query`, question);
}

/** A command that finds statements by conditions, with a credential that reads statements. */
export function searchCurl(tenant: number, request: unknown, origin: string): string {
  return askingCurl(`${origin}/api/v1/tenants/${tenant}/statements`, request);
}

function askingCurl(address: string, body: unknown): string {
  return [`curl -u KEY:SECRET ${shellWord(address)}`, "-H 'Content-Type: application/json'", `--data-raw ${shellWord(JSON.stringify(body))}`].join(" \\\n  ");
}
