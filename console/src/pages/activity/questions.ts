import type { Condition, Question } from "../../api/facts";
import { zone } from "../../text/format";
import { all, within, type Period } from "../overview/period";
import { FINISHED } from "../overview/questions";

const REGISTERED = "http://adlnet.gov/expapi/verbs/registered";

/** Everything that belongs to an activity: the course, what is in it, and what names it. */
export function scopeOf(id: string): Condition {
  return {
    or: [
      { field: "course", is: id },
      { field: "object", is: id },
      { field: "parent", is: id },
      { field: "grouping", is: id },
    ],
  };
}

export function enrolled(id: string): Condition {
  return { and: [{ field: "verb", is: REGISTERED }, { field: "object", is: id }] };
}

/** Everything that is done in it, other than enrolling. */
export const BEGAN: Condition = { not: { field: "verb", is: REGISTERED } };

export function finished(id: string): Condition {
  return { and: [FINISHED, { field: "object", is: id }] };
}

/** The figures of an activity, and its name. */
export function headQuestion(id: string, period: Period): Question {
  return {
    measures: [
      { measure: "distinct", of: "person", name: "learners" },
      { measure: "distinct", of: "person", name: "enrolled", where: enrolled(id) },
      { measure: "distinct", of: "person", name: "began", where: BEGAN },
      { measure: "distinct", of: "person", name: "finished", where: finished(id) },
      { measure: "median", of: "score.scaled", name: "score" },
      { measure: "count", name: "statements" },
    ],
    dimensions: ["course"],
    where: all(scopeOf(id), within(period)),
    totals: true,
    zone: zone(),
    limit: 20,
  };
}

/** The activities in an activity, and how they go. */
export function structureQuestion(id: string, period: Period): Question {
  return {
    measures: [
      { measure: "distinct", of: "person", name: "learners" },
      { measure: "distinct", of: "person", name: "finished", where: FINISHED },
      { measure: "count", name: "statements" },
      { measure: "rate", of: "success", name: "success" },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["object", "object.type", "object.interaction", "parent"],
    where: all(scopeOf(id), { field: "object.kind", is: "Activity" }, within(period)),
    order: [{ by: "learners", descending: true }],
    zone: zone(),
    limit: 2_000,
  };
}

/** Who learns in it, the most active first. */
export function learnersOfQuestion(id: string, period: Period, limit: number): Question {
  return {
    measures: [
      { measure: "count", name: "statements" },
      { measure: "count", name: "finished", where: finished(id) },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["person"],
    where: all(scopeOf(id), { field: "person", exists: true }, within(period)),
    order: [{ by: "statements", descending: true }],
    zone: zone(),
    limit,
  };
}

/** The share of correct answers to a question, by week, or by month in long periods. */
export function trendQuestion(id: string, period: Period): Question {
  return {
    measures: [
      { measure: "rate", of: "success", name: "correct" },
      { measure: "count", name: "answers" },
    ],
    dimensions: [{ field: "timestamp", by: period.unit === "day" ? "week" : "month", name: "time" }],
    where: all({ field: "object", is: id }, { field: "success", exists: true }, within(period)),
    order: [{ by: "time" }],
    zone: zone(),
    limit: 1_000,
  };
}
