import { expect, test } from "vitest";
import type { Entry, JsonObject } from "../../statement/types";
import { happened, sessionsOf } from "./sessions";

function entry(id: string, time: string, verb: string, more: JsonObject = {}): Entry {
  return {
    id,
    stored: "2026-03-05T00:00:00.000000Z",
    statement: {
      timestamp: `2026-03-01T${time}:00Z`,
      verb: { id: `http://adlnet.gov/expapi/verbs/${verb}` },
      object: { id: `https://c.example/${verb}` },
      context: { platform: "Moodle" },
      ...more,
    },
  };
}

const source = () => "Moodle";

test("a pause of more than half an hour begins another session", () => {
  const entries = [entry("3", "10:50", "experienced"), entry("1", "10:00", "initialized"), entry("2", "10:20", "experienced")];
  const sessions = sessionsOf(entries, source, ["en"]);
  expect(sessions.map((session) => session.entries.map((one) => one.id))).toEqual([["3", "2", "1"]]);
  const apart = sessionsOf([...entries, entry("4", "11:21", "experienced")], source, ["en"]);
  expect(apart.map((session) => session.entries.length)).toEqual([1, 3]);
});

test("what two sources send is two sessions", () => {
  const of = (one: Entry) => (one.id === "1" ? "Moodle" : "H5P");
  expect(sessionsOf([entry("1", "10:00", "read"), entry("2", "10:01", "read")], of, ["en"])).toHaveLength(2);
});

test("a session tells what it came to, and how many answers were correct", () => {
  const object = { object: { id: "https://c.example/m1" } };
  const entries = [
    entry("1", "10:00", "answered", { result: { success: true } }),
    entry("2", "10:01", "answered", { result: { success: false } }),
    entry("3", "10:02", "completed", object),
    entry("4", "10:03", "passed", { ...object, result: { success: true, score: { scaled: 0.9 } } }),
  ];
  const [session] = sessionsOf(entries, source, ["en"]);
  expect(session).toMatchObject({ answers: 2, correct: 1 });
  expect(session?.told).toMatchObject([{ id: "4", isGood: true, mark: { kind: "share", value: 0.9 } }]);
});

test("a session without an outcome tells how it began", () => {
  const [session] = sessionsOf([entry("2", "10:05", "experienced"), entry("1", "10:00", "launched")], source, ["en"]);
  expect(session?.told.map((one) => one.id)).toEqual(["1"]);
});

test("a statement without a valid time happened when it was stored", () => {
  expect(happened(entry("1", "xx", "read"))).toEqual(new Date("2026-03-05T00:00:00.000Z"));
});
