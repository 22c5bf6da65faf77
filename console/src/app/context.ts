import { useSuspenseQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { sessionQuery, tenantsQuery, type Role, type Session } from "../api/session";
import { may, roleIn, type Right } from "./rights";

/** Who looks, at which tenant, and what they may do there. */
export interface Viewer {
  readonly session: Session;
  readonly tenant: number;
  readonly tenantName: string;
  readonly role: Role | undefined;
  readonly may: (right: Right) => boolean;
}

export function useViewer(): Viewer {
  const params = useParams({ strict: false });
  const tenant = Number(params.tenant ?? 0);
  const { data: session } = useSuspenseQuery(sessionQuery);
  const { data: tenants } = useSuspenseQuery(tenantsQuery);
  const role = roleIn(session, tenant);
  return {
    session,
    tenant,
    tenantName: tenants.find((known) => known.id === tenant)?.name ?? String(tenant),
    role,
    may: (right) => may(role, right),
  };
}
