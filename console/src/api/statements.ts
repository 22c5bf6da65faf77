import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { StatementSearch } from "../app/search";
import { isObject, toEntry, type Entry, type JsonObject } from "../statement/types";
import { api, take, type Schemas } from "./client";

/** Rows of one page of a list. */
const PAGE_ROWS = 60;

/** The filters of a search, as the API takes them. */
export function filterOf(search: StatementSearch) {
  const instant = (text: string | undefined) => {
    const time = text ? new Date(text) : undefined;
    return time && !Number.isNaN(time.getTime()) ? time.toISOString() : text;
  };
  return {
    verb: search.verb,
    activity: search.activity,
    related_activities: search.activity && search.related ? true : undefined,
    agent: search.agent,
    registration: search.registration,
    since: instant(search.since),
    until: instant(search.until),
  };
}

export type StatementFilter = ReturnType<typeof filterOf>;

/** The address of the stream of what matches a filter. */
export function streamOf(tenant: number, filter: StatementFilter): string {
  // A stream has no times: it is of what is stored from now on.
  const { since: _since, until: _until, ...wanted } = filter;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) query.set(name, String(value));
  return `/api/v1/tenants/${tenant}/stream/statements?${query.toString()}`;
}

export interface StatementPage {
  readonly entries: Entry[];
  readonly next: string | undefined;
}

interface PageParams extends StatementFilter {
  limit?: number;
  cursor?: string;
  ascending?: boolean;
}

export async function readPage(tenant: number, query: PageParams, signal?: AbortSignal): Promise<StatementPage> {
  const page = await take(api.GET("/tenants/{tenant}/statements", { params: { path: { tenant }, query }, signal }));
  return {
    entries: page.items.map(toEntry).filter((entry) => entry !== undefined),
    next: page.next ?? undefined,
  };
}

/** The statements of a search, newest first, page by page. */
export function statementsQuery(tenant: number, filter: StatementFilter) {
  return infiniteQueryOptions({
    queryKey: ["statements", tenant, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => readPage(tenant, { ...filter, limit: PAGE_ROWS, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.next,
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

export type FoundStatement = Schemas["FoundStatement"];
export type FoundPage = Schemas["FoundStatements"];
/** What is asked of the search for statements; pages are asked for by their cursor. */
export type SearchRequest = Omit<Schemas["StatementsRequest"], "cursor" | "limit">;

/** A page of the statements that conditions find. */
export function searchPage(tenant: number, request: SearchRequest, page: { limit: number; cursor?: string }, signal?: AbortSignal): Promise<FoundPage> {
  return take(api.POST("/tenants/{tenant}/statements", { params: { path: { tenant } }, body: { ...request, ...page }, signal }));
}

/** The statements that conditions find, page by page. */
export function searchQuery(tenant: number, request: SearchRequest) {
  return infiniteQueryOptions({
    queryKey: ["statements-found", tenant, request],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => searchPage(tenant, request, { limit: PAGE_ROWS, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
  });
}

/** What the facts know of one statement: its number, and whether it is voided; null if they do not know it. */
export function recordQuery(tenant: number, id: string, isAllowed: boolean) {
  return queryOptions({
    queryKey: ["record", tenant, id],
    enabled: isAllowed,
    staleTime: 30_000,
    retry: false,
    queryFn: async ({ signal }) => {
      const page = await searchPage(tenant, { where: { field: "id", is: id }, with_voided: true }, { limit: 1 }, signal);
      return page.items[0] ?? null;
    },
  });
}

/** One statement as it is stored, with its bytes. */
export function statementQuery(tenant: number, id: string) {
  return queryOptions({
    queryKey: ["statement", tenant, id],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const path = { tenant, id };
      const text = await take(
        api.GET("/tenants/{tenant}/statements/{id}", { params: { path }, parseAs: "text", signal }),
      );
      const parsed: unknown = JSON.parse(String(text));
      const inner = isObject(parsed) && isObject(parsed.statement) ? parsed.statement : parsed;
      return { text: String(text), statement: (isObject(inner) ? inner : {}) satisfies JsonObject };
    },
  });
}

/** The attachments of a statement whose content is stored. */
export function attachmentsQuery(tenant: number, id: string) {
  return queryOptions({
    queryKey: ["attachments", tenant, id],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const path = { tenant, id };
      return (await take(api.GET("/tenants/{tenant}/statements/{id}/attachments", { params: { path }, signal }))).items;
    },
  });
}

/** Where the content of an attachment is. */
export function attachmentAddress(tenant: number, id: string, sha2: string): string {
  return `/api/v1/tenants/${tenant}/statements/${encodeURIComponent(id)}/attachments/${encodeURIComponent(sha2)}`;
}

/** What the same person did before a statement. */
export function beforeQuery(tenant: number, agent: string, until: string, id: string) {
  return queryOptions({
    queryKey: ["statements-before", tenant, agent, until],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const page = await readPage(tenant, { ...filterOf({ agent, until }), limit: 6 }, signal);
      return page.entries.filter((entry) => entry.id !== id).slice(0, 4);
    },
  });
}

/** The identifier of an agent or a group, as the API takes it in a filter. */
export function identifierOf(agent: unknown): string | undefined {
  if (!isObject(agent)) return undefined;
  for (const name of ["mbox", "mbox_sha1sum", "openid", "account"]) {
    if (agent[name] !== undefined) {
      const type = agent.objectType === "Group" ? { objectType: "Group" } : {};
      return JSON.stringify({ ...type, [name]: agent[name] });
    }
  }
  return undefined;
}
