import { expect, test } from "vitest";
import type { Question } from "../../../api/facts";
import type { Role, Session } from "../../../api/session";
import { may, type Right } from "../../../app/rights";
import { readExplore, type ExploreSearch } from "../../../app/search";
import { readBuilt } from "../question";
import { isSame, mayChange, searchOf, toSaved } from "./form";
import type { Summary } from "./questions";

const saved = (search: ExploreSearch) => toSaved(readBuilt(search), search.period);

/** As the server gives a question back. */
const back = (question: Question) => JSON.parse(JSON.stringify(question)) as Question;

test("a question is opened as it was saved, with days of one's own", () => {
  const searches: ExploreSearch[] = [
    { m: "count", by: "timestamp:day" },
    { m: "rate:success,distinct:person", by: "verb", split: "timestamp:month", period: "2026-01-05..2026-02-28" },
    { m: "count", by: "course", where: ["object.name~fire", "success=true", "platform!=Campus", "verb=https://v.example/a", "verb=https://v.example/b=c"] },
  ];
  for (const search of searches) expect(searchOf(back(saved(search)), "Europe/Berlin")).toEqual(readExplore({ ...search }));
});

test("a period that ends today is not saved", () => {
  expect(saved({ by: "verb", period: "90d" }).where).toBeUndefined();
  expect(isSame(saved({ by: "verb", period: "90d" }), saved({ by: "verb", period: "all" }))).toBe(true);
  expect(saved({ by: "verb", period: "2026-01-05..2026-02-28" }).where).toEqual({ field: "timestamp", from: "2026-01-05", to: "2026-03-01" });
});

test("what says the same in another way is opened too", () => {
  const question: Question = {
    measures: [{ measure: "distinct", of: "person", name: "learners" }],
    dimensions: ["course"],
    where: { and: [{ field: "verb", in: ["https://v.example/b", "https://v.example/a"] }, { and: [{ field: "timestamp", from: "2026-01-01", to: "2026-02-01" }] }] },
    order: [{ by: "learners", descending: true }],
    totals: true,
  };
  const search = searchOf(question, "UTC");
  expect(search).toEqual(readExplore({ m: "distinct:person", by: "course", where: ["verb=https://v.example/a", "verb=https://v.example/b"], period: "2026-01-01..2026-01-31" }));
  const changed = toSaved(readBuilt({ ...search, by: "verb" }), search?.period, question);
  expect(changed.totals).toBe(true);
  expect(isSame(changed, question)).toBe(false);
});

test("what the page cannot show is not opened", () => {
  const question: Question = { measures: [{ measure: "count" }], dimensions: ["verb"] };
  expect(searchOf(question, "UTC")).toBeDefined();
  const others: Partial<Question>[] = [
    { dimensions: [] },
    { dimensions: ["verb", "course", "person"] },
    { dimensions: [{ field: "group", kind: "class" }] },
    { dimensions: ["actor"] },
    { measures: [{ measure: "count" }, { measure: "max", of: "duration" }] },
    { measures: [{ measure: "count", where: { field: "success", is: true } }] },
    { order: [{ by: "count" }] },
    { limit: 10 },
    { where: { or: [{ field: "verb", is: "a" }, { field: "course", is: "b" }] } },
    { where: { not: { field: "object.name", contains: "a" } } },
    { where: { field: "person", is: "{}" } },
    { where: { field: "course", exists: true } },
    { where: { field: "timestamp", from: "2026-03-01", to: "2026-99-99" } },
    { where: { field: "timestamp", from: "2026-01-01T08:00:00Z", to: "2026-03-01" } },
    { where: { and: Array.from({ length: 21 }, (_, at) => ({ not: { field: "verb", is: `https://v.example/${at}` } })) } },
  ];
  for (const other of others) expect(searchOf({ ...question, ...other }, "UTC"), JSON.stringify(other)).toBeUndefined();
});

test("the days of another zone are not those of the viewer", () => {
  const daily: Question = { measures: [{ measure: "count" }], dimensions: [{ field: "timestamp", by: "day" }], zone: "Europe/Berlin" };
  expect(searchOf(daily, "America/New_York")).toBeUndefined();
  expect(searchOf(daily, "Europe/Berlin")).toBeDefined();
  expect(searchOf({ ...daily, dimensions: ["verb"] }, "America/New_York")).toBeDefined();
  expect(saved({ by: "timestamp:day" }).zone).toBeUndefined();
  expect(toSaved(readBuilt({ by: "timestamp:week" }), undefined, daily).zone).toBe("Europe/Berlin");
});

test("a question is changed by its owner, and a shared one by those who change settings", () => {
  const me = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee";
  const session = { account: { id: me } } as Session;
  const as = (role: Role) => ({ session, may: (right: Right) => may(role, right) });
  const question = (owner: string | null) => ({ owner, shared: true }) as Summary;
  const roles: readonly Role[] = ["owner", "administrator", "analyst", "advisor", "learner"];
  const changing = (owner: string | null) => roles.filter((role) => mayChange(question(owner), as(role)));
  expect(changing(me)).toEqual(["owner", "administrator", "analyst", "advisor"]);
  expect(changing("another")).toEqual(["owner", "administrator"]);
  expect(changing(null)).toEqual(["owner", "administrator"]);
});
