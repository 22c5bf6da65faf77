import { describe, expect, test } from "vitest";
import type { PersonGroup } from "../../api/people";
import { firstRows, partsOf } from "./csv";
import { nameOf, namesIn, namesQuestion } from "./names";
import { faultOf, inOrder, stateOf, toDays, toPeriod } from "./periods";
import { above, rowsOf, withBelow } from "./tree";

function group(id: string, name: string, parent: string | null = null): PersonGroup {
  return { id, name, parent, kind: null, created: "2026-03-01T09:30:00Z" };
}

const GROUPS = [group("c10", "Class 10", "s"), group("c9", "Class 9", "s"), group("s", "Science"), group("l", "Lab", "c9"), group("a", "Arts"), group("o", "Orphan", "gone")];

describe("the tree of groups", () => {
  test("what is below an open group follows it, in the order of names", () => {
    const rows = (open: readonly string[]) => rowsOf(GROUPS, (id) => open.includes(id)).map(({ group: { name }, level, children }) => `${level} ${name} ${children}`);
    expect(rows([])).toEqual(["0 Arts 0", "0 Orphan 0", "0 Science 2"]);
    expect(rows(["s"])).toEqual(["0 Arts 0", "0 Orphan 0", "0 Science 2", "1 Class 9 1", "1 Class 10 0"]);
    expect(rows(["s", "c9"])).toContain("2 Lab 0");
    expect(rows(["c9"])).toHaveLength(3);
  });

  test("a group knows those above and below it", () => {
    expect(above(GROUPS, "l")).toEqual(["c9", "s"]);
    expect(above(GROUPS, "o")).toEqual([]);
    expect([...withBelow(GROUPS, "s")].toSorted()).toEqual(["c10", "c9", "l", "s"]);
  });

  test("groups in a circle end", () => {
    const circle = [group("one", "One", "two"), group("two", "Two", "one")];
    expect([...withBelow(circle, "one")]).toEqual(["one", "two"]);
    expect(above(circle, "one")).toHaveLength(16);
    expect(rowsOf(circle, () => true)).toEqual([]);
  });
});

describe("times of membership", () => {
  test("the last day is the one before the end, also over months and leap years", () => {
    const table = [
      { from: "2026-09-01", until: "2027-07-01", first: "2026-09-01", last: "2027-06-30" },
      { from: null, until: "2028-03-01", first: "", last: "2028-02-29" },
      { from: "2026-09-01", until: null, first: "2026-09-01", last: "" },
    ];
    for (const { from, until, first, last } of table) {
      expect(toDays({ from, until })).toEqual({ first, last });
      expect(toPeriod({ first, last })).toEqual({ from, until });
    }
  });

  test("somebody is, was or will be a member", () => {
    const state = (from: string | null, until: string | null) => stateOf([{ from, until }], "2026-03-12");
    expect(state(null, null)).toBe("now");
    expect(state("2026-03-12", "2026-03-13")).toBe("now");
    expect(state("2026-01-01", "2026-03-12")).toBe("past");
    expect(state("2026-03-13", null)).toBe("future");
    expect(stateOf([{ from: null, until: "2026-01-01" }, { from: "2026-06-01", until: null }], "2026-03-12")).toBe("future");
  });

  test("periods do not overlap, and end after they begin", () => {
    const period = (first: string, last: string) => ({ first, last });
    expect(faultOf([period("2026-02-01", "2026-01-31")])).toBe("order");
    expect(faultOf([period("2026-02-01", "2026-02-01")])).toBeUndefined();
    expect(faultOf([period("2026-02-01", ""), period("2026-03-01", "")])).toBe("overlap");
    expect(faultOf([period("2026-02-01", "2026-03-01"), period("", "2026-02-01")])).toBe("overlap");
    expect(faultOf([period("2026-03-02", ""), period("", "2026-03-01")])).toBeUndefined();
    expect(inOrder([period("2026-03-02", ""), period("", "2026-03-01")])).toEqual([{ from: null, until: "2026-03-02" }, { from: "2026-03-02", until: null }]);
  });
});

describe("names of members", () => {
  const member = (person: string, name: string | null, mbox: string) => ({ person, name, identifiers: [{ mbox }], periods: [{ from: null, until: null }] });
  const MEMBERS = [member("1", "Given", "mailto:a@example.org"), member("2", null, "mailto:b@example.org"), member("3", null, "mailto:c@example.org")];

  test("statements are asked for the names of those to whom none was given", () => {
    expect(namesQuestion(MEMBERS)?.where).toEqual({ field: "person", in: ["2", "3"] });
    expect(namesQuestion(MEMBERS.slice(0, 1))).toBeUndefined();
  });

  test("a name that was given comes first, then that of statements, then the identifier", () => {
    const id = '{"mbox":"mailto:b@example.org"}';
    const names = namesIn({
      columns: [{ name: "person", kind: "dimension" }, { name: "count", kind: "measure" }],
      rows: [[id, 3], [null, 1]],
      labels: { person: { [id]: "Bob" } },
      fact_count: 4,
      group_count: 2,
      incomplete: [],
      sequence: 4,
    });
    expect(MEMBERS.map((one) => nameOf(one, names))).toEqual(["Given", "Bob", "c@example.org"]);
  });
});

describe("a file of groups", () => {
  test("a long file is sent in parts, each with the line of names, and lines are counted through", () => {
    const parts = partsOf("group,mbox\r\nA,a@x.example\r\n\"B\nB\",b@x.example\r\nC,c@x.example", { rowsMax: 2 });
    expect(parts).toEqual([
      { text: "group,mbox\r\nA,a@x.example\r\n\"B\nB\",b@x.example\r\n", rows: 2, linesBefore: 0 },
      { text: "group,mbox\r\nC,c@x.example", rows: 1, linesBefore: 3 },
    ]);
  });

  test("parts are not larger than a request may be", () => {
    const file = `group\n${"Größe\n".repeat(100)}`;
    const parts = partsOf(file, { bytesMax: 100 });
    expect(parts.reduce((sum, part) => sum + part.rows, 0)).toBe(100);
    for (const part of parts) expect(new TextEncoder().encode(part.text).length).toBeLessThanOrEqual(100);
    expect(parts.at(-1)?.linesBefore).toBe(100 - (parts.at(-1)?.rows ?? 0));
  });

  test("a file without rows is one part, so that the server says what it lacks", () => {
    expect(partsOf("")).toEqual([]);
    expect(partsOf("\uFEFFgroup,kind")).toEqual([{ text: "group,kind\n", rows: 0, linesBefore: 0 }]);
  });

  test("the first rows are shown with their values", () => {
    expect(firstRows('group,kind,from\n"Science/""Physics"", 1",class,\n\nB,,2026-09-01\nC,,', 2)).toEqual([
      ["group", "kind", "from"],
      ['Science/"Physics", 1', "class", ""],
      ["B", "", "2026-09-01"],
    ]);
  });
});
