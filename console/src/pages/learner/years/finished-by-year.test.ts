import { expect, test } from "vitest";
import { finishedByYear } from "./finished-by-year";

test("what was completed and passed counts once, in the year when it was first", () => {
  const years = finishedByYear([
    { id: "a", time: "2026-03-01T10:00:00Z" },
    { id: "a", time: "2025-06-01T10:00:00Z" },
    { id: "b", time: "2026-05-01T10:00:00Z" },
  ]);
  expect([...years].toSorted()).toEqual([
    ["2025", 1],
    ["2026", 1],
  ]);
});
