// The pages with analyses: what they show agrees with the API, and leads to where it says.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { checkWidth, launch, open, PHONE, scrollThrough, waitUntilIdle } from "./browser.mjs";
import { ask, call, setUp, simulate, startServer, storeByPlatform, until, upToDate } from "./server.mjs";

const COURSE = "https://campus.example.org/courses/c000";
const ZONE = "Europe/Berlin";

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

async function openPath(path, options = {}) {
  const opened = await open(browser, server, { person, ...options });
  await opened.page.goto(`${server.origin}/t/1/${path}`);
  await opened.page.getByRole("heading", { level: 1 }).waitFor();
  return opened;
}

const openCourse = (tab, options) => openPath(`activity?id=${encodeURIComponent(COURSE)}${tab ? `&tab=${tab}` : ""}`, options);

async function linesOf(page, button) {
  const [file] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return (await readFile(await file.path(), "utf8")).trim().split("\r\n");
}

/** What the most learners learn, by a field. */
async function most(field, where) {
  const question = { measures: [{ measure: "count", name: "n" }], dimensions: [field], where, order: [{ by: "n", descending: true }], limit: 1 };
  const { rows } = await ask(server, person, "/tenants/1/query", question);
  return rows[0]?.[0];
}

test("the overview asks little when it opens, and for what is below the window later", async () => {
  const opened = await open(browser, server, { person });
  const { page, check, close } = opened;
  const asked = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/") && !/\/(?:session|tenants)$/.test(pathname)) asked.push(pathname.replace("/api/v1/tenants/1/", ""));
  });
  // Nothing but the figures and what needs attention is in sight.
  await page.setViewportSize({ width: 1440, height: 320 });
  await page.goto(`${server.origin}/t/1/overview`);
  const figures = page.getByRole("region", { name: "Figures of the period" });
  await until("the figures", async () => /\d/.test(await figures.locator(".v").first().textContent()));
  await waitUntilIdle(page);
  await until("the findings", () => asked.includes("analyses/findings"));
  // Figures and those of the period before are one question, the sources another one.
  assert.deepEqual(asked.toSorted(), ["analyses/findings", "credentials", "query", "query", "stream/summary"]);
  await page.getByRole("region", { name: "Statements a day" }).getByText("35 days before", { exact: true }).waitFor();
  for (const delta of await figures.locator(".delta").all()) assert.match(await delta.textContent(), /\d/);
  await scrollThrough(page);
  await page.getByRole("region", { name: "Courses" }).getByRole("link", { name: "Fire safety 1" }).waitFor();
  await page.getByRole("region", { name: "When people learn" }).waitFor();
  await page.getByRole("region", { name: "Data quality" }).getByText(/of [\d,]+ statements/).waitFor();
  check();
  await close();
});

test("on a desk, the overview asks for no more than what is in sight", async () => {
  const { page, check, close } = await open(browser, server, { person });
  const asked = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/") && !/\/(?:session|tenants)$/.test(pathname)) asked.push(pathname.replace("/api/v1/tenants/1/", ""));
  });
  await page.setViewportSize({ width: 1440, height: 860 });
  await page.goto(`${server.origin}/t/1/overview`);
  await page.getByRole("region", { name: "Courses" }).getByRole("link", { name: "Fire safety 1" }).waitFor();
  await until("the findings", () => asked.includes("analyses/findings"));
  await waitUntilIdle(page);
  // What was stored between the list and the stream may be read too.
  const expected = ["analyses/findings", "credentials", "query", "query", "query", "statements", "stream/statements", "stream/summary"];
  assert.deepEqual(asked.toSorted().filter((path, index, all) => path !== "statements" || all[index - 1] !== path), expected);
  check();
  await close();
});

test("what needs attention is what the analyses find, and leads there", async () => {
  const { page, check, close } = await openPath("overview");
  const { findings } = await ask(server, person, "/tenants/1/analyses/findings", { zone: ZONE });
  const attention = page.getByRole("region", { name: "Needs attention" });
  await attention.getByText("Looking at courses").waitFor({ state: "hidden" });
  const more = attention.locator("summary");
  if (await more.count()) await more.click();
  const items = attention.getByRole("listitem");
  assert.ok((await items.count()) >= findings.length, `${await items.count()} of ${findings.length}`);
  for (const [kind, name, heading] of [
    ["suspicious_question", "Look at the question", undefined],
    ["drop_out", "See where learners stop", "Parts of the course"],
    ["stuck_learners", "See who", "Who may need help"],
    ["data_quality", "See what was sent", "Platforms"],
  ]) {
    if (!findings.some((finding) => finding.kind === kind)) continue;
    await attention.getByRole("link", { name }).first().click();
    if (heading) await page.getByRole("region", { name: heading }).waitFor();
    else await page.getByText(/The key may be wrong/).waitFor();
    await page.goBack();
    await attention.getByText("Looking at courses").waitFor({ state: "hidden" });
    if (await more.count()) await more.click();
  }
  check();
  await close();
});

