import { expect, test } from "vitest";
import { labelled, ticks } from "../../parts/scale";
import { readPeriod } from "../../app/search";
import { all, isRunning, periodOf, within, withinBefore } from "./period";

const NOW = new Date(2026, 2, 12, 14, 7);

test("a period ends with today and is compared with as many days before", () => {
  const period = periodOf("7d", NOW);
  expect(period).toMatchObject({ from: "2026-03-06", to: "2026-03-13", before: ["2026-02-27", "2026-03-06"], shift: 7, unit: "day" });
  expect(period.steps).toHaveLength(7);
  expect(within(period)).toEqual({ field: "timestamp", from: "2026-03-06", to: "2026-03-13" });
  expect(withinBefore(period)).toEqual({ field: "timestamp", from: "2026-02-27", to: "2026-03-06" });
});

test("weekdays of the period before meet those of the period", () => {
  const period = periodOf("30d", NOW);
  expect(period).toMatchObject({ from: "2026-02-11", before: ["2026-01-07", "2026-02-06"], shift: 35 });
  expect(new Date("2026-01-07T12:00").getDay()).toBe(new Date("2026-02-11T12:00").getDay());
});

test("a year is divided into weeks from Monday", () => {
  const period = periodOf("365d", NOW);
  expect(period.unit).toBe("week");
  for (const step of period.steps) expect(new Date(`${step}T12:00`).getDay()).toBe(1);
  expect(period.steps.length).toBe(53);
});

test("everything has no beginning and nothing before it", () => {
  const period = periodOf("all", NOW);
  expect(within(period)).toBeUndefined();
  expect(withinBefore(period)).toBeUndefined();
  expect(all(undefined, { field: "verb", is: "x" })).toEqual({ field: "verb", is: "x" });
  expect(all(undefined)).toBeUndefined();
});

test("days of one's own are a period too, and a text that is none is dropped", () => {
  expect(periodOf("2026-01-01..2026-01-31", NOW)).toMatchObject({ from: "2026-01-01", to: "2026-02-01", shift: 35, unit: "day" });
  expect(periodOf("2026-01-01..2026-01-31", NOW).steps).toHaveLength(31);
  expect(periodOf("2020-01-01..2026-01-31", NOW)).toMatchObject({ from: "2020-01-01", unit: "month", steps: [], shift: 0 });
  expect(isRunning(periodOf("2026-01-01..2026-01-31", NOW), NOW)).toBe(false);
  expect(isRunning(periodOf("7d", NOW), NOW)).toBe(true);
  expect(readPeriod({ period: "2026-01-01..2026-01-31" }).period).toBe("2026-01-01..2026-01-31");
  for (const period of ["2026-02-30..2026-03-01", "2026-03-01..2026-02-01", "2026-01-01", "x..y", 7]) {
    expect(readPeriod({ period }).period).toBeUndefined();
  }
});

test("axes have round steps from zero", () => {
  expect(ticks(24_000)).toEqual([0, 10_000, 20_000, 30_000]);
  expect(ticks(7)).toEqual([0, 2, 4, 6, 8]);
  expect(ticks(0)).toEqual([0, 1]);
  expect(ticks(0.9).at(-1)).toBeGreaterThanOrEqual(0.9);
  expect(labelled(30, 8)).toEqual([0, 4, 8, 12, 16, 20, 24, 28]);
});
