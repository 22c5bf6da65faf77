import type { Condition, Question } from "../../../api/facts";
import type { Viewer } from "../../../app/context";
import { daysOf, readExplore, type ExploreSearch, type PeriodName } from "../../../app/search";
import { writeWhere, type ConditionField, type Operator } from "../../../statement/where";
import { periodOf } from "../../overview/period";
import { isTime } from "../fields";
import { questionOf, readBuilt, ROWS_MAX, type Built } from "../question";
import type { Summary } from "./questions";

/**
 * What is saved of the page: the question, and days of one's own. A period that ends today is not
 * part of it, since a saved question has fixed days or none. What the page does not show of the
 * question before stays.
 */
export function toSaved(built: Built, period: PeriodName | undefined, before?: Question): Question {
  const days = period && daysOf(period) ? period : "all";
  return { ...questionOf(built, periodOf(days), before?.zone ?? undefined), totals: before?.totals };
}

/** The address of a saved question; undefined if it asks what the page does not show. */
export function searchOf(question: Question, zone: string): ExploreSearch | undefined {
  if (!hasUsualOrder(question) || (question.limit ?? ROWS_MAX) !== ROWS_MAX) return undefined;
  const conditions = partsOf(question.where);
  const days = conditions.map(daysIn).find((found) => found !== undefined);
  const wheres = conditions.filter((condition) => daysIn(condition) === undefined).map(wheresIn);
  const fields = fieldsOf(question);
  const hasDays = days !== undefined || fields.some(isTime);
  if (hasDays && question.zone && question.zone !== zone) return undefined;
  const [by, split] = fields;
  const search = readExplore({ m: measuresOf(question).join(","), by, split, where: wheres.flat(), period: days });
  return isSame(toSaved(readBuilt(search), search.period), question) ? search : undefined;
}

/** Whether two questions ask the same, whatever the names of their columns. */
export function isSame(one: Question, other: Question): boolean {
  return normal(one) === normal(other);
}

/** Whether a question is of the viewer. */
export function isOwn(question: Summary, { session }: Pick<Viewer, "session">): boolean {
  return question.owner !== null && question.owner === session.account?.id;
}

/** Whether the viewer may change and remove a question. */
export function mayChange(question: Summary, viewer: Pick<Viewer, "session" | "may">): boolean {
  return viewer.may("save-questions") && (isOwn(question, viewer) || viewer.may("change-settings"));
}

function measuresOf(question: Question): string[] {
  return question.measures.map(({ measure, of }) => (of ? `${measure}:${of}` : measure));
}

function fieldsOf(question: Question): string[] {
  return (question.dimensions ?? []).map((dimension) => {
    if (typeof dimension === "string") return dimension;
    return dimension.by ? `${dimension.field}:${dimension.by}` : dimension.field;
  });
}

/** Whether rows come as the page shows them: in time, or by the first measure. */
function hasUsualOrder(question: Question): boolean {
  const [order, ...others] = question.order ?? [];
  if (!order) return true;
  const inTime = isTime(fieldsOf(question)[0] ?? "");
  const [dimension] = question.dimensions ?? [];
  const [measure] = question.measures;
  const dimensionName = typeof dimension === "object" ? (dimension.name ?? dimension.field) : dimension;
  const wanted = inTime ? dimensionName : (measure?.name ?? measuresOf(question)[0]);
  return others.length === 0 && order.by === wanted && (order.descending ?? false) !== inTime;
}

function normal({ measures, dimensions = [], where }: Question): string {
  return JSON.stringify([
    measures.map((measure) => known({ ...measure, name: undefined })),
    dimensions.map((dimension) => known(typeof dimension === "string" ? { field: dimension } : { ...dimension, name: undefined })),
    partsOf(where),
  ]);
}

/** The members of an object that say something, by name. */
function known(given: object): [string, unknown][] {
  return Object.entries(given)
    .filter(([, value]) => value !== undefined && value !== null)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}

/** The conditions that all hold. */
function partsOf(where: Condition | null | undefined): Condition[] {
  if (!where) return [];
  const plain = plainly(where);
  return plain.and ?? [plain];
}

/** A condition in the one form that all have which say the same in other ways. */
function plainly(condition: Condition): Condition {
  const { and, or, not, in: values, field } = condition;
  if (and) return joined("and", and.map(plainly));
  if (or) return joined("or", or.map(plainly));
  if (not) return { not: plainly(not) };
  if (values) return joined("or", values.map((is) => ({ field, is })));
  return Object.fromEntries(known(condition));
}

function joined(by: "and" | "or", conditions: readonly Condition[]): Condition {
  const all = conditions.flatMap((condition) => condition[by] ?? [condition]);
  const byText = new Map(all.map((condition) => [JSON.stringify(condition), condition]));
  const texts = [...byText.keys()].toSorted();
  const parts = texts.map((text) => byText.get(text) ?? {});
  return parts.length === 1 ? (parts[0] ?? {}) : { [by]: parts };
}

const DAY = /^\d{4}-\d{2}-\d{2}$/u;
const DAY_MS = 86_400_000;

/** The days of a condition on the time, as an address has them. */
function daysIn({ field, from, to }: Condition): string | undefined {
  if (field !== "timestamp" || typeof from !== "string" || typeof to !== "string" || !DAY.test(to)) return undefined;
  const last = new Date(new Date(`${to}T12:00Z`).getTime() - DAY_MS);
  return `${from}..${last.toJSON()?.slice(0, 10)}`;
}

/** The conditions on one field as an address has them; those that it cannot have are left out. */
function wheresIn(condition: Condition): string[] {
  if (condition.or) return condition.or.flatMap(wheresIn);
  const { field, is, contains } = condition.not ?? condition;
  const test: [Operator, unknown] = typeof contains === "string" ? ["~", contains] : [condition.not ? "!=" : "=", is];
  return [writeWhere({ field: field as ConditionField, operator: test[0], value: String(test[1]) })];
}
