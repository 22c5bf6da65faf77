import { isWithheldAt, labelIn, numberIn, rowsOf, type Answer, type Cell, type Row } from "../../api/facts";
import type { Series } from "../../parts/bars";
import type { ChartTable } from "../../parts/chart-sheet";
import { agentName, lastPart } from "../../statement/sentence";
import type { Json } from "../../statement/types";
import { count, dayRange, length, month, percent, short } from "../../text/format";
import { locale, t } from "../../text/text";
import { isTime, measureTitle, type GroupField, type MeasureName } from "./fields";
import type { Built } from "./question";

/** The most lines in a chart; the table has all. */
export const LINES_MAX = 6;

/** A value of a dimension in words. */
export function nameOf(answer: Answer, column: string, field: GroupField, value: Cell): string {
  if (value === null) return t("explore.without");
  const time = timeName(field, String(value));
  if (time !== undefined) return time;
  const label = labelIn(answer, column, value);
  if (label) return label;
  const text = String(value);
  if (field === "timestamp:weekday") return new Intl.DateTimeFormat(locale(), { weekday: "long" }).format(new Date(2026, 0, 4 + Number(value), 12));
  if (field === "timestamp:hour_of_day") return `${text}:00`;
  if (field === "person") return personName(text);
  return ["verb", "object", "object.type", "course"].includes(field) ? lastPart(text) : text;
}

/** A day, a week by its first day, or a month in words; undefined for anything else. */
function timeName(field: GroupField, value: string): string | undefined {
  if (field !== "timestamp:day" && field !== "timestamp:week" && field !== "timestamp:month") return undefined;
  const time = new Date(`${value.slice(0, 10).padEnd(10, "-01")}T12:00`);
  if (Number.isNaN(time.getTime())) return undefined;
  return field === "timestamp:month" ? month(time, true) : dayRange(time, time);
}

function personName(text: string): string {
  try {
    return agentName(JSON.parse(text) as Json);
  } catch {
    return text;
  }
}

export function formatOf(measure: MeasureName | undefined): (value: number) => string {
  if (measure?.startsWith("rate:") || measure?.includes("score") || measure?.includes("credit")) return (value) => percent(value, 1);
  if (measure?.endsWith(":duration")) return length;
  return count;
}

export function axisOf(measure: MeasureName): (value: number) => string {
  return measure === "count" || measure.startsWith("distinct") ? short : formatOf(measure);
}

/** The rows whose period is not over, or not whole within the question. */
export function partialRows(built: Built, answer: Answer): ReadonlySet<number> {
  return new Set(isTime(built.by) ? answer.incomplete : []);
}

/** The answer as a table: for readers, or for a file, which has times as they are. */
export function tableOf(built: Built, answer: Answer, aim: "page" | "file" = "page"): ChartTable {
  const rows = rowsOf(answer);
  const names = [t(`field.${built.by}`), ...(built.split ? [t(`field.${built.split}`)] : [])];
  const first = names.length;
  const partial = partialRows(built, answer);
  return {
    columns: [...names, ...built.measures.map(measureTitle)],
    rows: rows.map((row, at) => [
      aim === "file" && isTime(built.by)
        ? String(row.by)
        : `${nameOf(answer, "by", built.by, row.by ?? null)}${partial.has(at) ? ` (${t("explore.partial")})` : ""}`,
      ...(built.split ? [nameOf(answer, "split", built.split, row.split ?? null)] : []),
      ...built.measures.map((measure) => numberIn(row, measure) ?? null),
    ]),
    format: (value, column) => formatOf(built.measures[column - first])(value),
    isWithheld: (row, column) => {
      const measure = built.measures[column - first];
      return measure !== undefined && isWithheldAt(answer, row, measure);
    },
  };
}

/** A line for each of the largest parts, or for each measure. */
export function seriesOf(built: Built, answer: Answer, names: readonly string[]): Series[] {
  const rows = rowsOf(answer);
  const place = (row: Row) => names.indexOf(nameOf(answer, "by", built.by, row.by ?? null));
  const partial = names.map(() => false);
  for (const at of partialRows(built, answer)) {
    const row = rows[at];
    if (row) partial[place(row)] = true;
  }
  const split = built.split;
  if (!split) {
    return built.measures.slice(0, LINES_MAX).map((measure) => {
      const values: (number | undefined)[] = names.map(() => undefined);
      for (const row of rows) values[place(row)] = numberIn(row, measure);
      return { name: measureTitle(measure), values, partial };
    });
  }
  const measure = built.measures[0] ?? "count";
  const parts = new Map<string, { total: number; values: (number | undefined)[] }>();
  for (const row of rows) {
    const name = nameOf(answer, "split", split, row.split ?? null);
    const part = parts.get(name) ?? { total: 0, values: names.map(() => undefined) };
    const value = numberIn(row, measure);
    part.values[place(row)] = value;
    part.total += value ?? 0;
    parts.set(name, part);
  }
  return [...parts]
    .toSorted(([, one], [, other]) => other.total - one.total)
    .slice(0, LINES_MAX)
    .map(([name, part]) => ({ name, values: part.values, partial }));
}

/** A bar for each row: its value, and whether that is withheld. */
export function barsOf(built: Built, answer: Answer, measure: MeasureName) {
  const partial = partialRows(built, answer);
  return rowsOf(answer).map((row, at) => ({
    name: nameOf(answer, "by", built.by, row.by ?? null),
    value: numberIn(row, measure) ?? 0,
    isRunning: partial.has(at),
    isWithheld: isWithheldAt(answer, at, measure),
  }));
}
