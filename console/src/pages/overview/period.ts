import type { Condition } from "../../api/facts";
import type { PeriodName } from "../../app/search";
import { dayKey } from "../../text/format";

export type Unit = "day" | "week" | "month";

/** A period of days of the viewer, and the one before it. */
export interface Period {
  readonly name: PeriodName;
  /** The first day, as in `2026-03-01`; none for everything. */
  readonly from?: string;
  /** The day after the last. */
  readonly to: string;
  /** How many days before it the period is that it is compared with: whole weeks, so that weekdays meet. */
  readonly shift: number;
  /** The first day of the period before, and the day after its last. */
  readonly before?: readonly [string, string];
  readonly unit: Unit;
  /** The days, weeks or months of it, each by its first day. */
  readonly steps: readonly string[];
}

const DAYS: Record<Exclude<PeriodName, "all">, number> = { "7d": 7, "30d": 30, "90d": 90, "365d": 365 };

function plusDays(date: Date, days: number): Date {
  const moved = new Date(date);
  moved.setDate(moved.getDate() + days);
  return moved;
}

/** The first day of the week of a day, from Monday. */
function monday(date: Date): Date {
  return plusDays(date, -((date.getDay() + 6) % 7));
}

export function periodOf(name: PeriodName, now = new Date()): Period {
  const to = dayKey(plusDays(now, 1));
  if (name === "all") return { name, to, shift: 0, unit: "month", steps: [] };
  const days = DAYS[name];
  const first = plusDays(now, 1 - days);
  const unit: Unit = days > 90 ? "week" : "day";
  const steps: string[] = [];
  const step = unit === "week" ? 7 : 1;
  for (let day = unit === "week" ? monday(first) : first; dayKey(day) < to; day = plusDays(day, step)) {
    steps.push(dayKey(day));
  }
  const shift = Math.ceil(days / 7) * 7;
  const before = [dayKey(plusDays(first, -shift)), dayKey(plusDays(now, 1 - shift))] as const;
  return { name, from: dayKey(first), to, shift, before, unit, steps };
}

/** The condition of a period on the time when something happened. */
export function within(period: Period): Condition | undefined {
  if (!period.from) return undefined;
  return { field: "timestamp", from: period.from, to: period.to };
}

/** The condition of the period before. */
export function withinBefore(period: Period): Condition | undefined {
  if (!period.before) return undefined;
  return { field: "timestamp", from: period.before[0], to: period.before[1] };
}

/** All of these conditions; undefined for none. */
export function all(...conditions: (Condition | undefined)[]): Condition | undefined {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length > 1 ? { and: given } : given[0];
}
