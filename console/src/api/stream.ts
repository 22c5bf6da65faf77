import { EventReader, type StreamEvent } from "./events";
import { ApiError, problemOf } from "./problem";
import { goToSignIn } from "./session";

/** Without a word for so long, a connection is dead: the server says something every 15 seconds. */
const SILENCE_MS = 40_000;

/** The first and the longest time before another attempt. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 30_000;

/**
 * A hidden page closes its streams after this time, because a browser opens at most six
 * connections to a server over HTTP/1.1. Once it is seen again, they continue where they were.
 */
const HIDDEN_MS = 30_000;

/** A stream that was lost: since when, and when it is tried again. */
export interface Lost {
  readonly at: Date;
  readonly retryAt: Date;
}

export interface StreamHandlers {
  /** The events of a piece, in their order. */
  readonly onEvents: (events: readonly StreamEvent[]) => void;
  /** The stream is open: for the first time, or again. */
  readonly onOpen: () => void;
  readonly onLost: (lost: Lost) => void;
}

export interface OpenStream {
  readonly close: () => void;
  /** Tries again now, if the stream is lost. */
  readonly retry: () => void;
}

/**
 * Follows a stream of the server until it is closed. A lost stream is opened again where it was,
 * after a time that grows with every attempt.
 */
export function openStream(path: string, handlers: StreamHandlers): OpenStream {
  const reader = new StreamReader(path, handlers);
  reader.begin();
  return { close: () => reader.end(), retry: () => reader.retry() };
}

class StreamReader {
  readonly #path: string;
  readonly #handlers: StreamHandlers;
  readonly #ended = new AbortController();
  #events = new EventReader();
  #connection: AbortController | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #hiding: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #lostAt: Date | undefined;

  constructor(path: string, handlers: StreamHandlers) {
    this.#path = path;
    this.#handlers = handlers;
  }

  begin(): void {
    const { signal } = this.#ended;
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    window.addEventListener("online", () => this.retry(), { signal });
    void this.#connect();
    this.#seen();
  }

  end(): void {
    this.#ended.abort();
    this.#connection?.abort();
    clearTimeout(this.#waiting);
    clearTimeout(this.#hiding);
  }

  retry(): void {
    if (this.#ended.signal.aborted || this.#connection || document.hidden) return;
    clearTimeout(this.#waiting);
    void this.#connect();
  }

  /** The page has become visible or hidden. */
  #seen(): void {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => {
        this.#connection?.abort();
        clearTimeout(this.#waiting);
      }, HIDDEN_MS);
    } else {
      this.retry();
    }
  }

  async #connect(): Promise<void> {
    const connection = new AbortController();
    this.#connection = connection;
    try {
      await this.#read(connection);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) goToSignIn();
    }
    connection.abort();
    this.#connection = undefined;
    if (!this.#ended.signal.aborted) this.#lose();
  }

  /** Reads until the connection ends. */
  async #read(connection: AbortController): Promise<void> {
    const known = this.#events.lastId;
    this.#events = new EventReader();
    this.#events.lastId = known;
    const response = await fetch(this.#path, {
      headers: known === undefined ? {} : { "Last-Event-ID": known },
      cache: "no-store",
      signal: connection.signal,
    });
    if (!response.ok || !response.body) {
      const body: unknown = await response.json().catch(() => undefined);
      throw new ApiError(response.status, problemOf(body), undefined);
    }
    let watch: ReturnType<typeof setTimeout> | undefined;
    try {
      const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let isFirst = true; ; isFirst = false) {
        watch = setTimeout(() => connection.abort(), SILENCE_MS);
        const piece = await pieces.read();
        clearTimeout(watch);
        if (piece.done) return;
        if (isFirst) this.#open();
        const events = this.#events.read(piece.value);
        if (events.length > 0) this.#handlers.onEvents(events);
      }
    } finally {
      clearTimeout(watch);
    }
  }

  #open(): void {
    this.#attempts = 0;
    this.#lostAt = undefined;
    this.#handlers.onOpen();
  }

  #lose(): void {
    if (document.hidden) return;
    const first = this.#events.retryMs ?? RETRY_MS;
    // Not all at once when the server comes back.
    const wait = Math.min(RETRY_MS_MAX, first * 2 ** this.#attempts) * (0.75 + Math.random() / 2);
    this.#attempts += 1;
    this.#lostAt ??= new Date();
    this.#handlers.onLost({ at: this.#lostAt, retryAt: new Date(Date.now() + wait) });
    this.#waiting = setTimeout(() => void this.#connect(), wait);
  }
}
