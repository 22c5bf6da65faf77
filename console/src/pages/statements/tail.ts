import { useCallback, useEffect, useEffectEvent, useReducer, useRef, useState } from "react";
import type { StreamEvent } from "../../api/events";
import { readPage, streamOf, type StatementFilter } from "../../api/statements";
import { openStream, type Lost, type OpenStream } from "../../api/stream";
import { toEntry, type Entry } from "../../statement/types";
import { arrive, NOTHING_ARRIVED, ROWS_MAX, type Rows } from "./arrived";

/** Rows enter at most so often, so that the page has time for its reader between them. */
const BATCH_MS = 250;

/** The most rows that are read of what was stored before the stream was open. */
const MISSED_ROWS = 200;

export interface Tail {
  /** What came since the list was read and is shown, newest first. */
  readonly fresh: readonly Entry[];
  /** If more came than is kept: when the oldest of `fresh` was stored. */
  readonly cut: string | undefined;
  /** How many came since the list was read, and are shown. */
  readonly freshCount: number;
  /** How many came while the tail was paused. */
  readonly waitingCount: number;
  readonly pausedAt: Date | undefined;
  readonly isOpen: boolean;
  readonly lost: Lost | undefined;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Shows what is waiting, and stays paused. */
  readonly show: () => void;
  /** Tries a lost connection again. */
  readonly retry: () => void;
}

/** Where a tail begins. */
export interface TailStart {
  /** Whether it begins at all, now. */
  readonly isReady: boolean;
  /** The newest statement that is known; without one, none is known. */
  readonly newest?: Entry;
  /** Whether only what is stored from now on counts. */
  readonly isFromNow?: boolean;
}

/** Follows what is stored, by a stream of the server. */
export function useTail(tenant: number, filter: StatementFilter, { isReady, newest, isFromNow = false }: TailStart): Tail {
  const [arrived, dispatch] = useReducer(arrive, NOTHING_ARRIVED);
  const [isOpen, setIsOpen] = useState(false);
  const [lost, setLost] = useState<Lost>();
  const stream = useRef<OpenStream>(undefined);
  const isWanted = isReady && filter.until === undefined;
  const path = streamOf(tenant, filter);

  /** Reads what was stored after the list was read and before the stream was open. */
  const readMissed = useEffectEvent(async (signal: AbortSignal) => {
    if (isFromNow) return;
    try {
      const page = await readPage(tenant, { ...filter, since: newest?.stored ?? filter.since, limit: MISSED_ROWS }, signal);
      dispatch({ kind: "missed", entries: page.entries.filter((entry) => entry.id !== newest?.id), isCut: page.next !== undefined });
    } catch {
      // Nothing of it is missing in the list when it is read again.
    }
  });

  useEffect(() => {
    if (!isWanted) return undefined;
    const stop = new AbortController();
    const batches = new Batches((batch) => dispatch({ kind: "batch", batch }));
    let isFirst = true;
    const opened = openStream(path, {
      onEvents: (events) => batches.add(events),
      onOpen: () => {
        setIsOpen(true);
        setLost(undefined);
        if (isFirst) void readMissed(stop.signal);
        isFirst = false;
      },
      onLost: setLost,
    });
    stream.current = opened;
    return () => {
      stop.abort();
      opened.close();
      batches.end();
      stream.current = undefined;
      setIsOpen(false);
      setLost(undefined);
      dispatch({ kind: "clear" });
    };
  }, [path, isWanted]);

  return {
    fresh: arrived.fresh.entries,
    cut: arrived.fresh.cut,
    freshCount: arrived.fresh.count,
    waitingCount: arrived.waiting.count,
    pausedAt: arrived.pausedAt,
    isOpen,
    lost,
    pause: useCallback(() => dispatch({ kind: "pause", at: new Date() }), []),
    resume: useCallback(() => dispatch({ kind: "resume" }), []),
    show: useCallback(() => dispatch({ kind: "show" }), []),
    retry: useCallback(() => stream.current?.retry(), []),
  };
}

/** Collects what comes, and passes it on not too often. Only what can be shown is read. */
class Batches {
  readonly #pass: (batch: Rows) => void;
  #texts: string[] = [];
  #count = 0;
  #passedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pass: (batch: Rows) => void) {
    this.#pass = pass;
  }

  add(events: readonly StreamEvent[]): void {
    for (const event of events) if (event.name === "statement") this.#texts.push(event.data);
    this.#count += events.filter((event) => event.name === "statement").length;
    if (this.#texts.length > 2 * ROWS_MAX) this.#texts = this.#texts.slice(-ROWS_MAX);
    if (this.#count === 0 || this.#timer !== undefined) return;
    const wait = Math.max(0, this.#passedAt + BATCH_MS - Date.now());
    this.#timer = setTimeout(() => this.#flush(), wait);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    const entries = this.#texts
      .slice(-ROWS_MAX)
      .map((text) => toEntry(JSON.parse(text)))
      .filter((entry) => entry !== undefined)
      .toReversed();
    const isCut = this.#count > entries.length;
    this.#pass({ entries, count: this.#count, cut: isCut ? entries.at(-1)?.stored : undefined });
    this.#texts = [];
    this.#count = 0;
    this.#timer = undefined;
    this.#passedAt = Date.now();
  }
}