test("the tabs of a course are in its address, and its parts agree with the API", async () => {
  const { page, check, close } = await openCourse();
  const { courses, parts } = await ask(server, person, "/tenants/1/analyses/courses", { course: COURSE, zone: ZONE });
  const tabs = page.getByRole("navigation", { name: "Parts of the page" });
  await tabs.getByRole("link", { name: "Progress" }).click();
  await page.waitForURL(/tab=progress/);
  const list = page.getByRole("region", { name: "Parts of the course" });
  await list.getByRole("link").first().waitFor();
  assert.equal((await list.getByRole("row").count()) - 1, parts.length);
  const lines = await linesOf(page, list.getByRole("button", { name: /export CSV/ }));
  for (const [index, part] of parts.entries()) assert.ok(lines[index + 1].includes(`,${part.learners},${part.completed},`), lines[index + 1]);
  const figures = page.getByRole("region", { name: "Figures of the course" });
  assert.equal(await figures.locator(".v").first().textContent(), String(courses[0].enrolled));
  await page.getByRole("region", { name: "Who comes again" }).getByRole("rowheader").first().waitFor();
  await tabs.getByRole("link", { name: "Summary" }).click();
  await page.getByRole("region", { name: "Where learners stop" }).waitFor();
  await page.goBack();
  await list.getByRole("link").first().waitFor();
  check();
  await close();
});

test("who may need help is listed with the reasons, and a due day adds some", async () => {
  const { page, check, close } = await openCourse("learners");
  const help = page.getByRole("region", { name: "Who may need help" });
  const listed = await ask(server, person, "/tenants/1/analyses/help", { course: COURSE, zone: ZONE });
  await help.getByText(`${listed.learner_count} of ${listed.course_learners} learners`).waitFor();
  await help.getByLabel("Due on").fill("2020-01-01");
  await page.waitForURL(/due=2020-01-01/);
  await help.getByText(/overdue for [\d,]+ days/).first().waitFor();
  const name = await help.getByRole("link").first().textContent();
  await help.getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  check();
  await close();
});

test("groups are made by attributes of persons, and compared", async () => {
  const question = { measures: [{ measure: "count", name: "n" }], dimensions: ["person"], where: { field: "course", is: COURSE }, order: [{ by: "n", descending: true }], limit: 40 };
  const { rows } = await ask(server, person, "/tenants/1/query", question);
  for (const [index, [identifier]] of rows.entries()) {
    await call(server, person, "POST", "/tenants/1/persons", { identifiers: [JSON.parse(identifier)], attributes: { unit: index % 2 === 0 ? "North" : "South" } });
  }
  await upToDate(server, person);
  const { page, check, close } = await openCourse("groups");
  const groups = page.getByRole("region", { name: "Who got how far" }).first();
  await groups.getByRole("rowheader", { name: "North" }).waitFor();
  await groups.getByRole("rowheader", { name: "South" }).waitFor();
  const lines = await linesOf(page, groups.getByRole("button", { name: /export CSV/ }));
  assert.equal(lines.length, 3);
  await page.getByRole("region", { name: "Groups compared" }).getByRole("cell", { name: "North" }).waitFor();
  await groups.getByRole("combobox", { name: "Groups by" }).selectOption("platform");
  await page.waitForURL(/group=platform/);
  await groups.getByRole("rowheader", { name: "Campus", exact: true }).waitFor();
  check();
  await close();
});

test("time and structure of a course have pages of their own", async () => {
  const { page, check, close } = await openCourse("time");
  await page.getByRole("region", { name: "Time at work" }).getByRole("link").first().waitFor();
  await page.getByRole("region", { name: "When people learn" }).getByRole("img").waitFor();
  await page.getByRole("navigation", { name: "Parts of the page" }).getByRole("link", { name: "Structure" }).click();
  await page.getByRole("region", { name: "Structure" }).getByRole("link", { name: "Module 1" }).waitFor();
  check();
  await close();
});

