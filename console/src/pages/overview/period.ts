import type { Condition } from "../../api/facts";
import { daysOf, type OwnPeriod, type PeriodName, type Preset } from "../../app/search";
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

const DAYS: Record<Exclude<Preset, "all">, number> = { "7d": 7, "30d": 30, "90d": 90, "365d": 365 };

function plusDays(date: Date, days: number): Date {
  const moved = new Date(date);
  moved.setDate(moved.getDate() + days);
  return moved;
}

/** The first day of the week of a day, from Monday. */
function monday(date: Date): Date {
  return plusDays(date, -((date.getDay() + 6) % 7));
}

/** From how many days on a period is divided into months, and compared with none. */
const MONTHS_FROM = 800;

const DAY_MS = 86_400_000;

export function periodOf(name: PeriodName, now = new Date()): Period {
  if (name === "all") return { name, to: dayKey(plusDays(now, 1)), shift: 0, unit: "month", steps: [] };
  const own = daysOf(name);
  const last = own ? new Date(`${own.last}T12:00`) : now;
  const days = own ? Math.round((last.getTime() - new Date(`${own.first}T12:00`).getTime()) / DAY_MS) + 1 : DAYS[name as Exclude<Preset, "all">];
  return ending(name, last, days);
}

/** The period of so many days that ends with a day. */
function ending(name: Preset | OwnPeriod, last: Date, days: number): Period {
  const to = dayKey(plusDays(last, 1));
  const first = plusDays(last, 1 - days);
  if (days > MONTHS_FROM) return { name, from: dayKey(first), to, shift: 0, unit: "month", steps: [] };
  const unit: Unit = days > 90 ? "week" : "day";
  const steps: string[] = [];
  const step = unit === "week" ? 7 : 1;
  for (let day = unit === "week" ? monday(first) : first; dayKey(day) < to; day = plusDays(day, step)) {
    steps.push(dayKey(day));
  }
  const shift = Math.ceil(days / 7) * 7;
  const before = [dayKey(plusDays(first, -shift)), dayKey(plusDays(last, 1 - shift))] as const;
  return { name, from: dayKey(first), to, shift, before, unit, steps };
}

/** Whether the last day of a period is not over. */
export function isRunning(period: Period, now = new Date()): boolean {
  return period.to > dayKey(now);
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
