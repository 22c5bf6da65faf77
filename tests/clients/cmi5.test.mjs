// cmi5 content runs whole sessions against the real binary: from the launch to `terminated`, with
// a token that is bound to the launch, and with the endpoint as the README gives it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { addressOf, launch, verbsOf } from "./support/launcher.mjs";
import { startServer } from "./support/server.mjs";

const require = createRequire(import.meta.url);
// The libraries are built for pages, where these are there.
globalThis.XMLHttpRequest = require("xhr2");
globalThis.self = globalThis;
const Cmi5 = require("@xapi/cmi5/dist/Cmi5.umd.js");
const Rustici = require("@rusticisoftware/cmi5");
// It appends its paths to an endpoint with a slash at the end, as most published content does.
const OldRustici = require("rusticisoftware-cmi5-3.0.0").default;

let server;
let endpoints;

before(async () => {
  server = await startServer();
  // The endpoint as it is printed, at the address of this server.
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const printed = new Set(readme.match(/http:\/\/127\.0\.0\.1:8080\/xapi\/?(?=`)/g));
  endpoints = [...printed].map((text) => text.replace("http://127.0.0.1:8080", server.origin));
  assert.ok(endpoints.some((endpoint) => endpoint.endsWith("/xapi/")), "the README gives it");
});

after(() => server.stop());

const xapiCmi5 = {
  name: "@xapi/cmi5",
  async run(session) {
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
    return ["progressed", "answered", "answered", "passed", "completed"];
  },
};

function rustici(name, Library) {
  return {
    name,
    async run(session) {
      const cmi5 = new Library(addressOf(session));
      await cmi5.start();
      assert.equal(cmi5.getMasteryScore(), 0.8);
      cmi5.setProgress(50);
      cmi5.setLanguagePreference("en-GB");
      await cmi5.saveLearnerPrefs();
      // Allowed by cmi5: about an object that is not of the unit, in its registration.
      const allowed = cmi5.prepareStatement("http://adlnet.gov/expapi/verbs/answered");
      allowed.object = { id: "https://elsewhere.example.org/question" };
      await cmi5.sendStatement(allowed);
      await cmi5.passed({ scaled: 0.9 });
      await cmi5.completed();
      await cmi5.terminate();
      return ["answered", "passed", "completed"];
    },
  };
}

const libraries = [
  xapiCmi5,
  rustici("@rusticisoftware/cmi5", Rustici),
  rustici("@rusticisoftware/cmi5 3.0.0", OldRustici),
];

for (const { name, run } of libraries) {
  test(`${name} runs a session from the launch to terminated`, async (context) => {
    for (const endpoint of endpoints) {
      const session = await launch(server, endpoint);
      context.after(session.close);
      const sent = await run(session);
      const expected = ["launched", "initialized", ...sent, "terminated"];
      assert.deepEqual(await verbsOf(server, session.registration), expected, endpoint);
    }
  });
}

test("@xapi/cmi5 decides by the mastery score how to move on", async (context) => {
  const session = await launch(server);
  context.after(session.close);
  const cmi5 = new Cmi5(session);
  await cmi5.initialize();
  await cmi5.moveOn({ score: { scaled: 0.5 } });
  const verbs = await verbsOf(server, session.registration);
  assert.ok(verbs.includes("failed"), verbs.join(" "));
  assert.equal(verbs.at(-1), "terminated");
});

test("a token of a session is of no use for another one", async (context) => {
  const session = await launch(server);
  context.after(session.close);
  const other = await launch(server);
  context.after(other.close);
  const cmi5 = new Rustici(addressOf(session));
  await cmi5.start();
  cmi5.setRegistration(other.registration);
  const foreign = cmi5.prepareStatement("http://adlnet.gov/expapi/verbs/answered");
  await assert.rejects(cmi5.sendStatement(foreign), /403/);
  cmi5.setRegistration(session.registration);
  cmi5.setActor(other.actor);
  const foreignActor = cmi5.prepareStatement("http://adlnet.gov/expapi/verbs/answered");
  await assert.rejects(cmi5.sendStatement(foreignActor), /403/);
});
