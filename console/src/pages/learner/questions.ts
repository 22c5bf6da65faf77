import type { Condition, Measure, Question } from "../../api/facts";
import { zone } from "../../text/format";
import { all, within, type Period } from "../overview/period";
import { COURSE_FINISHED, FINISHED, OUTCOME_VERBS } from "../overview/questions";

const STATEMENTS: Measure = { measure: "count", name: "statements" };

/** Everything that a learner did, by whichever of their identifiers. */
export function isLearner(id: string): Condition {
  return { field: "person", is: id };
}

/** Their figures, name and identifiers. */
export function profileQuestion(id: string, period: Period): Question {
  return {
    measures: [
      STATEMENTS,
      { measure: "distinct", of: "course", name: "courses" },
      { measure: "count", name: "finished", where: FINISHED },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["person", "actor"],
    where: all(isLearner(id), within(period)),
    order: [{ by: "statements", descending: true }],
    totals: true,
    zone: zone(),
    limit: 60,
  };
}

/** Their courses, and whether they have finished them. */
export function coursesOfQuestion(id: string, period: Period): Question {
  return {
    measures: [
      STATEMENTS,
      { measure: "count", name: "finished", where: COURSE_FINISHED },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["course"],
    where: all(isLearner(id), { field: "course", exists: true }, within(period)),
    order: [{ by: "statements", descending: true }],
    zone: zone(),
    limit: 200,
  };
}

/** When they worked, by source and hour. */
export function hoursOfQuestion(id: string, period: Period): Question {
  return {
    measures: [STATEMENTS],
    dimensions: ["platform", "source", { field: "timestamp", by: "hour", name: "hour" }],
    where: all(isLearner(id), within(period)),
    order: [{ by: "hour" }],
    zone: zone(),
    limit: 20_000,
  };
}

/** What they passed, failed and completed, and when. */
export function outcomesQuestion(id: string, period: Period): Question {
  return {
    measures: [STATEMENTS, { measure: "last", of: "score.scaled", name: "score" }],
    dimensions: ["platform", "source", "object", "object.type", "verb", { field: "timestamp", by: "hour", name: "hour" }],
    where: all(isLearner(id), { field: "verb", in: OUTCOME_VERBS }, { field: "object.kind", is: "Activity" }, within(period)),
    order: [{ by: "hour" }],
    zone: zone(),
    limit: 5_000,
  };
}
