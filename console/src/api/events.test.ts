import { expect, test } from "vitest";
import { EventReader } from "./events";

/** The events of a text that arrives in pieces of some characters. */
function readIn(size: number, text: string) {
  const reader = new EventReader();
  const events = [];
  for (let at = 0; at < text.length; at += size) events.push(...reader.read(text.slice(at, at + size)));
  return { events, lastId: reader.lastId, retryMs: reader.retryMs };
}

const STREAM = 'retry: 2000\nid: 6\n\nevent: statement\nid: 7\ndata: {"a":\ndata: 1}\n\n: nothing new\nid: 9\n\nevent: end\r\ndata:{}\r\n\r\n';

test("events are the same wherever the pieces end", () => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    expect(readIn(size, STREAM)).toEqual({
      events: [
        { name: "statement", data: '{"a":\n1}' },
        { name: "end", data: "{}" },
      ],
      lastId: "9",
      retryMs: 2_000,
    });
  }
});

test("an event that is not complete is not an event, and its id does not count", () => {
  expect(readIn(100, "id: 3\ndata: x\n\nid: 4\ndata: y\n")).toEqual({
    events: [{ name: "message", data: "x" }],
    lastId: "3",
    retryMs: undefined,
  });
});

test("fields that are not known and values that are not valid are left out", () => {
  expect(readIn(100, "retry: soon\ncolor: red\ndata\nid: a\0b\n\n")).toEqual({
    events: [{ name: "message", data: "" }],
    lastId: undefined,
    retryMs: undefined,
  });
});
