import { useCallback, useEffect, useRef, useState } from "react";
import { readPage, type StatementFilter } from "../../api/statements";
import type { Entry } from "../../statement/types";

/** How often the server is asked for what is new. */
const EVERY_MS = 1_000;

/** Rows of one question, and the most questions at once before the tail waits for the next turn. */
const ROWS = 200;
const QUESTIONS_MAX = 5;

/** A hidden page stops asking after this time. */
const HIDDEN_MS = 5 * 60_000;

/** The most new rows that are kept; beyond, the list is read again. */
export const FRESH_MAX = 2_000;

export interface Tail {
  /** What came since the list was read and is shown, newest first. */
  readonly fresh: readonly Entry[];
  /** What came while the tail was paused, newest first. */
  readonly waiting: readonly Entry[];
  readonly pausedAt: Date | undefined;
  /** When the server stopped answering. */
  readonly lostAt: Date | undefined;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Shows what is waiting, and stays paused. */
  readonly show: () => void;
}

/** Follows what is stored, from after `from` on. */
export function useTail(tenant: number, filter: StatementFilter, from: string | undefined): Tail {
  const [fresh, setFresh] = useState<Entry[]>([]);
  const [waiting, setWaiting] = useState<Entry[]>([]);
  const [pausedAt, setPausedAt] = useState<Date>();
  const [lostAt, setLostAt] = useState<Date>();
  const isPaused = useRef(false);
  const key = JSON.stringify([tenant, filter, from]);

  useEffect(() => {
    setFresh([]);
    setWaiting([]);
  }, [key]);

  const take = useCallback((entries: readonly Entry[]) => {
    if (entries.length === 0) return;
    const merge = (known: Entry[]) => {
      const ids = new Set(known.map((entry) => entry.id));
      return [...entries.filter((entry) => !ids.has(entry.id)).toReversed(), ...known];
    };
    if (isPaused.current) setWaiting(merge);
    else setFresh(merge);
  }, []);

  useEffect(() => {
    if (from === undefined || filter.until !== undefined) return undefined;
    const stop = new AbortController();
    let since = from;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hiddenSince: number | undefined;
    const ask = async () => {
      hiddenSince = document.hidden ? (hiddenSince ?? Date.now()) : undefined;
      if (hiddenSince === undefined || Date.now() - hiddenSince < HIDDEN_MS) {
        try {
          since = await readNew(tenant, filter, since, take, stop.signal);
          setLostAt(undefined);
        } catch {
          if (stop.signal.aborted) return;
          setLostAt((known) => known ?? new Date());
        }
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void ask(), EVERY_MS);
    };
    timer = setTimeout(() => void ask(), EVERY_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
    // The key stands for the tenant, the filter and the beginning.
    // eslint-disable-next-line react/exhaustive-deps
  }, [key, take]);

  const pause = useCallback(() => {
    if (isPaused.current) return;
    isPaused.current = true;
    setPausedAt(new Date());
  }, []);
  const show = useCallback(() => {
    setWaiting((known) => {
      setFresh((shown) => [...known, ...shown]);
      return [];
    });
  }, []);
  const resume = useCallback(() => {
    isPaused.current = false;
    setPausedAt(undefined);
    show();
  }, [show]);
  return { fresh, waiting, pausedAt, lostAt, pause, resume, show };
}

/** Reads everything after a time, and returns the time of the last of it. */
async function readNew(
  tenant: number,
  filter: StatementFilter,
  since: string,
  take: (entries: readonly Entry[]) => void,
  signal: AbortSignal,
): Promise<string> {
  let last = since;
  let cursor: string | undefined;
  for (let question = 0; question < QUESTIONS_MAX; question += 1) {
    const page = await readPage(tenant, { ...filter, since, ascending: true, limit: ROWS, cursor }, signal);
    take(page.entries);
    last = page.entries.at(-1)?.stored ?? last;
    cursor = page.next;
    if (!cursor) break;
  }
  return last;
}
