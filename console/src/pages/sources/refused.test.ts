import { expect, test } from "vitest";
import type { Refusal, Refusals } from "../../api/credentials";
import { isSilent, reasonOf, refusedIn, restrictionOf } from "./refused";

function refusal(last: string, count: number): Refusal {
  return {
    count,
    first: "2026-03-01T00:00:00.000000Z",
    last,
    request_id: "1",
    method: "POST",
    route: "statements",
    status: 400,
    type: "urn:acta:problem:faults",
    scopes: [],
    restriction: null,
    faults: [],
  };
}

function refusals(...all: Refusal[]): Refusals {
  return { last_used: null, silent_seconds: null, since: "2026-03-01T00:00:00.000000Z", refusals: all };
}

test("refused requests are counted, with the time of the last one", () => {
  const [older, newer] = ["2026-03-02T08:00:00.000000Z", "2026-03-02T09:00:00.000000Z"];
  expect(refusedIn(refusals(refusal(newer, 3), refusal(older, 4)))).toEqual({ count: 7, last: newer });
  expect(refusedIn(refusals(refusal(older, 1), refusal(newer, 1)))?.last).toBe(newer);
  expect(refusedIn(refusals())).toBeUndefined();
  expect(refusedIn(undefined)).toBeUndefined();
});

test("a source that was used today is not silent, whatever it has sent", () => {
  const now = Date.parse("2026-03-02T12:00:00Z");
  const used = (last_used: string | null, is_silent: boolean) => isSilent({ last_used }, { is_silent }, now);
  expect(used("2026-03-01T08:00:00Z", true)).toBe(true);
  expect(used(null, true)).toBe(true);
  expect(used("2026-03-02T08:00:00Z", true)).toBe(false);
  expect(used("2026-03-01T08:00:00Z", false)).toBe(false);
  expect(isSilent({ last_used: null }, undefined, now)).toBe(false);
});

test("a problem that is not known is explained as another one", () => {
  expect(reasonOf({ type: "urn:acta:problem:too-large" })).toBe("too-large");
  expect(reasonOf({ type: "urn:acta:problem:of-tomorrow" })).toBe("other");
  expect(reasonOf({ type: "" })).toBe("other");
});

test("a restriction is explained if it is known", () => {
  expect(restrictionOf({ restriction: "activity-prefix" })).toBe("restriction.activity-prefix");
  expect(restrictionOf({ restriction: "of-tomorrow" })).toBeUndefined();
  expect(restrictionOf({ restriction: null })).toBeUndefined();
});
