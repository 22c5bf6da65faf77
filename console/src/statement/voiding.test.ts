import { expect, test } from "vitest";
import { isVoiding, voidedBy, VOIDED } from "./voiding";

const VOIDING = {
  actor: { objectType: "Agent", name: "Ada", account: { homePage: "https://acta.example", name: "account:1" } },
  verb: { id: VOIDED },
  object: { objectType: "StatementRef", id: "6690e6c9-3ef0-4ed3-8b37-7f3964730bee" },
  result: { response: "Sent twice" },
  stored: "2026-11-30T10:00:00.000000Z",
};

test("a voiding statement says who voided, when and why", () => {
  expect(voidedBy(VOIDING)).toEqual({ who: "Ada", when: VOIDING.stored, why: "Sent twice" });
  const { result: _result, ...silent } = VOIDING;
  expect(voidedBy({ ...silent, actor: { mbox: "mailto:lms@example.org" } })).toEqual({ who: "lms@example.org", when: VOIDING.stored, why: undefined });
  expect(voidedBy({})).toEqual({ who: "?", when: undefined, why: undefined });
});

test("only a statement that voids another one cannot be voided", () => {
  expect(isVoiding(VOIDING)).toBe(true);
  expect(isVoiding({ ...VOIDING, object: { id: "https://example.org/activity" } })).toBe(false);
  expect(isVoiding({ ...VOIDING, verb: { id: "http://adlnet.gov/expapi/verbs/completed" } })).toBe(false);
  expect(isVoiding({})).toBe(false);
});
