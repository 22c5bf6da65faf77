import type { Entry } from "../../statement/types";

/**
 * The most rows that came and are kept. What is older is read again when somebody scrolls down to
 * it, so that a page that is open for days under full load does not grow.
 */
export const ROWS_MAX = 500;

/** Rows that came, newest first, of which only the newest are kept. */
export interface Rows {
  readonly entries: readonly Entry[];
  /** How many came, also those that are not kept. */
  readonly count: number;
  /** If rows were left out: when the oldest one that is kept was stored. */
  readonly cut: string | undefined;
}

/** What came since a list was read. */
export interface Arrived {
  /** What is shown. */
  readonly fresh: Rows;
  /** What came while the tail was paused. */
  readonly waiting: Rows;
  readonly pausedAt: Date | undefined;
}

export type Arrival =
  | { readonly kind: "batch"; readonly batch: Rows }
  /** What was stored between the reading of the list and the opening of the stream. */
  | { readonly kind: "missed"; readonly entries: readonly Entry[]; readonly isCut: boolean }
  | { readonly kind: "pause"; readonly at: Date }
  | { readonly kind: "show" }
  | { readonly kind: "resume" }
  | { readonly kind: "clear" };

const NO_ROWS: Rows = { entries: [], count: 0, cut: undefined };

export const NOTHING_ARRIVED: Arrived = { fresh: NO_ROWS, waiting: NO_ROWS, pausedAt: undefined };

/** The newest of these rows and of older ones. */
function before(newer: Rows, older: Rows): Rows {
  const ids = new Set(older.entries.map((entry) => entry.id));
  const added = newer.entries.filter((entry) => !ids.has(entry.id));
  const count = older.count + newer.count - (newer.entries.length - added.length);
  // Between rows that were left out and older ones there would be a gap.
  const all = newer.cut === undefined ? [...added, ...older.entries] : added;
  const entries = all.slice(0, ROWS_MAX);
  const isCut = newer.cut !== undefined || older.cut !== undefined || all.length > ROWS_MAX;
  return { entries, count, cut: isCut ? entries.at(-1)?.stored : undefined };
}

export function arrive(known: Arrived, arrival: Arrival): Arrived {
  const { fresh, waiting, pausedAt } = known;
  switch (arrival.kind) {
    case "batch":
      return pausedAt
        ? { ...known, waiting: before(arrival.batch, waiting) }
        : { ...known, fresh: before(arrival.batch, fresh) };
    case "missed": {
      const cut = arrival.isCut ? arrival.entries.at(-1)?.stored : undefined;
      const missed: Rows = { entries: arrival.entries, count: arrival.entries.length, cut: undefined };
      const { entries, count } = before(missed, fresh);
      // The stream may have sent the newest of them already.
      const sorted = entries.toSorted((one, other) => (one.stored < other.stored ? 1 : one.stored > other.stored ? -1 : 0));
      return { ...known, fresh: { entries: sorted, count, cut: cut ?? fresh.cut } };
    }
    case "pause":
      return { ...known, pausedAt: pausedAt ?? arrival.at };
    case "show":
      return { ...known, fresh: before(waiting, fresh), waiting: NO_ROWS };
    case "resume":
      return { fresh: before(waiting, fresh), waiting: NO_ROWS, pausedAt: undefined };
    case "clear":
      return { ...NOTHING_ARRIVED, pausedAt };
  }
}
