import { expect, test } from "vitest";
import { periodOf } from "./period";
import { figuresQuestion } from "./questions";

const NOW = new Date(2026, 2, 12, 14);

test("one question has the figures of a period and of the one before it", () => {
  const question = figuresQuestion(periodOf("7d", NOW));
  expect(question.measures.map((measure) => measure.name)).toEqual([
    "statements",
    "learners",
    "finished",
    "score",
    "statements_before",
    "learners_before",
    "finished_before",
    "score_before",
  ]);
  const own = { field: "timestamp", from: "2026-03-06", to: "2026-03-13" };
  const before = { field: "timestamp", from: "2026-02-27", to: "2026-03-06" };
  expect(question.where).toEqual({ or: [own, before] });
  expect(question.measures[0]?.where).toEqual(own);
  expect(question.measures[4]?.where).toEqual(before);
  // What a measure is of stays a condition of it.
  expect(question.measures[2]?.where?.and?.[1]).toEqual(own);
});

test("everything has no period before", () => {
  const question = figuresQuestion(periodOf("all", NOW));
  expect(question.measures).toHaveLength(4);
  expect(question.where).toBeUndefined();
});
