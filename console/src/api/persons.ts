import { queryOptions } from "@tanstack/react-query";
import { api, take, type Schemas } from "./client";

export type Person = Schemas["JoinedPerson"];
export type Identifier = Schemas["Agent"];

/** An identifier as the facts write it, without the name of the agent: texts that are alike are one. */
export function identifierKey(agent: unknown): string {
  const { mbox, mbox_sha1sum, openid, account } = (agent ?? {}) as Record<string, unknown>;
  if (typeof account === "object" && account !== null) {
    const { homePage, name } = account as Record<string, unknown>;
    return JSON.stringify(["account", homePage, name]);
  }
  return JSON.stringify([mbox, mbox_sha1sum, openid].map((value) => value ?? null));
}

/** The text by which a person with an identifier is found. */
function searchOf(agent: unknown): string {
  const { mbox, mbox_sha1sum, openid, account } = (agent ?? {}) as Record<string, unknown>;
  const name = typeof account === "object" && account !== null ? (account as Record<string, unknown>).name : undefined;
  const found = name ?? (typeof mbox === "string" ? mbox.replace(/^mailto:/u, "") : (mbox_sha1sum ?? openid));
  return typeof found === "string" ? found.slice(0, 200) : "";
}

/** The most persons that are looked through for one with an identifier. */
const PERSONS_MAX = 200;

/** The person that one of these identifiers was joined to, or null if they are of nobody. */
export function personQuery(tenant: number, identifiers: readonly unknown[]) {
  return queryOptions({
    queryKey: ["person", tenant, identifiers],
    enabled: identifiers.length > 0,
    retry: false,
    queryFn: async ({ signal }) => {
      const wanted = new Set(identifiers.map(identifierKey));
      for (const identifier of identifiers.slice(0, 3)) {
        const query = { search: searchOf(identifier), limit: PERSONS_MAX };
        const page = await take(api.GET("/tenants/{tenant}/persons", { params: { path: { tenant }, query }, signal }));
        const found = page.items.find((person) => person.identifiers.some((known) => wanted.has(identifierKey(known))));
        if (found) return found;
      }
      return null;
    },
  });
}

/** The names of attributes that persons have, as far as the first of them show. */
export function attributesQuery(tenant: number) {
  return queryOptions({
    queryKey: ["person-attributes", tenant],
    staleTime: 60_000,
    retry: false,
    queryFn: async ({ signal }) => {
      const query = { limit: PERSONS_MAX };
      const page = await take(api.GET("/tenants/{tenant}/persons", { params: { path: { tenant }, query }, signal }));
      return [...new Set(page.items.flatMap((person) => Object.keys(person.attributes)))].toSorted();
    },
  });
}