test("a video has curves, and is found in the list of videos", async () => {
  const { videos } = await ask(server, person, "/tenants/1/analyses/video", { zone: ZONE });
  const { page, check, close } = await openPath("activities?view=videos&period=all");
  const list = page.getByRole("region", { name: "Videos" });
  await list.getByRole("link").first().waitFor();
  assert.equal((await list.getByRole("row").count()) - 1, videos.length);
  await list.getByRole("link").first().click();
  await page.waitForURL(/tab=video/);
  const curve = page.getByRole("region", { name: "What is played" });
  await curve.getByRole("img", { name: /most at/ }).waitFor();
  const [own] = (await ask(server, person, "/tenants/1/analyses/video", { video: videos[0].id, zone: ZONE })).videos;
  const lines = await linesOf(page, curve.getByRole("button", { name: /export CSV/ }));
  assert.equal(lines.length - 1, own.curve.length);
  check();
  await close();
});

test("courses are listed with those who began and completed them", async () => {
  const { courses } = await ask(server, person, "/tenants/1/analyses/courses", { zone: ZONE });
  const { page, check, close } = await openPath("activities?view=courses&period=all");
  const list = page.getByRole("region", { name: "Courses" });
  await list.getByRole("link").first().waitFor();
  assert.equal((await list.getByRole("row").count()) - 1, courses.length);
  await page.getByRole("searchbox").fill("fire saf");
  await until("fewer rows", async () => (await list.getByRole("row").count()) - 1 < courses.length);
  await list.getByRole("link", { name: "Fire safety 1" }).click();
  await page.getByRole("heading", { level: 1, name: "Fire safety 1" }).waitFor();
  check();
  await close();
});

test("who comes again is a table of cohorts, in months or weeks", async () => {
  const { page, check, close } = await openPath("learners");
  await page.getByRole("link", { name: "Coming back" }).click();
  await page.getByRole("heading", { level: 1, name: "Coming back" }).waitFor();
  await page.getByRole("region", { name: "Active learners" }).getByRole("img", { name: /On the last one/ }).waitFor();
  const cohorts = page.getByRole("region", { name: "Who comes again" }).first();
  await cohorts.getByRole("rowheader", { name: "All" }).waitFor();
  await cohorts.getByRole("combobox", { name: "Cohorts by" }).selectOption("week");
  await page.waitForURL(/by=week/);
  await waitUntilIdle(page);
  assert.ok((await cohorts.getByRole("rowheader").count()) > 5);
  check();
  await close();
});

test("data quality names every rule, and the platforms", async () => {
  const { rules } = await ask(server, person, "/tenants/1/analyses/quality", { zone: ZONE });
  const { page, check, close } = await openPath("quality?period=all");
  const sheet = page.getByRole("region", { name: "Data quality" });
  await sheet.getByText("Clock ahead").waitFor();
  assert.equal((await sheet.getByRole("row").count()) - 1, rules.length);
  await page.getByRole("region", { name: "Platforms" }).getByRole("cell", { name: "Campus", exact: true }).waitFor();
  await page.getByRole("region", { name: "Delay of statements" }).getByRole("cell", { name: "Campus", exact: true }).waitFor();
  check();
  await close();
});

test("a learner has years and achievements", async () => {
  const id = await most("person", { field: "person", exists: true });
  const { page, check, close } = await openPath(`learner?id=${encodeURIComponent(id)}`);
  await page.getByRole("region", { name: "Register" }).getByRole("list").first().waitFor();
  await scrollThrough(page);
  const years = page.getByRole("region", { name: "Year by year" });
  await years.getByRole("cell", { name: String(new Date().getFullYear()), exact: true }).waitFor();
  await page.getByRole("region", { name: "Achieved" }).getByRole("link").first().waitFor();
  check();
  await close();
});

test("a chart is saved as a picture", async () => {
  const { page, check, close } = await openPath("overview");
  const chart = page.getByRole("region", { name: "Statements a day" });
  await chart.getByText("35 days before", { exact: true }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: /save picture/ }).click()]);
  assert.equal(file.suggestedFilename(), "statements-over-time.png");
  const picture = await readFile(await file.path());
  assert.deepEqual([...picture.subarray(1, 4)], [...Buffer.from("PNG")]);
  if (process.env.CONSOLE_SHOTS) await file.saveAs(`${process.env.CONSOLE_SHOTS}/picture.png`);
  // Twice as many pixels as on the page, and not of one colour.
  assert.ok(picture.readUInt32BE(16) > 1_000);
  assert.ok(picture.length > 8_000, String(picture.length));
  check();
  await close();
});

