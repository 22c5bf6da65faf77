import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";

/** The most people and invitations that are read. */
const ITEMS_MAX = 5_000;

interface Page<T> {
  items: T[];
  next?: string | null;
}

async function everyPage<T>(read: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor && all.length < ITEMS_MAX);
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
