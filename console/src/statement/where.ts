import type { Condition } from "../api/facts";

/** Fields that conditions test. */
export const CONDITION_FIELDS = [
  "verb",
  "verb.name",
  "object",
  "object.name",
  "object.type",
  "object.kind",
  "course",
  "course.name",
  "person.name",
  "group",
  "source",
  "platform",
  "language",
  "response",
  "success",
  "completion",
  "registration",
  "session",
] as const;
export type ConditionField = (typeof CONDITION_FIELDS)[number];

/** How they are tested. */
export const OPERATORS = ["=", "!=", "~"] as const;
export type Operator = (typeof OPERATORS)[number];

/** A condition as it stands in an address. */
export interface Where {
  readonly field: ConditionField;
  readonly operator: Operator;
  readonly value: string;
}

/** Reads a condition such as `verb!=https://…`; undefined for anything else. */
export function readWhere(text: string): Where | undefined {
  const [, name, operator, value] = /^([a-z.]+)(!=|=|~)(.+)$/su.exec(text) ?? [];
  const field = CONDITION_FIELDS.find((known) => known === name);
  const known = OPERATORS.find((one) => one === operator);
  return field && known && value ? { field, operator: known, value } : undefined;
}

export function writeWhere(where: Where): string {
  return `${where.field}${where.operator}${where.value}`;
}

/** Whether a field says yes or no. */
export function isTruth(field: string): boolean {
  return field === "success" || field === "completion";
}

export function conditionOf(where: Where): Condition {
  if (where.operator === "~") return { field: where.field, contains: where.value };
  const value = isTruth(where.field) ? where.value === "true" : where.value;
  const condition: Condition = { field: where.field, is: value };
  return where.operator === "!=" ? { not: condition } : condition;
}

/** Conditions that are alternatives: those on one field that ask for a value. */
export interface Alternatives {
  readonly wheres: readonly Where[];
  readonly condition: Condition;
}

/** Conditions on one field: one of them holds. On different fields: all of them. */
export function alternativesOf(wheres: readonly Where[]): Alternatives[] {
  const byField = new Map<string, Where[]>();
  for (const where of wheres) {
    const key = where.operator === "!=" ? `${where.field}!${where.value}` : where.field;
    byField.set(key, [...(byField.get(key) ?? []), where]);
  }
  return [...byField.values()].map((same) => {
    const conditions = same.map(conditionOf);
    return { wheres: same, condition: conditions.length > 1 ? { or: conditions } : (conditions[0] ?? {}) };
  });
}
