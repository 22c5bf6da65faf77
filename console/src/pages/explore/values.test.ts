import { expect, test, vi } from "vitest";
import type { Answer } from "../../api/facts";
import { csvRowsOf } from "../../parts/chart-sheet";
import { readBuilt } from "./question";
import { barsOf, seriesOf, tableOf } from "./values";

vi.stubGlobal("navigator", { languages: ["en-GB"] });

const built = readBuilt({ by: "timestamp:day", m: "count,rate:success" });

const ANSWER: Answer = {
  columns: ["by", "count", "rate:success"].map((name, index) => ({ name, kind: index === 0 ? "dimension" : "measure" })) as Answer["columns"],
  rows: [
    ["2026-03-10", 12, 0.5],
    ["2026-03-11", 4, null],
    ["2026-03-12", 7, 1],
  ],
  group_count: 3,
  fact_count: 23,
  sequence: 23,
  incomplete: [2],
  withheld: { smallest_group: 5, rows: false, cells: [[1, 2]], totals: [], fact_count: false },
};

test("bars say which period is not whole, and which value is withheld", () => {
  expect(barsOf(built, ANSWER, "rate:success").map((bar) => [bar.value, bar.isRunning, bar.isWithheld])).toEqual([
    [0.5, false, false],
    [0, false, true],
    [1, true, false],
  ]);
});

test("a line has a gap where a value is withheld, and knows which places are not whole", () => {
  const names = barsOf(built, ANSWER, "count").map((bar) => bar.name);
  const [, rate] = seriesOf(built, ANSWER, names);
  expect(rate?.values).toEqual([0.5, undefined, 1]);
  expect(rate?.partial).toEqual([false, false, true]);
});

test("a file says what is withheld, and leaves empty what there is not", () => {
  const rows = csvRowsOf(tableOf(built, { ...ANSWER, rows: [...ANSWER.rows.slice(0, 2), ["2026-03-12", 7, null]] }, "file"));
  expect(rows[1]?.[0]).toBe("2026-03-10");
  expect(rows[2]?.[2]).toBe("withheld");
  expect(rows[3]?.[2]).toBeNull();
});
