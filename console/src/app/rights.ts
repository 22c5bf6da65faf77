import type { Role, Session } from "../api/session";

/** What the views need to know of a person's rights. The server decides; this only hides. */
export type Right =
  // How many statements the tenant has; those who see a part of the learners do not see it.
  | "read-usage"
  | "read-statements"
  | "void-statements"
  // About all, the members of some groups, or oneself: the server answers as far as the role reaches.
  | "ask-questions"
  // To keep questions under a name; what a shared one says is changed by its owner and those who change settings.
  | "save-questions"
  // Not of the server: to see questions about several learners, and those about oneself.
  | "list-learners"
  | "see-own-record"
  | "read-persons"
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

const READING: Right[] = ["read-usage", "read-statements", "ask-questions", "save-questions", "list-learners", "read-persons"];

const ALL: Right[] = [
  ...READING,
  "void-statements",
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
  analyst: READING,
  advisor: ["ask-questions", "save-questions", "list-learners"],
  auditor: ["read-usage", "read-credentials", "read-people", "read-audit"],
  viewer: ["read-usage"],
  learner: ["ask-questions", "see-own-record"],
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

/** The identifier by which a learner asks about the own record: the mailbox of the account's address. */
export function ownIdentifier(session: Session): string | undefined {
  const email = session.account?.email;
  return email ? JSON.stringify({ mbox: `mailto:${email.toLowerCase()}` }) : undefined;
}
