import { t } from "../../text/text";

/** Fields that rows and series can be. */
export const GROUP_FIELDS = [
  "timestamp:day",
  "timestamp:week",
  "timestamp:month",
  "timestamp:quarter",
  "timestamp:year",
  "timestamp:weekday",
  "timestamp:hour_of_day",
  "verb",
  "object",
  "object.type",
  "course",
  "person",
  "source",
  "platform",
  "language",
  "response",
  "success",
  "completion",
  "registration",
  "version",
] as const;
export type GroupField = (typeof GROUP_FIELDS)[number];

/** What can be computed. */
export const MEASURES = [
  "count",
  "distinct:person",
  "distinct:object",
  "distinct:course",
  "distinct:registration",
  "rate:success",
  "rate:completion",
  "mean:score.scaled",
  "median:score.scaled",
  "mean:credit",
  "sum:duration",
  "mean:duration",
  "median:duration",
] as const;
export type MeasureName = (typeof MEASURES)[number];

export function isGroupField(text: string | undefined): text is GroupField {
  return GROUP_FIELDS.some((field) => field === text);
}

export function isMeasure(text: string): text is MeasureName {
  return MEASURES.some((measure) => measure === text);
}

export function measureTitle(measure: MeasureName): string {
  return t(`measure.${measure}`);
}

export function isTime(field: string): boolean {
  return field.startsWith("timestamp:");
}
