// @xapi/cmi5 runs whole sessions against the real binary.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { launch, verbsOf } from "./support/launcher.mjs";
import { startServer } from "./support/server.mjs";

const require = createRequire(import.meta.url);
// The library is built for pages, where XMLHttpRequest is there.
globalThis.XMLHttpRequest = require("xhr2");
const Cmi5 = require("@xapi/cmi5/dist/Cmi5.umd.js");

let server;

before(async () => {
  server = await startServer();
});

after(() => server.stop());

test("runs a session from initialized to terminated", async (context) => {
  const session = await launch(server);
  context.after(session.close);
  const cmi5 = new Cmi5(session);
  await cmi5.initialize();
  assert.equal(cmi5.getLaunchData().masteryScore, 0.8);
  await cmi5.progress(50);
  await cmi5.interactionTrueFalse("test", "question", true, true);
  await cmi5.interactionChoice("test", "choices", ["a"], ["a"], [
    { id: "a", description: { en: "A" } },
    { id: "b", description: { en: "B" } },
  ]);
  await cmi5.pass({ scaled: 0.9 });
  await cmi5.complete();
  await cmi5.terminate();
  assert.deepEqual(await verbsOf(server, session.registration), [
    "initialized",
    "progressed",
    "answered",
    "answered",
    "passed",
    "completed",
    "terminated",
  ]);
});

test("decides by the mastery score how to move on", async (context) => {
  const session = await launch(server);
  context.after(session.close);
  const cmi5 = new Cmi5(session);
  await cmi5.initialize();
  await cmi5.moveOn({ score: { scaled: 0.5 } });
  const verbs = await verbsOf(server, session.registration);
  assert.ok(verbs.includes("failed"), verbs.join(" "));
  assert.equal(verbs.at(-1), "terminated");
});
