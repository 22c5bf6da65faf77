import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, take, takeWithHead, type Schemas } from "../../api/client";
import type { Identifier } from "../../api/persons";
import type { Part } from "./csv";
import type { Period } from "./periods";

export type Member = Schemas["GroupMember"];
export type Imported = Schemas["GroupImport"];

/** Members of one page of the list. */
const PAGE_ROWS = 50;

/** Those who are, were or will be members of a group itself. */
export function membersQuery(tenant: number, group: string) {
  return infiniteQueryOptions({
    queryKey: ["group-members", tenant, group],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET("/tenants/{tenant}/groups/{group}/members", {
          params: { path: { tenant, group }, query: { limit: PAGE_ROWS, cursor: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** The ways to change the groups of a tenant; each refreshes what it changes. */
export function useGroupChanges(tenant: number) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["groups", tenant] });
  const create = useMutation({
    mutationFn: (body: Schemas["NewPersonGroup"]) =>
      take(api.POST("/tenants/{tenant}/groups", { params: { path: { tenant }, header: { "Idempotency-Key": crypto.randomUUID() } }, body })),
    onSuccess: refresh,
  });
  const change = useMutation({
    mutationFn: async ({ group, body }: { group: string; body: Schemas["PersonGroupChange"] }) => {
      const path = { tenant, group };
      const { response } = await takeWithHead(api.GET("/tenants/{tenant}/groups/{group}", { params: { path } }));
      const version = response.headers.get("ETag") ?? "*";
      return take(api.PATCH("/tenants/{tenant}/groups/{group}", { params: { path, header: { "If-Match": version } }, body }));
    },
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (group: string) => take(api.DELETE("/tenants/{tenant}/groups/{group}", { params: { path: { tenant, group } } })),
    onSuccess: refresh,
  });
  return { create, change, remove };
}

/** The ways to change who is a member of a group. */
export function useMemberChanges(tenant: number, group: string) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["group-members", tenant, group] });
  const add = useMutation({
    mutationFn: ({ agent, periods }: { agent: Identifier; periods: Period[] }) =>
      take(api.POST("/tenants/{tenant}/groups/{group}/members", { params: { path: { tenant, group } }, body: { agent, periods } })),
    onSuccess: refresh,
  });
  const set = useMutation({
    mutationFn: ({ person, periods }: { person: string; periods: Period[] }) =>
      take(
        api.PUT("/tenants/{tenant}/groups/{group}/members/{person}", { params: { path: { tenant, group, person } }, body: { periods } }),
      ),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (person: string) =>
      take(api.DELETE("/tenants/{tenant}/groups/{group}/members/{person}", { params: { path: { tenant, group, person } } })),
    onSuccess: refresh,
  });
  return { add, set, remove };
}

const COUNTS = ["rows", "groups_created", "persons_created", "changed", "unchanged"] as const;

/**
 * Imports the parts of a file one after another, or only checks them.
 *
 * @throws {ApiError} with the faults of the first part that has some.
 */
export async function importParts(tenant: number, parts: readonly Part[], isDry: boolean, onProgress: (done: number) => void): Promise<Imported> {
  const total: Imported = { rows: 0, groups_created: 0, persons_created: 0, changed: 0, unchanged: 0 };
  for (const [index, part] of parts.entries()) {
    const done = await take(
      api.POST("/tenants/{tenant}/groups/import", {
        params: { path: { tenant }, query: { dry_run: isDry, lines_before: part.linesBefore } },
        headers: { "Content-Type": "text/csv" },
        body: part.text,
        bodySerializer: (text: string) => text,
      }),
    );
    for (const name of COUNTS) total[name] += done[name];
    onProgress(index + 1);
  }
  return total;
}

/** All groups with their members, as a file that an import takes. */
export async function exportGroups(tenant: number): Promise<string> {
  return String(await take(api.GET("/tenants/{tenant}/groups/export", { params: { path: { tenant } }, parseAs: "text" })));
}
