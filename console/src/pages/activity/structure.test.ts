import { expect, test } from "vitest";
import type { Answer } from "../../api/facts";
import { partsOf, quizzesOf, stepsOf, treeOf } from "./structure";

const TYPE = "http://adlnet.gov/expapi/activities/";
const C = "https://c.example/course";

/** An answer to the question about the structure: object, type, interaction, parent, learners, finished. */
function answerOf(...rows: [string, string | null, string | null, string | null, number, number][]): Answer {
  const names = ["object", "object.type", "object.interaction", "parent", "learners", "finished", "statements", "success", "score"];
  return {
    columns: names.map((name, index) => ({ name, kind: index < 4 ? "dimension" : "measure" })),
    rows: rows.map((row) => [...row.map((value, index) => (index === 1 && value ? `${TYPE}${value}` : value)), row[4], null, null]),
    labels: { object: { [`${C}/m1`]: "Module 1" }, parent: {} },
    group_count: rows.length,
    fact_count: 100,
    sequence: 100,
  } as Answer;
}

const ANSWER = answerOf(
  [C, "course", null, null, 40, 20],
  [`${C}/m1`, "module", null, C, 38, 35],
  [`${C}/m2`, "module", null, C, 36, 30],
  [`${C}/m10`, "module", null, C, 30, 28],
  [`${C}/m1/quiz/q1`, "cmi.interaction", "choice", `${C}/m1/quiz`, 33, 0],
  [`${C}/m1/quiz/q2`, "cmi.interaction", "numeric", `${C}/m1/quiz`, 33, 0],
  [`${C}/m1/video`, "video", null, null, 20, 12],
);

test("parts stand in what they are in, sorted by the numbers in their ids", () => {
  const tree = treeOf(C, partsOf(ANSWER)).map((branch) => `${"-".repeat(branch.depth)}${branch.part.id.slice(C.length)}`);
  expect(tree).toEqual(["/m1", "-/m1/quiz/q1", "-/m1/quiz/q2", "-/m1/video", "/m2", "/m10"]);
});

test("a part with several parents is one part", () => {
  const answer = answerOf(["a", null, null, "x", 3, 1], ["a", null, null, "y", 5, 2], ["a", null, null, null, 9, 4]);
  expect(partsOf(answer)).toMatchObject([{ id: "a", parent: "y", learners: 9 }]);
});

test("a number is no name", () => {
  const parts = partsOf(answerOf([`${C}/page/2`, null, null, C, 1, 0], ["https://c.example/intro", null, null, C, 1, 0]));
  expect(parts.map((part) => part.name)).toEqual(["page 2", "intro"]);
});

test("parents in a circle end", () => {
  const parts = partsOf(answerOf(["a", null, null, "b", 1, 0], ["b", null, null, "a", 1, 0], ["c", null, null, "c", 1, 0]));
  expect(treeOf("root", parts).map((branch) => branch.part.id).toSorted()).toEqual(["a", "b", "c"]);
});

test("the steps are the modules, by how many have finished them", () => {
  expect(stepsOf(C, partsOf(ANSWER)).map((part) => part.id.slice(C.length))).toEqual(["/m1", "/m2", "/m10"]);
  const others = partsOf(answerOf(["a", null, null, C, 5, 3], ["b", "cmi.interaction", "choice", C, 5, 5]));
  expect(stepsOf(C, others).map((part) => part.id)).toEqual(["a"]);
});

test("questions belong to quizzes, which are named by what they are in", () => {
  const parts = partsOf(ANSWER);
  expect(quizzesOf(ANSWER, parts)).toEqual([{ id: `${C}/m1/quiz`, name: "Module 1 › quiz", answers: 66 }]);
});
