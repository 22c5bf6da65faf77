import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, take, takeWithHead, type Schemas } from "../../api/client";

/** The ways to change credentials of a tenant; each refreshes the list. */
export function useCredentialChanges(tenant: number) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["credentials", tenant] });
  const create = useMutation({
    mutationFn: (body: Schemas["NewCredential"]) =>
      take(
        api.POST("/tenants/{tenant}/credentials", {
          params: { path: { tenant }, header: { "Idempotency-Key": crypto.randomUUID() } },
          body,
        }),
      ),
    onSuccess: refresh,
  });
  const change = useMutation({
    mutationFn: async ({ key, body }: { key: string; body: Schemas["CredentialChange"] }) => {
      const path = { tenant, key };
      const { response } = await takeWithHead(api.GET("/tenants/{tenant}/credentials/{key}", { params: { path } }));
      const version = response.headers.get("ETag") ?? "*";
      return take(
        api.PATCH("/tenants/{tenant}/credentials/{key}", { params: { path, header: { "If-Match": version } }, body }),
      );
    },
    onSuccess: refresh,
  });
  const rotate = useMutation({
    mutationFn: ({ key, overlap }: { key: string; overlap: number }) =>
      take(
        api.POST("/tenants/{tenant}/credentials/{key}/rotate", {
          params: { path: { tenant, key } },
          body: { overlap_seconds: overlap },
        }),
      ),
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: (key: string) =>
      take(api.DELETE("/tenants/{tenant}/credentials/{key}", { params: { path: { tenant, key } } })),
    onSuccess: refresh,
  });
  return { create, change, rotate, remove };
}
