import type { Condition } from "../../api/facts";
import type { StatementSearch } from "../../app/search";

/** The filters that a live list has, too. */
export const FILTERS = ["verb", "activity", "agent", "registration", "since", "until"] as const;
export type FilterName = (typeof FILTERS)[number];

/** A filter as a condition on facts; undefined for one that facts do not know. */
export function conditionOf(name: FilterName, search: StatementSearch): Condition | undefined {
  const value = search[name];
  if (value === undefined) return undefined;
  switch (name) {
    case "verb":
    case "registration":
      return { field: name, is: value };
    case "activity":
      return search.related
        ? { or: ["object", "parent", "grouping", "category", "other", "course"].map((field) => ({ field, is: value })) }
        : { field: "object", is: value };
    case "agent":
      return value.includes('"Group"') ? undefined : { field: "person", is: value };
    case "since":
    case "until": {
      const time = new Date(value);
      if (Number.isNaN(time.getTime())) return undefined;
      return { field: "stored", [name === "since" ? "from" : "to"]: time.toISOString() };
    }
  }
}
