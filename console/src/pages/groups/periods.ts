/** A time at which somebody is a member: from a first day, to before another one. */
export interface Period {
  readonly from: string | null;
  readonly until: string | null;
}

/** The same by its last day, as people say it. */
export interface DayPeriod {
  readonly first: string;
  readonly last: string;
}

/** A day some days later, as in `2026-03-12`. */
function shift(day: string, days: number): string {
  const time = new Date(`${day}T12:00:00Z`);
  time.setUTCDate(time.getUTCDate() + days);
  return time.toISOString().slice(0, 10);
}

/** A period in the fields of a form; nothing for an open end. */
export function toDays({ from, until }: Period): DayPeriod {
  return { first: from ?? "", last: until === null ? "" : shift(until, -1) };
}

export function toPeriod({ first, last }: DayPeriod): Period {
  return { from: first || null, until: last ? shift(last, 1) : null };
}

/** Whether somebody is a member on a day, was one, or will be one. */
export type State = "now" | "past" | "future";

export function stateOf(periods: readonly Period[], today: string): State {
  const isNow = ({ from, until }: Period) => (from === null || from <= today) && (until === null || today < until);
  if (periods.some(isNow)) return "now";
  return periods.some(({ from }) => from !== null && from > today) ? "future" : "past";
}

/** What is wrong with the periods of a form: a last day before the first, or two at the same time. */
export function faultOf(periods: readonly DayPeriod[]): "order" | "overlap" | undefined {
  if (periods.some(({ first, last }) => first && last && last < first)) return "order";
  const sorted = periods.toSorted((one, other) => (one.first < other.first ? -1 : one.first > other.first ? 1 : 0));
  const overlaps = sorted.some(({ first }, at) => {
    const before = sorted[at - 1];
    return before !== undefined && (before.last === "" || first === "" || first <= before.last);
  });
  return overlaps ? "overlap" : undefined;
}

/** Periods in the order of time, as they are sent. */
export function inOrder(periods: readonly DayPeriod[]): Period[] {
  return periods.toSorted((one, other) => (one.first < other.first ? -1 : 1)).map(toPeriod);
}
