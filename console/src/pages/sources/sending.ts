import { api, take } from "../../api/client";
import type { Credential } from "../../api/credentials";
import { ApiError, problemOf } from "../../api/problem";
import type { JsonObject } from "../../statement/types";

/** A statement that says that it is a test. */
export function testStatement(credential: Pick<Credential, "label" | "activity_prefixes">): JsonObject {
  const base = credential.activity_prefixes[0] ?? `${window.location.origin}/`;
  return {
    id: crypto.randomUUID(),
    actor: { name: "Acta", account: { homePage: window.location.origin, name: "console-test" } },
    verb: { id: "http://adlnet.gov/expapi/verbs/launched", display: { en: "launched", de: "hat gestartet" } },
    object: {
      id: `${base}acta-test`,
      definition: { name: { en: `Test of ${credential.label}`, de: `Test von ${credential.label}` } },
    },
    timestamp: new Date().toISOString(),
  };
}

/**
 * A token of the credential for one test, for when the secret is not at hand.
 *
 * @throws {ApiError} if the credential cannot write, or the person may not use it.
 */
export async function tokenFor(tenant: number, key: string): Promise<string> {
  const issued = await take(
    api.POST("/tenants/{tenant}/credentials/{key}/tokens", {
      params: { path: { tenant, key } },
      body: {
        agent: { account: { homePage: window.location.origin, name: "console-test" } },
        scopes: ["statements/write"],
        lifetime_seconds: 60,
      },
    }),
  );
  return `Bearer ${issued.token}`;
}

/**
 * Sends a statement as the source would send it.
 *
 * @throws {ApiError} with the faults that the server has found.
 */
export async function send(statement: JsonObject, authorization: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch("/xapi/statements", {
      method: "POST",
      credentials: "omit",
      headers: {
        Authorization: authorization,
        "Content-Type": "application/json",
        "X-Experience-API-Version": "2.0.0",
      },
      body: JSON.stringify(statement),
    });
  } catch {
    throw new ApiError(0, undefined, undefined);
  }
  if (!response.ok) {
    const body: unknown = await response.json().catch(() => undefined);
    throw new ApiError(response.status, problemOf(body), undefined);
  }
}
