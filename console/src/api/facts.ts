import { queryOptions } from "@tanstack/react-query";
import { ApiError } from "./problem";
import { api, take, type Schemas } from "./client";

export type Question = Schemas["Question"];
export type Condition = Schemas["ConditionRequest"];
export type Measure = Schemas["MeasureRequest"];
export type Dimension = Schemas["DimensionRequest"];
export type Answer = Schemas["Answer"];
export type Cell = string | number | boolean | null;

/** The answer to a question about the facts of a tenant. */
export function factsQuery(tenant: number, question: Question) {
  return queryOptions({
    queryKey: ["facts", tenant, question],
    staleTime: 30_000,
    retry: false,
    queryFn: ({ signal }) =>
      take(api.POST("/tenants/{tenant}/query", { params: { path: { tenant } }, body: question, signal })),
  });
}

/** How far the facts are. */
export function factsStateQuery(tenant: number) {
  return queryOptions({
    queryKey: ["facts-state", tenant],
    staleTime: 5_000,
    retry: false,
    queryFn: ({ signal }) => take(api.GET("/tenants/{tenant}/facts", { params: { path: { tenant } }, signal })),
  });
}

/** Whether an error says that this server makes no facts. */
export function areFactsOff(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** A row of an answer by the names of its columns. */
export type Row = Record<string, Cell>;

export function rowsOf(answer: Answer): Row[] {
  const names = answer.columns.map((column) => column.name);
  return answer.rows.map((row) => Object.fromEntries(names.map((name, index) => [name, cell(row[index])])));
}

export function totalsOf(answer: Answer): Row {
  const measures = answer.columns.filter((column) => column.kind === "measure");
  return Object.fromEntries(measures.map((column, index) => [column.name, cell(answer.totals?.[index])]));
}

function cell(value: unknown): Cell {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

export function numberIn(row: Row | undefined, name: string): number | undefined {
  const value = row?.[name];
  return typeof value === "number" ? value : undefined;
}

/** What is withheld of an answer, as far as a view must know it. */
export interface WithheldParts {
  readonly leastLearners: number;
  readonly hasRows: boolean;
  /** Whether anything but whole rows is withheld. */
  readonly hasFigures: boolean;
  /** Whether nothing is shown at all. */
  readonly isAll: boolean;
}

export function withheldOf(answer: Answer | undefined): WithheldParts | undefined {
  const withheld = answer?.withheld;
  if (!withheld) return undefined;
  return {
    leastLearners: withheld.smallest_group,
    hasRows: withheld.rows,
    hasFigures: withheld.cells.length > 0 || withheld.totals.length > 0 || withheld.fact_count,
    isAll: answer.rows.length === 0 && answer.fact_count === 0,
  };
}

/** Whether the value in a row and a column was withheld, rather than that there is none. */
export function isWithheldAt(answer: Answer | undefined, row: number, column: string): boolean {
  const cells = answer?.withheld?.cells;
  if (!cells || cells.length === 0) return false;
  const place = answer.columns.findIndex((known) => known.name === column);
  return cells.some(([atRow, atColumn]) => atRow === row && atColumn === place);
}

/** Whether the total of a measure was withheld. */
export function isTotalWithheld(answer: Answer | undefined, measure: string): boolean {
  const totals = answer?.withheld?.totals;
  if (!totals || totals.length === 0) return false;
  const measures = answer.columns.filter((column) => column.kind === "measure");
  return totals.includes(measures.findIndex((column) => column.name === measure));
}

/** The name of an id in a column, where one is known. */
export function labelIn(answer: Answer | undefined, column: string, id: Cell): string | undefined {
  return typeof id === "string" ? answer?.labels?.[column]?.[id] : undefined;
}
