/**
 * The state that addresses hold. Whatever somebody types into an address is read into one of
 * these forms; what is not understood is dropped.
 */

export interface StatementSearch {
  verb?: string;
  activity?: string;
  /** Whether the activity may be anywhere in the statement. */
  related?: boolean;
  /** The JSON of an agent. */
  agent?: string;
  registration?: string;
  since?: string;
  until?: string;
  /** Text within a name of the statement, its id, or its number. */
  q?: string;
  /** Conditions, as in `platform!=Campus`, one each. */
  where?: string[];
  /** Whether one of `where` is enough. */
  any?: boolean;
  order?: "oldest";
  /** Whether voided statements are listed too. */
  voided?: boolean;
  /** The statement that is open. */
  s?: string;
  view?: "tree" | "json";
}

type Given = Record<string, unknown>;

function text(value: unknown): string | undefined {
  if (typeof value === "string" && value !== "") return value;
  // The router reads what looks like JSON as JSON.
  if (typeof value === "number") return String(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : undefined;
}

/** The most conditions that an address has. */
const WHERE_MAX = 20;

function texts(value: unknown): string[] | undefined {
  const all = Array.isArray(value) ? value.map(text) : [];
  const known = all.filter((one): one is string => one !== undefined).slice(0, WHERE_MAX);
  return known.length > 0 ? known : undefined;
}

export function readStatements(given: Given): StatementSearch {
  return {
    verb: text(given.verb),
    activity: text(given.activity),
    related: given.related === true ? true : undefined,
    agent: text(given.agent),
    registration: text(given.registration),
    since: text(given.since),
    until: text(given.until),
    q: text(given.q),
    where: texts(given.where),
    any: given.any === true ? true : undefined,
    order: given.order === "oldest" ? "oldest" : undefined,
    voided: given.voided === true ? true : undefined,
    s: text(given.s),
    view: given.view === "tree" || given.view === "json" ? given.view : undefined,
  };
}

/** A period that stays relative when an address is shared. */
export const PERIODS = ["7d", "30d", "90d", "365d", "all"] as const;
export type Preset = (typeof PERIODS)[number];

/** The first and the last day of a period of one's own, as in `2026-01-01..2026-03-31`. */
export type OwnPeriod = `${string}..${string}`;
export type PeriodName = Preset | OwnPeriod;

/** The days of a period of one's own; undefined for any other text. */
export function daysOf(name: string): { first: string; last: string } | undefined {
  const [, first, last] = /^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$/u.exec(name) ?? [];
  if (!first || !last || first > last) return undefined;
  return [first, last].every((day) => new Date(`${day}T12:00Z`).toJSON()?.startsWith(day)) ? { first, last } : undefined;
}

function periodName(given: unknown): PeriodName | undefined {
  const preset = PERIODS.find((name) => name === given);
  if (preset) return preset;
  return typeof given === "string" && daysOf(given) ? (given as OwnPeriod) : undefined;
}

const VIEWS = ["courses", "videos"] as const;

export interface PeriodSearch {
  period?: PeriodName;
  /** Text that names contain. */
  q?: string;
  /** The measure that rows are ordered by. */
  sort?: string;
  /** What is listed of activities: all of them, if nothing is said. */
  view?: "courses" | "videos";
}

export function readPeriod(given: Given): PeriodSearch {
  const period = periodName(given.period);
  return { period: period === "30d" ? undefined : period, q: text(given.q), sort: text(given.sort), view: VIEWS.find((name) => name === given.view) };
}

/** Learners who come again, by when they came first. */
export interface RetentionSearch {
  period?: PeriodName;
  by?: "day" | "week" | "month" | "quarter" | "year";
}

export const COHORTS = ["day", "week", "month", "quarter", "year"] as const;

export function readRetention(given: Given): RetentionSearch {
  return { period: periodName(given.period), by: COHORTS.find((name) => name === given.by) };
}

/** What a page of an activity shows besides its summary. */
export const TABS = ["progress", "learners", "time", "video", "groups", "structure"] as const;
export type TabName = (typeof TABS)[number];

/** An activity, and what is looked at in it. */
export interface ActivitySearch {
  id?: string;
  /** The summary, if there is none. */
  tab?: TabName;
  /** Everything, if there is none. */
  period?: PeriodName;
  /** The quiz whose questions are shown. */
  quiz?: string;
  /** The question that is open. */
  q?: string;
  attempts?: "last" | "all";
  /** The day on which the course is to be completed. */
  due?: string;
  /** What groups of learners are made by. */
  group?: string;
}

export function readActivity(given: Given): ActivitySearch {
  return {
    id: text(given.id),
    tab: TABS.find((name) => name === given.tab),
    due: /^\d{4}-\d{2}-\d{2}$/u.test(text(given.due) ?? "") ? text(given.due) : undefined,
    group: text(given.group),
    period: periodName(given.period),
    quiz: text(given.quiz),
    q: text(given.q),
    attempts: given.attempts === "last" || given.attempts === "all" ? given.attempts : undefined,
  };
}

/** A learner, and what is looked at of them. */
export interface LearnerSearch {
  /** The JSON of an identifier, or the id of a person. */
  id?: string;
  /** Everything, if there is none. */
  period?: PeriodName;
}

export function readLearner(given: Given): LearnerSearch {
  return { id: text(given.id), period: periodName(given.period) };
}

export interface SourceSearch {
  /** The key of the credential that is open. */
  c?: string;
}

export function readSources(given: Given): SourceSearch {
  return { c: text(given.c) };
}

/** The groups, and the one that is open. */
export interface GroupSearch {
  g?: string;
  /** Text that names or kinds contain. */
  q?: string;
}

export function readGroups(given: Given): GroupSearch {
  return { g: text(given.g), q: text(given.q) };
}

export interface ExploreSearch {
  period?: PeriodName;
  /** Measures, separated by commas, as in `count,distinct:person`. */
  m?: string;
  /** What the rows are, as in `timestamp:day`. */
  by?: string;
  /** What divides each row, if anything. */
  split?: string;
  /** Conditions, as in `verb=https://…`, one each. */
  where?: string[];
  chart?: "bars" | "lines" | "table";
  /** The saved question that is open; alone, it fills the others. */
  saved?: string;
}

export function readExplore(given: Given): ExploreSearch {
  return {
    period: periodName(given.period),
    m: text(given.m),
    by: text(given.by),
    split: text(given.split),
    where: texts(given.where),
    chart: given.chart === "bars" || given.chart === "lines" || given.chart === "table" ? given.chart : undefined,
    saved: text(given.saved),
  };
}
