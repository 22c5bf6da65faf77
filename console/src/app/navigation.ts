import {
  BookOpen,
  ChartLine,
  ChartNoAxesColumn,
  FileText,
  FolderTree,
  List,
  Plug,
  SlidersHorizontal,
  UserRound,
  UsersRound,
  type LucideIcon,
} from "lucide-react";
import type { Role } from "../api/session";
import { t } from "../text/text";
import { may, type Right } from "./rights";

export type PagePath =
  | "/t/$tenant/overview"
  | "/t/$tenant/statements"
  | "/t/$tenant/learner"
  | "/t/$tenant/learners"
  | "/t/$tenant/activities"
  | "/t/$tenant/explore"
  | "/t/$tenant/audit"
  | "/t/$tenant/sources"
  | "/t/$tenant/groups"
  | "/t/$tenant/people"
  | "/t/$tenant/settings";

export interface Place {
  readonly to: PagePath;
  readonly name: () => string;
  readonly icon: LucideIcon;
  readonly right?: Right;
  /** The key that opens it, after G. */
  readonly key: string;
  readonly group: "first" | "learning" | "record" | "manage";
}

const PLACES: readonly Place[] = [
  { to: "/t/$tenant/learner", name: () => t("nav.ownRecord"), icon: UserRound, right: "see-own-record", key: "l", group: "first" },
  { to: "/t/$tenant/overview", name: () => t("nav.overview"), icon: ChartNoAxesColumn, right: "ask-questions", key: "o", group: "first" },
  { to: "/t/$tenant/statements", name: () => t("nav.statements"), icon: List, right: "read-statements", key: "s", group: "first" },
  { to: "/t/$tenant/learners", name: () => t("nav.learners"), icon: UserRound, right: "list-learners", key: "l", group: "learning" },
  { to: "/t/$tenant/activities", name: () => t("nav.activities"), icon: BookOpen, right: "ask-questions", key: "a", group: "learning" },
  { to: "/t/$tenant/explore", name: () => t("nav.explore"), icon: ChartLine, right: "ask-questions", key: "e", group: "learning" },
  { to: "/t/$tenant/audit", name: () => t("nav.audit"), icon: FileText, right: "read-audit", key: "u", group: "record" },
  { to: "/t/$tenant/sources", name: () => t("nav.sources"), icon: Plug, right: "read-credentials", key: "c", group: "manage" },
  { to: "/t/$tenant/groups", name: () => t("nav.groups"), icon: FolderTree, right: "read-persons", key: "g", group: "manage" },
  { to: "/t/$tenant/people", name: () => t("nav.people"), icon: UsersRound, right: "read-people", key: "p", group: "manage" },
  { to: "/t/$tenant/settings", name: () => t("nav.settings"), icon: SlidersHorizontal, key: "t", group: "manage" },
];

/** The pages that a role opens. */
export function placesOf(role: Role | undefined): Place[] {
  return PLACES.filter((place) => (place.right ? may(role, place.right) : role !== undefined));
}

/** The page that a role opens first. */
export function homeOf(role: Role | undefined): PagePath {
  return placesOf(role)[0]?.to ?? "/t/$tenant/settings";
}
