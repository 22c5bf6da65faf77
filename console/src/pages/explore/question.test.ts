import { expect, test } from "vitest";
import { readExplore } from "../../app/search";
import { periodOf } from "../overview/period";
import { readWhere, writeWhere } from "../../statement/where";
import { questionOf, readBuilt } from "./question";

const ALL = periodOf("all", new Date(2026, 2, 12));

test("an address is read into a question, and what is unknown in it is dropped", () => {
  const built = readBuilt(readExplore({ m: "distinct:person,bogus", by: "verb", split: "verb", where: ["verb=https://v.example/x", "bogus=1", 7, "verb"], chart: "pie" }));
  expect(built).toEqual({
    measures: ["distinct:person"],
    by: "verb",
    split: undefined,
    where: [{ field: "verb", operator: "=", value: "https://v.example/x" }],
  });
  expect(readBuilt(readExplore({}))).toEqual({ measures: ["count"], by: "timestamp:day", split: undefined, where: [] });
});

test("a condition is the same after it was written and read", () => {
  for (const text of ["verb=https://v.example/a=b", "object.name~fire", "platform!=Campus"]) {
    const where = readWhere(text);
    expect(where && writeWhere(where)).toBe(text);
  }
});

test("conditions on one field are alternatives, on different fields they add up", () => {
  const built = readBuilt({ where: ["verb=https://v.example/a", "verb=https://v.example/b", "success=true", "platform!=Campus"] });
  expect(questionOf(built, ALL, "UTC").where).toEqual({
    and: [
      { or: [{ field: "verb", is: "https://v.example/a" }, { field: "verb", is: "https://v.example/b" }] },
      { field: "success", is: true },
      { not: { field: "platform", is: "Campus" } },
    ],
  });
});

test("rows in time are in their order, others by the first measure", () => {
  expect(questionOf(readBuilt({ by: "timestamp:week" }), ALL, "UTC").order).toEqual([{ by: "by" }]);
  expect(questionOf(readBuilt({ by: "verb", m: "rate:success,count" }), ALL, "UTC")).toMatchObject({
    order: [{ by: "rate:success", descending: true }],
    measures: [{ measure: "rate", of: "success", name: "rate:success" }, { measure: "count", name: "count" }],
  });
});
