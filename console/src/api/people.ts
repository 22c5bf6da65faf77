import { queryOptions } from "@tanstack/react-query";
import { api, take, type Schemas } from "./client";

export type Person = Schemas["Person"];
export type PersonGroup = Schemas["PersonGroup"];

/** The most people and invitations that are read. */
const ITEMS_MAX = 5_000;

/** The most groups that a tenant has. */
const GROUPS_MAX = 20_000;

interface Page<T> {
  items: T[];
  next?: string | null;
}

/** The items of every page of a list. */
export async function everyPage<T>(read: (cursor: string | undefined) => Promise<Page<T>>, itemsMax = ITEMS_MAX): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && all.length < itemsMax);
  return all;
}

/** Everybody with a role in a tenant. */
export function peopleQuery(tenant: number) {
  return queryOptions({
    queryKey: ["people", tenant],
    queryFn: ({ signal }) =>
      everyPage((cursor) =>
        take(api.GET("/tenants/{tenant}/people", { params: { path: { tenant }, query: { limit: 200, cursor } }, signal })),
      ),
  });
}

/** Invitations that were not accepted yet. */
export function invitationsQuery(tenant: number) {
  return queryOptions({
    queryKey: ["invitations", tenant],
    queryFn: ({ signal }) =>
      everyPage((cursor) =>
        take(api.GET("/tenants/{tenant}/invitations", { params: { path: { tenant }, query: { limit: 200, cursor } }, signal })),
      ),
  });
}

/** The groups of learners, for those who may read persons. */
export function groupsQuery(tenant: number) {
  return queryOptions({
    queryKey: ["groups", tenant],
    queryFn: ({ signal }) =>
      everyPage(
        (cursor) => take(api.GET("/tenants/{tenant}/groups", { params: { path: { tenant }, query: { limit: 200, cursor } }, signal })),
        GROUPS_MAX,
      ),
  });
}
