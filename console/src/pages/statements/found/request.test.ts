import { expect, test } from "vitest";
import { readStatements } from "../../../app/search";
import { costsQuestion, countQuestion, isFound, partsOf, requestOf, textCondition } from "./request";

const ADA = '{"mbox":"mailto:ada@example.org"}';

function whereOf(given: Record<string, unknown>) {
  return requestOf(readStatements(given), ["en"], "UTC").where;
}

test("statements are followed until something asks to find them", () => {
  for (const given of [{}, { verb: "https://v.example/x" }, { q: " " }, { where: ["bogus=1"] }, { any: true }]) {
    expect(isFound(readStatements(given)), JSON.stringify(given)).toBe(false);
  }
  for (const given of [{ q: "fire" }, { q: 42 }, { where: ["platform!=Campus"] }, { order: "oldest" }, { voided: true }]) {
    expect(isFound(readStatements(given)), JSON.stringify(given)).toBe(true);
  }
});

test("conditions on one field are alternatives, negations and other fields hold beside them", () => {
  const where = ["object.name~fire", "object.name~water", "platform!=Campus", "success=false"];
  expect(whereOf({ where })).toEqual({
    and: [
      { or: [{ field: "object.name", contains: "fire" }, { field: "object.name", contains: "water" }] },
      { not: { field: "platform", is: "Campus" } },
      { field: "success", is: false },
    ],
  });
  expect(whereOf({ where: ["platform!=Campus", "success=false"], any: true })).toEqual({
    or: [{ not: { field: "platform", is: "Campus" } }, { field: "success", is: false }],
  });
});

test("filters of the live list are conditions too, as far as they can be", () => {
  expect(whereOf({ q: "fire", agent: ADA, since: "2026-03-01T00:00:00Z" })).toMatchObject({
    and: [{ field: "person", is: ADA }, { field: "stored", from: "2026-03-01T00:00:00.000Z" }, { or: expect.anything() }],
  });
  const group = partsOf(readStatements({ agent: '{"objectType":"Group","mbox":"mailto:a@example.org"}' }));
  expect(group.map((part) => part.condition)).toEqual([undefined]);
  expect(whereOf({ order: "oldest" })).toBeUndefined();
});

test("a text is an id, a number, or a part of a name", () => {
  const id = "6690E6C9-3ef0-4ed3-8b37-7f3964730bee";
  expect(textCondition(id)).toEqual({ field: "id", is: id.toLowerCase() });
  expect(textCondition("9,284,916").or?.[0]).toEqual({ field: "sequence", from: 9_284_916, to: 9_284_917 });
  expect(textCondition("unit 7").or).toEqual(["person.name", "verb.name", "object.name", "course.name"].map((field) => ({ field, contains: "unit 7" })));
});

test("each part can be taken away, and leaves the others", () => {
  const search = readStatements({ verb: "https://v.example/x", where: ["platform=A", "platform=B", "success=true"] });
  const parts = partsOf(search);
  expect(parts.map((part) => part.without)).toEqual([{ verb: undefined }, { where: ["success=true"] }, { where: ["platform=A", "platform=B"] }]);
  const question = costsQuestion(parts, "UTC");
  expect(question?.measures.map(({ name }) => name)).toEqual(["without 0", "without 1", "without 2"]);
  expect(question?.measures[1]?.where).toEqual({ and: [{ field: "verb", is: "https://v.example/x" }, { field: "success", is: true }] });
});

test("facts are not asked to count what they do not know", () => {
  const count = (given: Record<string, unknown>) => countQuestion(requestOf(readStatements(given), ["en"], "UTC"));
  expect(count({ q: "fire" })).toMatchObject({ measures: [{ measure: "count" }], zone: "UTC" });
  expect(count({ q: "fire", voided: true })).toBeUndefined();
  expect(count({ q: "6690e6c9-3ef0-4ed3-8b37-7f3964730bee" })).toBeUndefined();
  expect(count({ q: "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", verb: "https://v.example/x" })).toBeUndefined();
});

test("names are asked for in the languages of the reader, best first", () => {
  expect(requestOf({ q: "x" }, ["de-CH", "de", "en"], "UTC").language).toBe("de-CH, de;q=0.9, en;q=0.8");
});
