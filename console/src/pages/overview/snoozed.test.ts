import { expect, test } from "vitest";
import { readSnoozed } from "./snoozed";

test("what was put off counts until its time, and a text that is none counts for nothing", () => {
  expect(readSnoozed('{"a":200,"b":50,"c":"later"}', 100)).toEqual({ a: 200 });
  for (const text of [null, "", "[", "7", "null"]) expect(readSnoozed(text, 100)).toEqual({});
});
