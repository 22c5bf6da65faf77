import { expect, test } from "vitest";
import type { Role, Session } from "../api/session";
import { homeOf, placesOf } from "./navigation";
import { may, ownIdentifier, rolesWith } from "./rights";

const ROLES: readonly Role[] = ["owner", "administrator", "analyst", "advisor", "auditor", "viewer", "learner"];

function pagesOf(role: Role | undefined): string[] {
  return placesOf(role).map((place) => place.to.replace("/t/$tenant/", ""));
}

test("advisors and learners open the pages that ask questions, and none with statements", () => {
  expect(pagesOf("analyst")).toEqual(["overview", "statements", "learners", "activities", "explore", "groups", "settings"]);
  expect(pagesOf("advisor")).toEqual(["overview", "learners", "activities", "explore", "settings"]);
  expect(pagesOf("learner")).toEqual(["learner", "overview", "activities", "explore", "settings"]);
  expect(pagesOf("auditor")).toEqual(["audit", "sources", "people", "settings"]);
  expect(pagesOf("viewer")).toEqual(["settings"]);
  expect(pagesOf(undefined)).toEqual([]);
});

test("a role opens first the page that it is for", () => {
  const homes = ROLES.map((role) => homeOf(role).replace("/t/$tenant/", ""));
  expect(homes).toEqual(["overview", "overview", "overview", "overview", "audit", "settings", "learner"]);
  expect(homeOf(undefined)).toBe("/t/$tenant/settings");
});

test("no key opens two pages of a role", () => {
  for (const role of ROLES) {
    const keys = placesOf(role).map((place) => place.key);
    expect(new Set(keys).size, role).toBe(keys.length);
  }
});

test("a right names the roles that have it", () => {
  expect(rolesWith("ask-questions")).toEqual(["owner", "administrator", "analyst", "advisor", "learner"]);
  expect(rolesWith("save-questions")).toEqual(["owner", "administrator", "analyst", "advisor"]);
  expect(rolesWith("read-usage")).toEqual(["owner", "administrator", "analyst", "auditor", "viewer"]);
  expect(rolesWith("void-statements")).toEqual(["owner", "administrator"]);
  expect(rolesWith("read-persons")).toEqual(["owner", "administrator", "analyst"]);
  expect(may(undefined, "ask-questions")).toBe(false);
});

test("a learner is asked about by the mailbox of the account's address, in lower case", () => {
  const session: Session = {
    who: "account:6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    is_strong: false,
    account: {
      id: "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
      email: "Ada@Example.org",
      display_name: "Ada",
      is_operator: false,
      is_disabled: false,
      has_password: true,
      has_second_factor: false,
      created: "2026-03-01T09:30:00Z",
      roles: [],
    },
  };
  expect(ownIdentifier(session)).toBe('{"mbox":"mailto:ada@example.org"}');
  expect(ownIdentifier({ ...session, account: null })).toBeUndefined();
});