test("days of one's own are a period that the address holds, and T opens the choice", async () => {
  const { page, check, close } = await openPath("overview");
  await page.keyboard.press("t");
  const choice = page.getByRole("combobox", { name: "Period" });
  await until("the focus", () => choice.evaluate((element) => element === document.activeElement));
  await choice.selectOption("own");
  const [first, last] = ["2026-01-05", "2026-02-05"].map((day) => day.replace("2026", String(new Date().getFullYear())));
  await page.getByRole("dialog").getByLabel("First day").fill(first);
  await page.getByRole("dialog").getByLabel("Last day").fill(last);
  await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
  await page.waitForURL(new RegExp(`period=${first}\\.\\.${last}`));
  await page.locator(".under-head").getByText(/5 Jan.*5 Feb/).waitFor();
  assert.equal(await page.getByText(/^until /).count(), 0);
  check();
  await close();
});

test("a question is copied as a command, and what is not whole is said", async () => {
  const { page, check, close } = await openPath("explore?by=timestamp%3Aweek&period=90d");
  const answer = page.getByRole("region", { name: "Answer" });
  await answer.getByText(/^Pale or dashed/).waitFor();
  await answer.getByRole("button", { name: "Copy as curl" }).click();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(command, /^curl -u KEY:SECRET 'http:.*\/api\/v1\/tenants\/1\/query'/);
  check();
  await close();
});

test("filters that match nothing say how much each of them costs", async () => {
  const verb = encodeURIComponent("http://adlnet.gov/expapi/verbs/answered");
  const { page, check, close } = await openPath(`statements?verb=${verb}&registration=00000000-0000-4000-8000-000000000000`);
  await page.getByText("No statement has all 2 filters").waitFor();
  const count = { measures: [{ measure: "count", name: "n" }], where: { field: "verb", is: "http://adlnet.gov/expapi/verbs/answered" } };
  const [[answered]] = (await ask(server, person, "/tenants/1/query", count)).rows;
  await page.getByRole("button", { name: "Without Verb 0 statements" }).waitFor();
  await page.getByRole("button", { name: `Without Registration ${new Intl.NumberFormat("en").format(answered)} statements` }).click();
  await page.getByRole("region", { name: "Statements, newest first" }).getByRole("link").first().waitFor();
  check();
  await close();
});

test("a notice is put off, and comes back", async () => {
  const { page, check, close } = await openPath("overview");
  const attention = page.getByRole("region", { name: "Needs attention" });
  await attention.getByText("Looking at courses").waitFor({ state: "hidden" });
  const before = await attention.getByRole("listitem").count();
  assert.ok(before > 0, "there is something to put off");
  await attention.getByRole("button", { name: /^Put off for a week/ }).first().click();
  await attention.getByText("1 is put off").waitFor();
  await page.reload();
  await attention.getByText("1 is put off").waitFor();
  await attention.getByRole("button", { name: "Show" }).click();
  await attention.getByText("1 is put off").waitFor({ state: "hidden" });
  assert.equal(await attention.getByRole("listitem").count(), before);
  check();
  await close();
});

test("keys typed before the search box has loaded are not lost", async () => {
  const { page, check, close } = await open(browser, server, { person });
  let letPass;
  const passed = new Promise((done) => (letPass = done));
  await page.route(/\/assets\/palette-/, async (route) => {
    await passed;
    await route.continue();
  });
  await page.goto(`${server.origin}/t/1/settings`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("over");
  letPass();
  const found = page.getByRole("dialog").getByRole("menuitem", { name: /Overview/ });
  await found.waitFor();
  await page.keyboard.type("view");
  assert.equal(await page.getByRole("dialog").getByLabel("Search or jump to").inputValue(), "overview");
  await found.click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  check();
  await close();
});

test("on a phone, the tabs of a course scroll, and nothing else does", async () => {
  for (const tab of ["progress", "learners", "time", "groups", "structure"]) {
    const { page, check, close } = await openCourse(tab, { size: PHONE });
    await waitUntilIdle(page);
    await checkWidth(page, tab);
    check();
    await close();
  }
});
