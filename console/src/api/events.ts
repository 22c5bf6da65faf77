/** An event of a stream. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * Reads the events out of a stream, whose pieces may end anywhere.
 *
 * Spec: HTML Living Standard, 9.2.6, but for line breaks by a carriage return alone, which Acta
 * does not send.
 */
export class EventReader {
  /** Where the stream continues: the last id. */
  lastId: string | undefined;
  /** Milliseconds after which the server wants a lost stream to be opened again. */
  retryMs: number | undefined;

  #rest = "";
  #name = "";
  #id: string | undefined;
  #data: string[] = [];

  /** The events that are complete with this piece. */
  read(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const text = this.#rest + piece;
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      const line = text.slice(start, text.charAt(end - 1) === "\r" ? end - 1 : end);
      start = end + 1;
      const event = line === "" ? this.#end() : this.#field(line);
      if (event) events.push(event);
    }
    this.#rest = text.slice(start);
    return events;
  }

  #field(line: string): undefined {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line.charAt(colon + 1) === " " ? colon + 2 : colon + 1);
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#name = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/u.test(value)) this.retryMs = Number(value);
  }

  /** An empty line: the event is complete, and with it its id. */
  #end(): StreamEvent | undefined {
    if (this.#id !== undefined) this.lastId = this.#id;
    const event = this.#data.length > 0 ? { name: this.#name || "message", data: this.#data.join("\n") } : undefined;
    this.#name = "";
    this.#data = [];
    return event;
  }
}
