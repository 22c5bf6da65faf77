import { queryOptions } from "@tanstack/react-query";
import { api, take, type Schemas } from "./client";

export type Credential = Schemas["Credential"];
export type Scope = Schemas["ScopeName"];

/** Every credential of a tenant. */
export function credentialsQuery(tenant: number, isAllowed = true) {
  return queryOptions({
    queryKey: ["credentials", tenant],
    enabled: isAllowed,
    staleTime: 15_000,
    queryFn: async ({ signal }) => {
      const credentials: Credential[] = [];
      let cursor: string | undefined;
      do {
        const page = await take(
          api.GET("/tenants/{tenant}/credentials", {
            params: { path: { tenant }, query: { limit: 200, cursor } },
            signal,
          }),
        );
        credentials.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor && credentials.length < 5_000);
      return credentials;
    },
  });
}
