import { queryOptions } from "@tanstack/react-query";
import { api, take, type Schemas } from "./client";

export type Credential = Schemas["Credential"];
export type Scope = Schemas["ScopeName"];
export type Refusals = Schemas["Refusals"];
export type Refusal = Schemas["Refusal"];

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

/** Why the last requests of a credential were refused, and when it was last used; it is kept up to date. */
export function refusalsQuery(tenant: number, key: string) {
  return queryOptions({
    queryKey: ["refusals", tenant, key],
    refetchInterval: 15_000,
    queryFn: ({ signal }) => readRefusals(tenant, key, signal),
  });
}

function readRefusals(tenant: number, key: string, signal: AbortSignal): Promise<Refusals> {
  return take(api.GET("/tenants/{tenant}/credentials/{key}/refusals", { params: { path: { tenant, key } }, signal }));
}

/** Of how many credentials of a list the refusals are read, and how many at the same time. */
const READ_MAX = 60;
const READ_AT_ONCE = 4;

/** The refusals of the credentials of a list, by their keys; those that cannot be read are left out. */
export function allRefusalsQuery(tenant: number, keys: readonly string[]) {
  return queryOptions({
    queryKey: ["refusals-of-all", tenant, keys],
    enabled: keys.length > 0,
    // What could not be read is read again soon.
    refetchInterval: ({ state }: { state: { data?: ReadonlyMap<string, Refusals> } }) =>
      state.data && state.data.size < Math.min(keys.length, READ_MAX) ? 5_000 : 30_000,
    queryFn: async ({ signal }) => {
      const found = new Map<string, Refusals>();
      const waiting = keys.slice(0, READ_MAX);
      const work = async () => {
        for (let key = waiting.shift(); key !== undefined && !signal.aborted; key = waiting.shift()) {
          const refusals = await readRefusals(tenant, key, signal).catch(() => undefined);
          if (refusals) found.set(key, refusals);
        }
      };
      await Promise.all(Array.from({ length: READ_AT_ONCE }, work));
      return found;
    },
  });
}
