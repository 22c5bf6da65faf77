import { expect, test } from "vitest";
import type { PersonGroup } from "../../api/people";
import { pathsOf, stillThere } from "./group-paths";

function group(id: string, name: string, parent: string | null = null): PersonGroup {
  return { id, name, parent, kind: null, created: "2026-03-01T09:30:00Z" };
}

test("groups have the names of those above them, and follow them in the order of names", () => {
  const groups = [
    group("c10", "Class 10", "s"),
    group("a", "Arts"),
    group("c9", "Class 9", "s"),
    group("s", "Science"),
    group("l", "Lab", "c10"),
    group("x", "Science (evening)"),
  ];
  expect(pathsOf(groups)).toEqual([
    { id: "a", path: "Arts" },
    { id: "s", path: "Science" },
    { id: "c9", path: "Science / Class 9" },
    { id: "c10", path: "Science / Class 10" },
    { id: "l", path: "Science / Class 10 / Lab" },
    { id: "x", path: "Science (evening)" },
  ]);
});

test("a group whose parent is not there stands at the top, and a circle ends", () => {
  expect(pathsOf([group("b", "Below", "gone")])).toEqual([{ id: "b", path: "Below" }]);
  const circle = pathsOf([group("one", "One", "two"), group("two", "Two", "one")]);
  expect(circle.map(({ path }) => path.split(" / ").length)).toEqual([16, 16]);
});

test("of the chosen groups, those that were removed are left out", () => {
  const chosen = new Set(["b", "gone", "a"]);
  expect(stillThere(chosen, [group("a", "A"), group("b", "B"), group("c", "C")])).toEqual(["b", "a"]);
});
