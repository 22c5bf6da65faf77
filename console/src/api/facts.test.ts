import { expect, test } from "vitest";
import { isTotalWithheld, isWithheldAt, withheldOf, type Answer } from "./facts";

const ANSWER: Answer = {
  columns: [
    { name: "course", kind: "dimension" },
    { name: "statements", kind: "measure" },
    { name: "score", kind: "measure" },
  ] as Answer["columns"],
  rows: [
    ["a", 12, null],
    ["b", 9, null],
  ],
  totals: [21, null],
  group_count: 2,
  fact_count: 21,
  sequence: 21,
  withheld: { smallest_group: 5, rows: true, cells: [[1, 2]], totals: [1], fact_count: false },
};

test("a value that is withheld is told from one that there is not", () => {
  expect(isWithheldAt(ANSWER, 0, "score")).toBe(false);
  expect(isWithheldAt(ANSWER, 1, "score")).toBe(true);
  expect(isWithheldAt(ANSWER, 1, "statements")).toBe(false);
  expect(isWithheldAt({ ...ANSWER, withheld: undefined }, 1, "score")).toBe(false);
});

test("totals are numbered by measures, cells by columns", () => {
  expect(isTotalWithheld(ANSWER, "score")).toBe(true);
  expect(isTotalWithheld(ANSWER, "statements")).toBe(false);
});

test("an answer says what of it is withheld, and whether that is all", () => {
  expect(withheldOf(ANSWER)).toEqual({ leastLearners: 5, hasRows: true, hasFigures: true, isAll: false });
  const nothing = { ...ANSWER, rows: [], fact_count: 0, withheld: { smallest_group: 5, rows: true, cells: [], totals: [], fact_count: true } };
  expect(withheldOf(nothing)?.isAll).toBe(true);
  expect(withheldOf(undefined)).toBeUndefined();
  expect(withheldOf({ ...ANSWER, withheld: undefined })).toBeUndefined();
});
