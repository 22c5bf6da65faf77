import type { Condition, Dimension, Question } from "../../api/facts";
import type { ExploreSearch } from "../../app/search";
import { all, within, type Period } from "../overview/period";
import { CONDITION_FIELDS, isGroupField, isMeasure, isTime, OPERATORS, type GroupField, type MeasureName, type Operator } from "./fields";

/** The most rows of an answer. */
export const ROWS_MAX = 1_000;

/** A condition as it stands in the address. */
export interface Where {
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
}

/** A question as the builder shows it. */
export interface Built {
  readonly measures: MeasureName[];
  readonly by: GroupField;
  readonly split: GroupField | undefined;
  readonly where: Where[];
}

/** Reads a condition such as `verb!=https://…`; undefined for anything else. */
export function readWhere(text: string): Where | undefined {
  const match = /^([a-z.]+)(!=|=|~)(.+)$/su.exec(text);
  const [, field, operator, value] = match ?? [];
  if (!field || !value || !CONDITION_FIELDS.some((known) => known === field)) return undefined;
  const known = OPERATORS.find((one) => one === operator);
  return known && { field, operator: known, value };
}

export function writeWhere(where: Where): string {
  return `${where.field}${where.operator}${where.value}`;
}

/** The question of an address; what is missing or unknown is as at first. */
export function readBuilt(search: ExploreSearch): Built {
  const measures = (search.m ?? "").split(",").filter(isMeasure);
  return {
    measures: measures.length > 0 ? measures : ["count"],
    by: isGroupField(search.by) ? search.by : "timestamp:day",
    split: isGroupField(search.split) && search.split !== search.by ? search.split : undefined,
    where: (search.where ?? []).map(readWhere).filter((where) => where !== undefined),
  };
}

function conditionOf(where: Where): Condition {
  if (where.operator === "~") return { field: where.field, contains: where.value };
  const isTruth = where.field === "success" || where.field === "completion";
  const value = isTruth ? where.value === "true" : where.value;
  const condition: Condition = { field: where.field, is: value };
  return where.operator === "!=" ? { not: condition } : condition;
}

/** Conditions on one field: one of them holds. On different fields: all of them. */
function conditionsOf(wheres: readonly Where[]): Condition[] {
  const byField = new Map<string, Where[]>();
  for (const where of wheres) {
    const key = where.operator === "!=" ? `${where.field}!${where.value}` : where.field;
    byField.set(key, [...(byField.get(key) ?? []), where]);
  }
  return [...byField.values()].map((same) => {
    const conditions = same.map(conditionOf);
    return conditions.length > 1 ? { or: conditions } : (conditions[0] ?? {});
  });
}

function dimensionOf(field: GroupField, name: string): Dimension {
  const [base, unit] = field.split(":");
  return unit ? { field: base ?? field, by: unit, name } : { field, name };
}

/** The question for the server. */
export function questionOf(built: Built, period: Period, zone: string): Question {
  const dimensions = [dimensionOf(built.by, "by"), ...(built.split ? [dimensionOf(built.split, "split")] : [])];
  return {
    measures: built.measures.map((name) => {
      const [measure, of] = name.split(":");
      return { measure: measure ?? "count", of, name };
    }),
    dimensions,
    where: all(within(period), ...conditionsOf(built.where)),
    order: isTime(built.by) ? [{ by: "by" }] : [{ by: built.measures[0] ?? "count", descending: true }],
    zone,
    limit: ROWS_MAX,
  };
}
