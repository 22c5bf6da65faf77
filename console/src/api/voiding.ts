import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { textOf } from "../statement/types";
import { api, take } from "./client";
import { recordQuery } from "./statements";

/** How many pages of the audit are looked through for an entry. */
const PAGES_MAX = 20;

/** The id of the statement with which an administrator voided one, as the audit has it; null if it has none. */
export function voidingQuery(tenant: number, id: string, isWanted: boolean) {
  return queryOptions({
    queryKey: ["voiding", tenant, id],
    enabled: isWanted,
    staleTime: Infinity,
    retry: false,
    queryFn: async ({ signal }) => {
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page++) {
        const query = { act: "statement.voided", target: `statement:${id}`, limit: 1, cursor };
        const found = await take(api.GET("/tenants/{tenant}/audit", { params: { path: { tenant }, query }, signal }));
        const entry = found.items[0];
        if (entry) return textOf(entry.detail as Parameters<typeof textOf>[0], "voiding_statement") ?? null;
        if (!found.next) return null;
        cursor = found.next;
      }
      return null;
    },
  });
}

/** Voids a statement. What is shown of it knows this at once, before the facts do. */
export function useVoiding(tenant: number, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => take(api.POST("/tenants/{tenant}/statements/{id}/void", { params: { path: { tenant, id } }, body: { reason } })),
    onSuccess: (made) => {
      client.setQueryData(voidingQuery(tenant, id, true).queryKey, made.id);
      client.setQueryData(recordQuery(tenant, id, true).queryKey, (known) => known && { ...known, is_voided: true });
    },
  });
}
