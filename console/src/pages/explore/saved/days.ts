import { daysOf, type PeriodName } from "../../../app/search";
import { dayRange } from "../../../text/format";

/** The days of one's own in words; undefined for a period that ends today. */
export function daysName(period: PeriodName): string | undefined {
  const days = daysOf(period);
  return days && dayRange(new Date(`${days.first}T12:00`), new Date(`${days.last}T12:00`));
}
