import { useQuery } from "@tanstack/react-query";
import { factsQuery, numberIn, rowsOf, type Condition, type Question } from "../../api/facts";
import { useViewer } from "../../app/context";
import type { StatementSearch } from "../../app/search";
import type { FilterName } from "./filters";

/** A filter as a condition on facts; undefined for one that facts do not know. */
function conditionOf(name: FilterName, search: StatementSearch): Condition | undefined {
  const value = search[name];
  if (value === undefined) return undefined;
  switch (name) {
    case "verb":
    case "registration":
      return { field: name, is: value };
    case "activity":
      return search.related
        ? { or: ["object", "parent", "grouping", "course"].map((field) => ({ field, is: value })) }
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

/** How many statements there are without each of the filters, in one question. */
export function costsQuestion(active: readonly FilterName[], search: StatementSearch): Question | undefined {
  const conditions = active.map((name) => conditionOf(name, search));
  if (active.length === 0 || conditions.some((condition) => condition === undefined)) return undefined;
  const others = (at: number): Condition | undefined => {
    const kept = conditions.filter((condition, index) => condition !== undefined && index !== at) as Condition[];
    return kept.length === 0 ? undefined : { and: kept };
  };
  return { measures: active.map((name, at) => ({ measure: "count", name, where: others(at) })), dimensions: [] };
}

/** How many statements come back without each of the filters, where the facts of the server tell. */
export function useCosts(active: readonly FilterName[], search: StatementSearch): ReadonlyMap<FilterName, number> {
  const { tenant } = useViewer();
  const question = costsQuestion(active, search);
  const query = useQuery({ ...factsQuery(tenant, question ?? { measures: [] }), enabled: question !== undefined });
  const row = query.data ? rowsOf(query.data)[0] : undefined;
  return new Map(active.flatMap((name) => {
    const value = numberIn(row, name);
    return value === undefined ? [] : [[name, value]];
  }));
}
