import type { Dimension, Question } from "../../api/facts";
import type { ExploreSearch } from "../../app/search";
import { alternativesOf, readWhere, type Where } from "../../statement/where";
import { all, within, type Period } from "../overview/period";
import { isGroupField, isMeasure, isTime, type GroupField, type MeasureName } from "./fields";

/** The most rows of an answer. */
export const ROWS_MAX = 1_000;

/** A question as the builder shows it. */
export interface Built {
  readonly measures: MeasureName[];
  readonly by: GroupField;
  readonly split: GroupField | undefined;
  readonly where: Where[];
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

function dimensionOf(field: GroupField, name: string): Dimension {
  const [base, unit] = field.split(":");
  return unit ? { field: base ?? field, by: unit, name } : { field, name };
}

/** The question for the server; without a zone, days are those of the tenant. */
export function questionOf(built: Built, period: Period, zone?: string): Question {
  const dimensions = [dimensionOf(built.by, "by"), ...(built.split ? [dimensionOf(built.split, "split")] : [])];
  return {
    measures: built.measures.map((name) => {
      const [measure, of] = name.split(":");
      return { measure: measure ?? "count", of, name };
    }),
    dimensions,
    where: all(within(period), ...alternativesOf(built.where).map(({ condition }) => condition)),
    order: isTime(built.by) ? [{ by: "by" }] : [{ by: built.measures[0] ?? "count", descending: true }],
    zone,
    limit: ROWS_MAX,
  };
}
