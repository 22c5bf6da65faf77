import type { Role, Session } from "../api/session";

/** What the views need to know of a person's rights. The server decides; this only hides. */
export type Right =
  | "read-statements"
  | "write-persons"
  | "read-credentials"
  | "write-credentials"
  | "read-people"
  | "invite-people"
  | "read-audit"
  | "rename-tenant"
  | "change-settings"
  | "set-smallest-group"
  | "set-tenant-audit";

const ALL: Right[] = [
  "read-statements",
  "write-persons",
  "read-credentials",
  "write-credentials",
  "read-people",
  "invite-people",
  "read-audit",
  "rename-tenant",
  "change-settings",
];

const RIGHTS: Record<Role, readonly Right[]> = {
  owner: [...ALL, "set-tenant-audit", "set-smallest-group"],
  administrator: ALL,
  analyst: ["read-statements"],
  auditor: ["read-credentials", "read-people", "read-audit"],
  viewer: [],
};

export function roleIn(session: Session, tenant: number): Role | undefined {
  return session.account?.roles.find((role) => role.tenant === tenant)?.role;
}

export function may(role: Role | undefined, right: Right): boolean {
  return role !== undefined && RIGHTS[role].includes(right);
}

/** The roles that have a right, for the page that says so. */
export function rolesWith(right: Right): Role[] {
  return (Object.keys(RIGHTS) as Role[]).filter((role) => RIGHTS[role].includes(right));
}
