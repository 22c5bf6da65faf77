import type { Condition, Measure, Question } from "../../api/facts";
import { COURSE_TYPES } from "../../statement/sentence";
import { zone } from "../../text/format";
import { all, within, withinBefore, type Period } from "./period";

const ADL = "http://adlnet.gov/expapi/verbs/";
const SATISFIED = "https://w3id.org/xapi/adl/verbs/satisfied";

/** Verbs by which something ends, well or not. */
export const OUTCOME_VERBS = [`${ADL}passed`, `${ADL}failed`, `${ADL}completed`, SATISFIED];

/** Statements that say that somebody has finished something. */
export const FINISHED: Condition = { field: "verb", in: [`${ADL}completed`, `${ADL}passed`, SATISFIED] };

/** Statements that say that somebody has finished a course. */
export const COURSE_FINISHED: Condition = {
  or: [
    { field: "verb", is: SATISFIED },
    { and: [{ field: "verb", in: [`${ADL}completed`, `${ADL}passed`] }, { field: "object.type", in: COURSE_TYPES }] },
  ],
};

const STATEMENTS: Measure = { measure: "count", name: "statements" };
const LEARNERS: Measure = { measure: "distinct", of: "person", name: "learners" };
const FIGURES: Measure[] = [
  STATEMENTS,
  LEARNERS,
  { measure: "count", name: "finished", where: FINISHED },
  { measure: "median", of: "score.scaled", name: "score" },
];

/** What the name of a measure ends with, if it is of the period before. */
const BEFORE = "_before";

/** The name of the same measure of the period before. */
export function beforeName(name: string): string {
  return `${name}${BEFORE}`;
}

function limited(measure: Measure, limit: Condition): Measure {
  return { ...measure, where: all(measure.where ?? undefined, limit) };
}

/** Figures of a period and of the one before it, if there is one, by days, weeks or months. */
export function figuresQuestion(period: Period): Question {
  const [own, before] = [within(period), withinBefore(period)];
  const isCompared = own !== undefined && before !== undefined;
  return {
    measures: isCompared
      ? [
          ...FIGURES.map((measure) => limited(measure, own)),
          ...FIGURES.map((measure) => ({ ...limited(measure, before), name: beforeName(measure.name ?? "") })),
        ]
      : FIGURES,
    dimensions: [{ field: "timestamp", by: period.unit, name: "time" }],
    where: isCompared ? { or: [own, before] } : own,
    order: [{ by: "time" }],
    zone: zone(),
    totals: true,
    limit: 1_000,
  };
}

/** Courses by their learners. */
export function coursesQuestion(period: Period, limit: number): Question {
  return {
    measures: [
      LEARNERS,
      STATEMENTS,
      { measure: "distinct", of: "person", name: "finished", where: COURSE_FINISHED },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["course"],
    where: all(within(period), { field: "course", exists: true }),
    order: [{ by: "learners", descending: true }],
    zone: zone(),
    limit,
  };
}

/** When people learn: by weekday and hour. */
export function hoursQuestion(where: Condition | undefined): Question {
  return {
    measures: [STATEMENTS],
    dimensions: [
      { field: "timestamp", by: "weekday", name: "weekday" },
      { field: "timestamp", by: "hour_of_day", name: "hour" },
    ],
    where,
    zone: zone(),
    limit: 200,
  };
}

/** What each source sent on each of the last days, by the time of storing. */
export function sourcesQuestion(first: string): Question {
  return {
    measures: [STATEMENTS],
    dimensions: ["source", { field: "stored", by: "day", name: "day" }],
    where: { field: "stored", from: first },
    zone: zone(),
    limit: 20_000,
  };
}

/** Learners by what they did. */
export function learnersQuestion(period: Period, text: string | undefined, sort: string, limit: number): Question {
  const found: Condition | undefined = text
    ? { or: [{ field: "person.name", contains: text }, { field: "person", contains: text }] }
    : undefined;
  return {
    measures: [
      STATEMENTS,
      { measure: "distinct", of: "course", name: "courses" },
      { measure: "count", name: "finished", where: FINISHED },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["person"],
    where: all(within(period), { field: "person", exists: true }, found),
    order: [{ by: sort, descending: true }],
    zone: zone(),
    limit,
  };
}

/** Activities by how much they are used. */
export function activitiesQuestion(period: Period, text: string | undefined, sort: string, limit: number): Question {
  const found: Condition | undefined = text
    ? { or: [{ field: "object.name", contains: text }, { field: "object", contains: text }] }
    : undefined;
  return {
    measures: [
      STATEMENTS,
      LEARNERS,
      { measure: "rate", of: "success", name: "success" },
      { measure: "median", of: "score.scaled", name: "score" },
    ],
    dimensions: ["object", "object.type"],
    where: all(within(period), { field: "object.kind", is: "Activity" }, found),
    order: [{ by: sort, descending: true }],
    zone: zone(),
    limit,
  };
}
