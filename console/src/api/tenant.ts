import { queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";

/** What a tenant has stored. */
export function usageQuery(tenant: number) {
  return queryOptions({
    queryKey: ["usage", tenant],
    staleTime: 5_000,
    queryFn: ({ signal }) => take(api.GET("/tenants/{tenant}/usage", { params: { path: { tenant } }, signal })),
  });
}
