import { locale, t } from "./text";

const cached = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${JSON.stringify(options)}`;
  let found = cached.get(key) as Intl.NumberFormat | undefined;
  if (!found) cached.set(key, (found = new Intl.NumberFormat(locale(), options)));
  return found;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${JSON.stringify(options)}`;
  let found = cached.get(key) as Intl.DateTimeFormat | undefined;
  if (!found) cached.set(key, (found = new Intl.DateTimeFormat(locale(), options)));
  return found;
}

export function count(value: number): string {
  return numbers({ maximumFractionDigits: 2 }).format(value);
}

/** A number for axes, as in `24k`. */
export function short(value: number): string {
  return numbers({ notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** A share, from 0 to 1. */
export function percent(value: number, digits = 0): string {
  return numbers({ style: "percent", maximumFractionDigits: digits }).format(value);
}

/** A share as the width of a bar. */
export function widthOf(share: number): string {
  return `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%`;
}

/** A coefficient, as in `0.31`. */
export function ratio(value: number): string {
  return numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}

export function bytes(value: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3));
  return numbers({
    style: "unit",
    unit: units[power],
    unitDisplay: power === 0 ? "long" : "short",
    maximumFractionDigits: 1,
  }).format(value / 1000 ** power);
}

/** The day of a time in the zone of the browser, as in `2026-03-12`. */
export function dayKey(time: Date): string {
  const month = String(time.getMonth() + 1).padStart(2, "0");
  return `${time.getFullYear()}-${month}-${String(time.getDate()).padStart(2, "0")}`;
}

export function clock(time: string | Date): string {
  return dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(time));
}

export function hourMinute(time: string | Date): string {
  return dates({ hour: "2-digit", minute: "2-digit" }).format(new Date(time));
}

export function day(time: string | Date): string {
  return dates({ day: "numeric", month: "short" }).format(new Date(time));
}

/** A month, with its year where that is new. */
export function month(time: Date, hasYear: boolean): string {
  return dates(hasYear ? { month: "short", year: "numeric" } : { month: "short" }).format(time);
}

/** Days from one to another, with the year of each where they differ, as in `1–30 Nov 2026`. */
export function dayRange(first: Date, last: Date): string {
  return dates({ day: "numeric", month: "short", year: "numeric" }).formatRange(first, last);
}

export function date(time: string | Date): string {
  return dates({ day: "numeric", month: "long", year: "numeric" }).format(new Date(time));
}

export function moment(time: string | Date): string {
  return dates({ dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}

export function exact(time: string | Date): string {
  return dates({
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  }).format(new Date(time));
}

/** A day as the head of what happened on it. */
export function dayHead(time: string): string {
  const today = dayKey(new Date());
  const key = dayKey(new Date(time));
  if (key === today) return t("time.today");
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  return key === dayKey(yesterday) ? t("time.yesterday") : date(time);
}

/** A day in a narrow margin, as in `Fri 6 Mar`; with its year, if it is not this one. */
export function dayMark(time: Date): string {
  if (dayKey(time) === dayKey(new Date())) return t("time.today");
  const isThisYear = time.getFullYear() === new Date().getFullYear();
  return dates({ weekday: "short", day: "numeric", month: "short", ...(isThisYear ? {} : { year: "numeric" }) }).format(time);
}

/** How long ago a time is, in its largest unit. */
export function ago(time: string | Date, now = Date.now()): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ["year", 31_536_000],
    ["month", 2_592_000],
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(seconds, "second");
}

/** A length of time in its two largest units. */
export function length(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "day"],
    [Math.floor(seconds / 3_600) % 24, "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [Math.round(seconds % 60), "second"],
  ];
  const shown = parts.filter(([value]) => value > 0).slice(0, 2);
  return (shown.length > 0 ? shown : [[0, "second"] as [number, string]])
    .map(([value, unit]) => numbers({ style: "unit", unit, unitDisplay: "short" }).format(value))
    .join(" ");
}

export function zone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
