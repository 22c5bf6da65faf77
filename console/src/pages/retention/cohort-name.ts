import { day } from "../../text/format";
import { locale } from "../../text/text";

/** A period by its first day, as the analyses write it, in words. */
export function cohortName(period: string, by: "day" | "week" | "month" | "quarter" | "year"): string {
  const first = new Date(`${/^\d{4}$/u.test(period) ? `${period}-01-01` : period.slice(0, 10).padEnd(10, "-01")}T12:00`);
  if (Number.isNaN(first.getTime())) return period;
  if (by === "year") return String(first.getFullYear());
  if (by === "quarter") return period;
  if (by === "month") return new Intl.DateTimeFormat(locale(), { month: "short", year: "numeric" }).format(first);
  const year = first.getFullYear() === new Date().getFullYear() ? "" : ` ${first.getFullYear()}`;
  return `${day(first)}${year}`;
}
