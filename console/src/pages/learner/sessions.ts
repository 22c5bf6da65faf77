import { lastPart, sentenceOf, type Mark, type Sentence } from "../../statement/sentence";
import { member, textOf, type Entry } from "../../statement/types";

/** Without anything for longer than this, a session is over, as in docs/guide/analyses.md. */
const GAP_MS = 30 * 60_000;

/** The most outcomes of a session that are told. */
const OUTCOMES_MAX = 4;

/** A thing that was passed, failed or completed in a session. */
export interface Told {
  readonly id: string;
  readonly sentence: Sentence;
  readonly mark: Mark | undefined;
  readonly isGood: boolean;
}

/** What a learner did in one source without a longer pause. */
export interface Session {
  readonly id: string;
  readonly source: string;
  readonly from: Date;
  readonly to: Date;
  /** Its statements, the newest first. */
  readonly entries: readonly Entry[];
  readonly told: readonly Told[];
  readonly answers: number;
  readonly correct: number;
}

/** When a statement happened; when it was stored, if it says nothing that is a time. */
export function happened(entry: Entry): Date {
  const time = new Date(textOf(entry.statement, "timestamp") ?? entry.stored);
  return Number.isNaN(time.getTime()) ? new Date(entry.stored) : time;
}

function verbOf(entry: Entry): string {
  return lastPart(textOf(member(entry.statement, "verb"), "id") ?? "");
}

const GOOD = new Set(["passed", "completed", "satisfied", "mastered", "earned", "attended"]);

/** The sessions of statements, the newest first. */
export function sessionsOf(entries: readonly Entry[], sourceOf: (entry: Entry) => string, languages: readonly string[]): Session[] {
  const bySource = new Map<string, { entry: Entry; time: number }[]>();
  for (const entry of entries) {
    const source = sourceOf(entry);
    bySource.set(source, [...(bySource.get(source) ?? []), { entry, time: happened(entry).getTime() }]);
  }
  const sessions: Session[] = [];
  for (const [source, all] of bySource) {
    let current: Entry[] = [];
    let last: number | undefined;
    for (const { entry, time } of all.toSorted((one, other) => other.time - one.time)) {
      if (last !== undefined && last - time > GAP_MS) {
        sessions.push(sessionOf(source, current, languages));
        current = [];
      }
      current.push(entry);
      last = time;
    }
    if (current.length > 0) sessions.push(sessionOf(source, current, languages));
  }
  return sessions.toSorted((one, other) => other.to.getTime() - one.to.getTime());
}

function sessionOf(source: string, entries: readonly Entry[], languages: readonly string[]): Session {
  const times = entries.map((entry) => happened(entry).getTime());
  const answered = entries.filter((entry) => verbOf(entry) === "answered");
  return {
    id: entries.at(-1)?.id ?? "",
    source,
    from: new Date(Math.min(...times)),
    to: new Date(Math.max(...times)),
    entries,
    told: toldOf(entries, languages),
    answers: answered.length,
    correct: answered.filter((entry) => member(member(entry.statement, "result"), "success") === true).length,
  };
}

/** What a session came to: what was passed, failed or completed, or else what was done first. */
function toldOf(entries: readonly Entry[], languages: readonly string[]): Told[] {
  const outcomes = entries.filter((entry) => verbOf(entry) === "failed" || GOOD.has(verbOf(entry)));
  const seen = new Set<string>();
  const told = outcomes
    .toSorted((one, other) => weight(verbOf(other)) - weight(verbOf(one)))
    .filter((entry) => {
      // One thing is told once: that it was passed, rather than that it was completed too.
      const object = textOf(member(entry.statement, "object"), "id") ?? entry.id;
      const key = verbOf(entry) === "failed" ? `${entry.id}` : object;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, OUTCOMES_MAX);
  const first = entries.at(-1);
  return (told.length > 0 ? told : first ? [first] : []).map((entry) => {
    const sentence = sentenceOf(entry.statement, languages);
    return { id: entry.id, sentence, mark: sentence.mark, isGood: GOOD.has(verbOf(entry)) };
  });
}

/** How much more is said by one outcome than by another. */
function weight(verb: string): number {
  return ["completed", "satisfied", "passed", "failed"].indexOf(verb);
}
