import { labelIn, numberIn, rowsOf, type Answer, type Cell, type Row } from "../../api/facts";
import { lastPart } from "../../statement/sentence";

const HOUR_MS = 3_600_000;

/** How something ended. */
export type OutcomeKind = "passed" | "failed" | "completed";

/** Something that was passed, failed or completed. */
export interface Outcome {
  readonly lane: string;
  readonly object: string;
  readonly name: string;
  readonly kind: OutcomeKind;
  /** The beginning of the hour, in the zone of the viewer. */
  readonly time: Date;
  /** From 0 to 1. */
  readonly score: number | undefined;
}

/** A time in which a learner worked. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a learner did in one source. */
export interface Lane {
  readonly name: string;
  readonly statements: number;
  readonly spans: readonly Span[];
  readonly outcomes: readonly Outcome[];
}

export interface Journey {
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly Lane[];
}

/** The most lanes that are drawn; smaller sources are one lane. */
const LANES_MAX = 8;

/** Times that are closer than this share of the whole are drawn as one. */
const CLOSE = 0.006;

function laneOf(row: Row, sources: ReadonlyMap<string, string>): string {
  const platform = row.platform;
  if (typeof platform === "string" && platform !== "") return platform;
  const source = row.source;
  return typeof source === "string" ? (sources.get(source) ?? source) : "–";
}

function timeOf(value: Cell | undefined): Date | undefined {
  const time = new Date(String(value));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function kindOf(verb: Cell | undefined): OutcomeKind {
  const name = lastPart(String(verb));
  return name === "passed" || name === "failed" ? name : "completed";
}

/** What was passed, failed and completed, in its order. */
export function outcomesOf(answer: Answer, sources: ReadonlyMap<string, string>): Outcome[] {
  return rowsOf(answer).flatMap((row) => {
    const time = timeOf(row.hour);
    const object = row.object;
    if (!time || typeof object !== "string") return [];
    const name = labelIn(answer, "object", object) ?? lastPart(object);
    return [{ lane: laneOf(row, sources), object, name, kind: kindOf(row.verb), time, score: numberIn(row, "score") }];
  });
}

/** Hours as times, of which those that are close to each other are one. */
export function spansOf(hours: readonly number[], close: number): Span[] {
  const spans: { from: number; to: number }[] = [];
  for (const hour of hours.toSorted((one, other) => one - other)) {
    const last = spans.at(-1);
    if (last && hour - last.to <= close) last.to = Math.max(last.to, hour + HOUR_MS);
    else spans.push({ from: hour, to: hour + HOUR_MS });
  }
  return spans;
}

/** What a learner did, in a lane for each source, from the first of it until now. */
export function journeyOf(hours: Answer, outcomes: readonly Outcome[], sources: ReadonlyMap<string, string>, now: number): Journey {
  const byLane = new Map<string, { hours: number[]; statements: number }>();
  for (const row of rowsOf(hours)) {
    const time = timeOf(row.hour);
    if (!time) continue;
    const name = laneOf(row, sources);
    const lane = byLane.get(name) ?? { hours: [], statements: 0 };
    lane.hours.push(time.getTime());
    lane.statements += numberIn(row, "statements") ?? 0;
    byLane.set(name, lane);
  }
  const all = [...byLane.values()].flatMap((lane) => lane.hours);
  const first = all.reduce((least, hour) => Math.min(least, hour), now);
  const last = all.reduce((most, hour) => Math.max(most, hour + HOUR_MS), now);
  const range = Math.max(last - first, 24 * HOUR_MS);
  const [from, to] = [first - range * 0.01, first + range * 1.02];
  const sorted = [...byLane].toSorted(([, one], [, other]) => other.statements - one.statements).slice(0, LANES_MAX);
  return {
    from,
    to,
    lanes: sorted.map(([name, lane]) => ({
      name,
      statements: lane.statements,
      spans: spansOf(lane.hours, range * CLOSE),
      outcomes: outcomes.filter((outcome) => outcome.lane === name),
    })),
  };
}

/** The beginnings of months, or of years, within a time: at most `most`. */
export function monthsOf(from: number, to: number, most = 12): Date[] {
  const first = new Date(from);
  const months = (new Date(to).getFullYear() - first.getFullYear()) * 12 + new Date(to).getMonth() - first.getMonth();
  const step = [1, 2, 3, 6, 12, 24, 60].find((size) => months / size <= most) ?? 120;
  const starts: Date[] = [];
  for (let month = Math.ceil((first.getMonth() + 1) / step) * step; starts.length <= most; month += step) {
    const start = new Date(first.getFullYear(), month, 1);
    if (start.getTime() > to) break;
    starts.push(start);
  }
  return starts;
}

/** A reason to look at a learner, by a fixed rule. */
export type Reason =
  | { readonly kind: "failing"; readonly name: string; readonly object: string; readonly times: number; readonly last: Date; readonly scores: readonly number[] }
  | { readonly kind: "quiet"; readonly days: number; readonly courses: readonly string[] };

/** From how many failures on, and after how many days without anything, there is a reason. */
export const FAILURES_MIN = 3;
export const QUIET_DAYS = 30;

/** What needs somebody: failing the same thing again and again, or nothing for long in the middle of a course. */
export function reasonsOf(outcomes: readonly Outcome[], unfinished: readonly string[], lastAt: number | undefined, now: number): Reason[] {
  const failing = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    if (outcome.kind === "failed") failing.set(outcome.object, [...(failing.get(outcome.object) ?? []), outcome]);
    else if (outcome.kind === "passed") failing.delete(outcome.object);
  }
  const reasons: Reason[] = [...failing.values()]
    .filter((failures) => failures.length >= FAILURES_MIN)
    .toSorted((one, other) => other.length - one.length)
    .map((failures) => {
      const last = failures[failures.length - 1] as Outcome;
      const scores = failures.flatMap((failure) => failure.score ?? []);
      return { kind: "failing", name: last.name, object: last.object, times: failures.length, last: last.time, scores };
    });
  const days = lastAt === undefined ? 0 : Math.floor((now - lastAt) / (24 * HOUR_MS));
  if (days >= QUIET_DAYS && unfinished.length > 0) reasons.push({ kind: "quiet", days, courses: unfinished });
  return reasons;
}

/** The attempts with a score at what was attempted most often; none unless there are two. */
export function attemptsOf(outcomes: readonly Outcome[]): Outcome[] {
  const byObject = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    if (outcome.score === undefined || outcome.kind === "completed") continue;
    byObject.set(outcome.object, [...(byObject.get(outcome.object) ?? []), outcome]);
  }
  const most = [...byObject.values()].toSorted((one, other) => other.length - one.length)[0] ?? [];
  return most.length > 1 ? most.slice(-8) : [];
}
