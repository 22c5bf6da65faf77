import { expect, test } from "vitest";
import { placeIn } from "../pages/course/video";
import { cohortName } from "../pages/retention/cohort-name";
import { levelOf } from "./heat-table";

test("shares are of seven levels, and only nothing is of the lowest", () => {
  expect([0, 0.1, 16, 18, 50, 84, 86, 100].map(levelOf)).toEqual([0, 1, 1, 2, 3, 5, 6, 6]);
});

test("a place in a video has hours only where there are some", () => {
  expect([0, 65, 600, 3_725].map(placeIn)).toEqual(["0:00", "1:05", "10:00", "1:02:05"]);
});

test("a cohort is named by its period, and a text that is none stays", () => {
  expect(cohortName("2024", "year")).toBe("2024");
  expect(cohortName("2024-Q1", "quarter")).toBe("2024-Q1");
  expect(cohortName("unknown", "month")).toBe("unknown");
});
