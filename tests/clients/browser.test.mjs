// The same clients in a page from another origin, in headless Chromium: with real CORS.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { launch, verbsOf } from "./support/launcher.mjs";
import { startServer } from "./support/server.mjs";

const require = createRequire(import.meta.url);
const scripts = {
  "/tincan.js": require.resolve("tincanjs/build/tincan.js"),
  "/xapi.js": require.resolve("@xapi/xapi/dist/XAPI.umd.js"),
  "/cmi5.js": require.resolve("@xapi/cmi5/dist/Cmi5.umd.js"),
};

let server;
let pages;
let browser;
let origin;

before(async () => {
  server = await startServer();
  pages = createServer(async (request, response) => {
    const script = scripts[new URL(request.url, "http://page").pathname];
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html; charset=utf-8");
    const html = Object.keys(scripts).map((path) => `<script src="${path}"></script>`);
    response.end(script ? await readFile(script) : `<!doctype html><title>x</title>${html.join("")}`);
  });
  await new Promise((done) => pages.listen(0, "127.0.0.1", done));
  origin = `http://localhost:${pages.address().port}`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(async () => {
  await browser?.close();
  pages?.close();
  pages?.closeAllConnections();
  await server?.stop();
});

/** What can be handed to a page. */
function plain({ endpoint, key, secret, authorization }) {
  return { endpoint, key, secret, authorization };
}

async function open(query = "") {
  const page = await browser.newPage();
  await page.goto(`${origin}/${query}`);
  return page;
}

test("TinCanJS saves and finds statements and state across origins", async () => {
  const page = await open();
  const found = await page.evaluate(async ({ endpoint, key, secret }) => {
    const lrs = new TinCan.LRS({ endpoint, username: key, password: secret, allowFail: false });
    const call = (method, ...args) =>
      new Promise((done, fail) => {
        const config = args.at(-1);
        config.callback = (error, result) =>
          error === null ? done(result) : fail(new Error(`${method}: ${error}`));
        lrs[method](...args);
      });
    const agent = new TinCan.Agent({ mbox: "mailto:browser@example.org" });
    const activity = new TinCan.Activity({ id: "https://example.org/browser" });
    const statement = new TinCan.Statement({
      actor: agent,
      verb: { id: "http://adlnet.gov/expapi/verbs/experienced" },
      target: activity,
    });
    await call("saveStatement", statement, {});
    const back = await call("retrieveStatement", statement.id, {});
    await call("saveState", "place", { page: 3 }, { agent, activity, contentType: "application/json" });
    const state = await call("retrieveState", "place", { agent, activity });
    return { same: back.id === statement.id, state: state.contents, etag: state.etag };
  }, plain(server));
  assert.deepEqual(found.state, { page: 3 });
  assert.ok(found.same);
  assert.match(found.etag, /^"[0-9a-f]{40}"$/, "a page may read the tag");
});

test("TinCanJS sends and receives an attachment of any bytes", async () => {
  const page = await open();
  const received = await page.evaluate(async ({ endpoint, key, secret }) => {
    const lrs = new TinCan.LRS({ endpoint, username: key, password: secret, allowFail: false });
    const call = (method, first, config) =>
      new Promise((done, fail) => {
        config.callback = (error, result) =>
          error === null ? done(result) : fail(new Error(`${method}: ${error}`));
        lrs[method](first, config);
      });
    const content = new Uint8Array(1000).map((_, index) => index % 256).buffer;
    const statement = new TinCan.Statement({
      actor: { mbox: "mailto:browser@example.org" },
      verb: { id: "http://adlnet.gov/expapi/verbs/completed" },
      target: { id: "https://example.org/browser" },
      attachments: [
        new TinCan.Attachment({
          usageType: "https://example.org/attachments/bytes",
          display: { en: "Bytes" },
          contentType: "application/octet-stream",
          content,
        }),
      ],
    });
    await call("saveStatement", statement, {});
    const back = await call("retrieveStatement", statement.id, { params: { attachments: true } });
    return [...new Uint8Array(back.attachments[0].content)];
  }, plain(server));
  assert.deepEqual(received, Array.from({ length: 1000 }, (_, index) => index % 256));
});

test("@xapi/xapi sends an attachment across origins", async () => {
  const page = await open();
  const parts = await page.evaluate(async ({ endpoint, authorization }) => {
    const Client = XAPI.default ?? XAPI;
    const xapi = new Client({ endpoint, auth: authorization, version: "1.0.3" });
    const content = new TextEncoder().encode("from a page").buffer;
    // The hash of "from a page", computed where the page may not be a secure context.
    const sha2 = "cb1d2dcb45dad02057c05f8a737df90f5b55288dc16d2963345d7d1f576b2753";
    const statement = {
      actor: { mbox: "mailto:browser@example.org" },
      verb: { id: "http://adlnet.gov/expapi/verbs/completed" },
      object: { id: "https://example.org/browser" },
      attachments: [
        {
          usageType: "https://example.org/attachments/text",
          display: { en: "Text" },
          contentType: "text/plain",
          length: content.byteLength,
          sha2,
        },
      ],
    };
    const { data: ids } = await xapi.sendStatement({ statement, attachments: [content] });
    const { data } = await xapi.getStatement({ statementId: ids[0], attachments: true });
    return data;
  }, plain(server));
  assert.equal(parts[1], "from a page");
});

test("a cmi5 unit runs its session in the page that was launched", async (context) => {
  const session = await launch(server);
  context.after(session.close);
  const query = new URLSearchParams({
    endpoint: session.endpoint,
    fetch: session.fetch,
    actor: JSON.stringify(session.actor),
    registration: session.registration,
    activityId: session.activityId,
  });
  const page = await open(`?${query}`);
  await page.evaluate(async () => {
    const cmi5 = Cmi5.instance;
    await cmi5.initialize();
    await cmi5.progress(100);
    await cmi5.pass({ scaled: 1 });
    await cmi5.complete();
    await cmi5.terminate();
  });
  assert.deepEqual(await verbsOf(server, session.registration), [
    "launched",
    "initialized",
    "progressed",
    "passed",
    "completed",
    "terminated",
  ]);
});
