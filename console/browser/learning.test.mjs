// The pages of an activity and of a learner: what they show, and what is done on them.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { launch, open, PHONE } from "./browser.mjs";
import { ask, setUp, simulate, startServer, storeByPlatform, until } from "./server.mjs";

const COURSE = "https://campus.example.org/courses/c000";

let server;
let browser;
let person;

before(async () => {
  server = await startServer();
  person = await setUp(server);
  await storeByPlatform(server, person, await simulate(12_000));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function openActivity(id, options = {}) {
  const opened = await open(browser, server, { person, ...options });
  await opened.page.goto(`${server.origin}/t/1/activity?id=${encodeURIComponent(id)}`);
  await opened.page.getByRole("heading", { level: 1 }).waitFor();
  return opened;
}

async function openLearner(id, options = {}) {
  const opened = await open(browser, server, { person, ...options });
  await opened.page.goto(`${server.origin}/t/1/learner?id=${encodeURIComponent(id)}`);
  await opened.page.getByRole("region", { name: "Register" }).getByRole("list").first().waitFor();
  return opened;
}

async function download(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return readFile(await file.path(), "utf8");
}

test("a funnel says where learners stop, and is a file too", async () => {
  const { page, check, close } = await openActivity(COURSE);
  const funnel = page.getByRole("region", { name: "Where learners stop" });
  await funnel.getByText(/^Most are lost before “.+”: \d+ of \d+/).waitFor();
  const names = (await funnel.getByRole("row").allTextContents()).map((text) => text.replace(/\d.*$/, ""));
  assert.ok(names.includes("Enrolled") && names.includes("Began") && names.includes("Finished"), names.join());
  const lines = (await download(page, funnel.getByRole("button", { name: /export CSV/ }))).trim().split("\r\n");
  assert.equal(lines.length, await funnel.getByRole("row").count());
  // Nobody is at a later step who was not at the one before.
  const reached = lines.slice(1).map((line) => Number(/,(\d+),/.exec(line)[1]));
  for (const [index, value] of reached.slice(1).entries()) assert.ok(value <= reached[index], reached.join());
  check();
  await close();
});

test("questions are walked through by keys, the address holds the open one, and figures agree with the API", async () => {
  const { page, check, close } = await openActivity(COURSE);
  const questions = page.getByRole("region", { name: "Questions" });
  const quiz = await questions.getByRole("combobox", { name: "Quiz" }).inputValue();
  const zone = "Europe/Berlin";
  const analysis = await ask(server, person, "/tenants/1/analyses/items", { activity: quiz, attempts: "first", zone });
  await questions.getByText(`first answers of ${analysis.learners} learners`).waitFor();
  await questions.getByRole("link", { name: "Question 2" }).click();
  await page.waitForURL((url) => url.searchParams.get("q") === analysis.questions[1].id);
  await page.keyboard.press("j");
  await page.waitForURL((url) => url.searchParams.get("q") === analysis.questions[2].id);
  const sheet = page.getByRole("region", { name: "Question 3", exact: true });
  await sheet.getByRole("button", { name: "Previous question (K)" }).click();
  await page.waitForURL((url) => url.searchParams.get("q") === analysis.questions[1].id);
  const lines = (await download(page, questions.getByRole("button", { name: /export CSV/ }))).trim().split("\r\n");
  assert.equal(lines.length - 1, analysis.questions.length);
  for (const [index, question] of analysis.questions.entries()) {
    assert.ok(lines[index + 1].includes(`,${question.answers},${question.facility ?? ""}`), lines[index + 1]);
  }
  await questions.getByRole("combobox", { name: "Which answers count" }).selectOption("all");
  await page.waitForURL(/attempts=all/);
  await questions.getByText(/all answers of \d+ attempts/).waitFor();
  await questions.getByText("How to read this").click();
  await questions.getByText(/whether those who are correct here do well/).waitFor();
  check();
  await close();
});

test("what is in a course is a tree, and each part has a page of its own", async () => {
  const { page, check, close } = await openActivity(COURSE);
  const structure = page.getByRole("region", { name: "Structure" });
  const tab = page.getByRole("navigation", { name: "Parts of the page" }).getByRole("link", { name: "Structure" });
  await tab.click();
  await structure.getByRole("link", { name: "Module 1" }).click();
  await page.getByRole("heading", { level: 1, name: "Module 1" }).waitFor();
  await page.getByRole("region", { name: "Questions" }).getByRole("link", { name: "Question 1" }).waitFor();
  await tab.click();
  await structure.getByRole("link", { name: "Question 2" }).click();
  await page.getByRole("heading", { level: 1, name: "Question 2" }).waitFor();
  check();
  await close();
});

test("the search box finds a course and a learner by name", async () => {
  const { page, check, close } = await openActivity(COURSE);
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("fire saf");
  await page.getByRole("menuitem", { name: /Fire safety 1/ }).click();
  await page.getByRole("heading", { level: 1, name: "Fire safety 1" }).waitFor();
  const learners = page.getByRole("region", { name: "Learners" });
  const name = await learners.getByRole("link").first().textContent();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type(name);
  await page.getByRole("menuitem", { name }).first().click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  check();
  await close();
});

test("an address without an activity or of an unknown one says so", async () => {
  const { page, check, close } = await openActivity("https://campus.example.org/none");
  await page.getByText("Nothing happened in this activity in this period").waitFor();
  await page.goto(`${server.origin}/t/1/activity`);
  await page.getByText("This address names no activity").waitFor();
  await page.goto(`${server.origin}/t/1/learner`);
  await page.getByText("This address names no learner").waitFor();
  await page.goto(`${server.origin}/t/1/learner?id=nobody`);
  await page.getByText("Nothing is known of this learner in this period").waitFor();
  check();
  await close();
});

/** The learners with several identifiers that nobody has joined: of each name, its identifiers. */
async function twins() {
  const question = { measures: [{ measure: "count", name: "n" }], dimensions: ["actor"], order: [{ by: "n", descending: true }], limit: 200 };
  const answer = await ask(server, person, "/tenants/1/query", question);
  const byName = new Map();
  for (const [actor] of answer.rows) {
    const name = answer.labels.actor[actor];
    byName.set(name, [...(byName.get(name) ?? []), actor]);
  }
  return [...byName].filter(([name, all]) => name && all.length === 2);
}

test("a journey has a table, sessions have statements, and statements lead back to the learner", async () => {
  const question = { measures: [{ measure: "count", name: "n" }], dimensions: ["person"], order: [{ by: "n", descending: true }], limit: 1 };
  const [[id]] = (await ask(server, person, "/tenants/1/query", question)).rows;
  const { page, check, close } = await openLearner(id);
  const journey = page.getByRole("region", { name: "Journey" });
  await journey.getByRole("button", { name: "Show as table" }).click();
  await journey.getByRole("columnheader", { name: "Source" }).waitFor();
  assert.ok((await journey.getByRole("row").count()) > 3);
  const name = await page.getByRole("heading", { level: 1 }).textContent();
  const register = page.getByRole("region", { name: "Register" });
  const before = await register.locator("details").count();
  await register.getByRole("button", { name: "Show older" }).click();
  await until("older sessions", async () => (await register.locator("details").count()) > before);
  await register.locator("summary").first().click();
  await register.locator("details[open] .row-link").first().click();
  const drawer = page.getByRole("complementary", { name: "Statement" });
  await drawer.getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("region", { name: "Courses" }).getByRole("link").first().click();
  await page.getByRole("region", { name: "Where learners stop" }).waitFor();
  check();
  await close();
});

test("two identifiers are joined to one learner and split again", async () => {
  const [[name, [id, other]]] = await twins();
  const { page, check, close } = await openLearner(id);
  const known = page.getByRole("region", { name: "Known as" });
  await known.getByText("the only identifier").waitFor();
  await known.getByRole("button", { name: "Join identifiers" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name or identifier").fill(name);
  await dialog.getByRole("button", { name: `Join with ${name}` }).first().click();
  await page.getByText("The identifiers are those of one learner now.").waitFor();
  await known.getByText("2 identifiers, one learner").waitFor();
  // By either of them, the same learner is found.
  await page.goto(`${server.origin}/t/1/learner?id=${encodeURIComponent(other)}`);
  await known.getByText("2 identifiers, one learner").waitFor();
  await known.getByRole("button", { name: /^Split off/ }).last().click();
  await page.getByRole("dialog").getByRole("button", { name: "Split off" }).click();
  await page.getByText("The identifier is a learner of its own now.").waitFor();
  await known.getByText("the only identifier").waitFor();
  check();
  await close();
});

test("on a phone a question opens above the list, and closes", async () => {
  const { page, check, close } = await openActivity(COURSE, { size: PHONE });
  const questions = page.getByRole("region", { name: "Questions" });
  await questions.getByRole("link", { name: "Question 2" }).click();
  const sheet = page.getByRole("region", { name: "Question 2", exact: true });
  await sheet.getByText(/are correct|Figures need 10/).waitFor();
  await sheet.getByRole("button", { name: "Close" }).click();
  await sheet.waitFor({ state: "hidden" });
  check();
  await close();
});
