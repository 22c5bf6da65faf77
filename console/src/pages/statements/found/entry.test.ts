import { expect, test } from "vitest";
import type { FoundStatement } from "../../../api/statements";
import { sentenceOf } from "../../../statement/sentence";
import { entryOf } from "./entry";

const FOUND: FoundStatement = {
  sequence: 7,
  id: "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
  stored: "2026-03-01T09:30:00.000000Z",
  timestamp: "2026-03-01T09:29:00.000000Z",
  is_voided: true,
  person: { id: '{"mbox":"mailto:ada@example.org"}', name: "Ada" },
  verb: { id: "http://adlnet.gov/expapi/verbs/answered", name: "hat beantwortet" },
  object: { kind: "Activity", id: "https://c.example/q/7", name: "Question 7", type: null },
  course: { id: "https://c.example/course", name: "Fire safety" },
  result: { success: false, completion: null, score: { scaled: null, raw: null, min: null, max: null }, duration: null, response: "a" },
  registration: null,
  platform: "Campus",
  source: "k7",
};

test("what was found reads as the sentence of its statement", () => {
  const entry = entryOf(FOUND);
  expect(entry).toMatchObject({ id: FOUND.id, stored: FOUND.stored, isVoided: true });
  expect(sentenceOf(entry.statement, ["en"])).toEqual({
    actor: { text: "Ada" },
    verb: { text: "hat beantwortet", language: "und" },
    object: { text: "Question 7", language: "und" },
    kind: "thing",
    within: { text: "Fire safety", language: "und" },
    mark: { kind: "incorrect" },
  });
});

test("what has no name is called by its id, as in the live list", () => {
  const nameless = { ...FOUND, person: { ...FOUND.person, name: null }, verb: { ...FOUND.verb, name: null }, course: null };
  const said = sentenceOf(entryOf({ ...nameless, object: { kind: "Activity", id: "https://c.example/q/7", name: null, type: null } }).statement, ["en"]);
  expect(said).toMatchObject({ actor: { text: "ada@example.org" }, verb: { text: "answered" }, object: { text: "7" } });
  expect(said.within).toBeUndefined();
});

test("objects of every kind are named", () => {
  const nameOf = (object: FoundStatement["object"]) => sentenceOf(entryOf({ ...FOUND, object }).statement, ["en"]);
  expect(nameOf({ kind: "StatementRef", id: "x", name: null, type: null })).toMatchObject({ kind: "statement", object: { text: "x" } });
  expect(nameOf({ kind: "Agent", id: '{"mbox":"mailto:bob@example.org"}', name: "Bob", type: null }).object.text).toBe("Bob");
  expect(nameOf({ kind: "SubStatement", id: null, name: "Ada reads Book", type: null }).object.text).toBe("Ada reads Book");
  expect(nameOf({ kind: "Group", id: "no JSON", name: null, type: null }).object.text).toBe("?");
});
