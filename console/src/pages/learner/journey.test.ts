import { expect, test } from "vitest";
import type { Answer } from "../../api/facts";
import { attemptsOf, journeyOf, monthsOf, outcomesOf, reasonsOf, spansOf } from "./journey";

const HOUR = 3_600_000;
const VERBS = "http://adlnet.gov/expapi/verbs/";
const NOW = new Date("2026-03-20T12:00").getTime();

function answerOf(names: string[], rows: unknown[][]): Answer {
  return { columns: names.map((name) => ({ name, kind: "dimension" })), rows, labels: { object: { q: "Quiz" } } } as unknown as Answer;
}

function outcome(verb: string, hour: string, score?: number, object = "q") {
  return ["Moodle", "key1", object, null, `${VERBS}${verb}`, hour, 1, score ?? null];
}

const OUTCOMES = ["platform", "source", "object", "object.type", "verb", "hour", "statements", "score"];

function read(...rows: unknown[][]) {
  return outcomesOf(answerOf(OUTCOMES, rows), new Map());
}

test("hours that are close to each other are one time", () => {
  expect(spansOf([5 * HOUR, 0, HOUR], HOUR)).toEqual([
    { from: 0, to: 2 * HOUR },
    { from: 5 * HOUR, to: 6 * HOUR },
  ]);
});

test("a journey has a lane for each source, named by its platform or its credential", () => {
  const hours = answerOf(["platform", "source", "hour", "statements"], [
    ["Moodle", "key1", "2026-03-01T09:00", 4],
    [null, "key2", "2026-03-02T09:00", 9],
    [null, null, "not a time", 9],
  ]);
  const journey = journeyOf(hours, read(outcome("passed", "2026-03-01T09:00", 0.8)), new Map([["key2", "Portal"]]), NOW);
  expect(journey.lanes.map((lane) => [lane.name, lane.statements, lane.outcomes.length])).toEqual([
    ["Portal", 9, 0],
    ["Moodle", 4, 1],
  ]);
  expect(journey.from).toBeLessThan(new Date("2026-03-01T09:00").getTime());
  expect(journey.to).toBeGreaterThan(NOW);
});

test("who fails the same thing three times without passing it needs attention", () => {
  const failed = (day: number, score: number) => outcome("failed", `2026-03-0${day}T10:00`, score);
  const three = read(failed(1, 0.5), failed(2, 0.4), failed(3, 0.3));
  expect(reasonsOf(three, [], NOW, NOW)).toMatchObject([{ kind: "failing", name: "Quiz", times: 3, scores: [0.5, 0.4, 0.3] }]);
  expect(reasonsOf(three.slice(1), [], NOW, NOW)).toEqual([]);
  const passed = read(failed(1, 0.5), failed(2, 0.4), failed(3, 0.3), outcome("passed", "2026-03-04T10:00", 0.9));
  expect(reasonsOf(passed, [], NOW, NOW)).toEqual([]);
});

test("who does nothing for long in the middle of a course needs attention", () => {
  const lastAt = NOW - 31 * 24 * HOUR;
  expect(reasonsOf([], ["Fire safety"], lastAt, NOW)).toEqual([{ kind: "quiet", days: 31, courses: ["Fire safety"] }]);
  expect(reasonsOf([], [], lastAt, NOW)).toEqual([]);
  expect(reasonsOf([], ["Fire safety"], NOW - HOUR, NOW)).toEqual([]);
  expect(reasonsOf([], ["Fire safety"], undefined, NOW)).toEqual([]);
});

test("scores are shown of what was attempted most often", () => {
  const attempts = read(
    outcome("failed", "2026-03-01T10:00", 0.4),
    outcome("passed", "2026-03-02T10:00", 0.8),
    outcome("passed", "2026-03-02T10:00", 0.8, "other"),
    outcome("completed", "2026-03-03T10:00", 1),
  );
  expect(attemptsOf(attempts).map((attempt) => attempt.score)).toEqual([0.4, 0.8]);
  expect(attemptsOf(attempts.slice(1))).toEqual([]);
});

test("an axis has at most a dozen months or years", () => {
  const at = (text: string) => new Date(`${text}T00:00`).getTime();
  expect(monthsOf(at("2025-11-15"), at("2026-02-10")).map((month) => month.getMonth())).toEqual([11, 0, 1]);
  expect(monthsOf(at("2016-01-02"), at("2026-02-10")).length).toBeLessThanOrEqual(13);
  expect(monthsOf(at("2026-02-02"), at("2026-02-10"))).toEqual([]);
});
