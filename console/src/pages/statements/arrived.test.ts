import { expect, test } from "vitest";
import type { Entry } from "../../statement/types";
import { arrive, NOTHING_ARRIVED, ROWS_MAX, type Arrived, type Rows } from "./arrived";

/** Statements with numbers from `last` down to `first`, as the newest comes first. */
function entries(first: number, last: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const number = last - index;
    return { id: String(number), stored: `2026-03-01T00:00:00.${String(number).padStart(6, "0")}Z`, statement: {} };
  });
}

function batch(first: number, last: number, count = last - first + 1): { kind: "batch"; batch: Rows } {
  const kept = entries(first, last);
  return { kind: "batch", batch: { entries: kept, count, cut: count > kept.length ? kept.at(-1)?.stored : undefined } };
}

function ids(rows: Rows): string[] {
  return rows.entries.map((entry) => entry.id);
}

test("what comes is shown, newest first, and waits during a pause", () => {
  let state = arrive(NOTHING_ARRIVED, batch(1, 2));
  state = arrive(state, { kind: "pause", at: new Date(0) });
  state = arrive(state, batch(3, 4));
  expect(ids(state.fresh)).toEqual(["2", "1"]);
  expect(state.waiting.count).toBe(2);
  state = arrive(state, { kind: "show" });
  expect(ids(state.fresh)).toEqual(["4", "3", "2", "1"]);
  expect(state.pausedAt).toEqual(new Date(0));
  state = arrive(state, { kind: "resume" });
  expect(state.pausedAt).toBeUndefined();
  expect(state.fresh.count).toBe(4);
});

test("only the newest rows are kept, and it is said where they end", () => {
  let state: Arrived = NOTHING_ARRIVED;
  for (let first = 1; first <= 2_000; first += 250) state = arrive(state, batch(first, first + 249));
  expect(state.fresh.entries).toHaveLength(ROWS_MAX);
  expect(state.fresh.count).toBe(2_000);
  expect(state.fresh.cut).toBe(state.fresh.entries.at(-1)?.stored);
  expect(state.fresh.entries.at(-1)?.id).toBe(String(2_000 - ROWS_MAX + 1));
});

test("rows beyond a gap are not shown as if they followed", () => {
  let state = arrive(NOTHING_ARRIVED, batch(1, 10));
  state = arrive(state, batch(901, 1_000, 990));
  expect(state.fresh.entries).toHaveLength(100);
  expect(state.fresh).toMatchObject({ count: 1_000, cut: entries(901, 901)[0]?.stored });
});

test("what was missed before the stream was open stands where it belongs, once", () => {
  let state = arrive(NOTHING_ARRIVED, batch(5, 6));
  state = arrive(state, { kind: "missed", entries: entries(3, 7), isCut: false });
  expect(ids(state.fresh)).toEqual(["7", "6", "5", "4", "3"]);
  state = arrive(state, batch(7, 8));
  expect(ids(state.fresh)).toEqual(["8", "7", "6", "5", "4", "3"]);
  expect(state.fresh).toMatchObject({ count: 6, cut: undefined });
});

test("another list begins with nothing, and stays paused", () => {
  const paused = arrive(arrive(NOTHING_ARRIVED, { kind: "pause", at: new Date(0) }), batch(1, 2));
  expect(arrive(paused, { kind: "clear" })).toEqual({ ...NOTHING_ARRIVED, pausedAt: new Date(0) });
});
