// Every page, in both themes, at desk and phone size: what it is for, and that axe finds nothing.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";

import { checkAccess, checkWidth, DESK, launch, open, PHONE, scrollThrough, waitUntilIdle } from "./browser.mjs";
import { ask, call, setUp, simulate, startServer, storeByPlatform, until } from "./server.mjs";

/** Each page: its path, its heading, and a text that shows that its data is there. */
const PAGES = [
  ["overview", "/t/1/overview", "Overview", /Fire safety 1/],
  ["statements", "/t/1/statements", "Statements", /answered|experienced|completed/],
  ["learners", "/t/1/learners?period=365d", "Learners", /@example\.org|campus\.example\.org/],
  ["activities", "/t/1/activities?period=365d", "Activities", /Fire safety 1/],
  ["explore", "/t/1/explore?by=verb&period=365d", "Explore", /from [\d,]+ statements/],
  ["audit", "/t/1/audit", "Audit", /credential\.created/],
  ["sources", "/t/1/sources", "Sources", /Video Portal/],
  ["connect", "/t/1/sources/connect", "Connect a source", /Storyline, Rise/],
  ["people", "/t/1/people", "People", /bea@example\.org/],
  ["settings", "/t/1/settings", "Settings", /Statements stored/],
  ["server", "/server", "Server", /in one directory/],
  ["retention", "/t/1/retention", "Coming back", /Who comes again/],
  ["quality", "/t/1/quality?period=365d", "Data quality", /Clock ahead/],
  ["courses", "/t/1/activities?view=courses&period=365d", "Activities", /Fire safety 1/],
  ["videos", "/t/1/activities?view=videos&period=365d", "Activities", /Watched to the end/],
  ["search", "/t/1/statements?q=fire&where=%5B%22platform!%3DNowhere%22%5D", "Statements", /statements are found/],
  ["groups", "/t/1/groups", "Groups", /Physics 1/],
];

/** The pages of the course, the question and the learner that the store has most of. */
async function pagesOfData() {
  const count = { measure: "count", name: "n" };
  const most = async (field, where) => {
    const question = { measures: [count], dimensions: [field], where, order: [{ by: "n", descending: true }], limit: 1 };
    const answer = await ask(server, person, "/tenants/1/query", question);
    return [answer.rows[0][0], answer.labels[field][answer.rows[0][0]]];
  };
  const [course, courseName] = await most("course", { field: "course", exists: true });
  const [question] = await most("object", { and: [{ field: "course", is: course }, { field: "object.interaction", is: "choice" }] });
  const [learner, learnerName] = await most("person", { field: "person", exists: true });
  const activity = `/t/1/activity?id=${encodeURIComponent(course)}`;
  return [
    ["activity", activity, courseName, /Most are lost before|Nobody stops/],
    ["question", `${activity}&q=${encodeURIComponent(question)}`, courseName, /strongest third/],
    ["progress", `${activity}&tab=progress`, courseName, /Stopped here/],
    ["help", `${activity}&tab=learners`, courseName, /of \d+ learners|By fixed rules/],
    ["time", `${activity}&tab=time`, courseName, /A session ends after/],
    ["groups", `${activity}&tab=groups`, courseName, /Groups are made by attributes/],
    ["structure", `${activity}&tab=structure`, courseName, /Module? 1/],
    ["learner", `/t/1/learner?id=${encodeURIComponent(learner)}`, learnerName, /passed, completed/],
  ];
}

/** Where screenshots go, if somebody wants them. */
const SHOTS = process.env.CONSOLE_SHOTS;

let server;
let browser;
let person;

before(async () => {
  server = await startServer();
  person = await setUp(server);
  await storeByPlatform(server, person, await simulate(6000));
  const science = await call(server, person, "POST", "/tenants/1/groups", { name: "Science", kind: "unit" });
  await call(server, person, "POST", "/tenants/1/groups", { name: "Physics 1", kind: "class", parent: science.id });
  PAGES.push(...(await pagesOfData()));
  browser = await launch();
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const theme of ["light", "dark"]) {
  for (const [sizeName, size] of [["desk", DESK], ["phone", PHONE]]) {
    test(`every page shows its data and has no findings of axe, ${theme}, ${sizeName}`, async () => {
      const { page, check, close } = await open(browser, server, { person, size, theme });
      for (const [name, path, heading, text] of PAGES) {
        await page.goto(server.origin + path);
        await page.getByRole("heading", { level: 1, name: heading }).waitFor();
        // What is below the window of a phone is asked for when it is seen.
        if (size === PHONE) await scrollThrough(page);
        await page.locator("main").getByText(text).first().waitFor();
        await waitUntilIdle(page);
        assert.ok((await page.title()).startsWith(heading), await page.title());
        await checkAccess(page, `${name} ${theme} ${sizeName}`);
        await checkWidth(page, `${name} ${sizeName}`);
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}-${sizeName}-${theme}.png` });
      }
      check();
      await close();
    });
  }
}

test("at 320 px nothing scrolls sideways", async () => {
  const { page, check, close } = await open(browser, server, { person, size: { width: 320, height: 640 } });
  for (const [name, path, heading] of PAGES) {
    await page.goto(server.origin + path);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await waitUntilIdle(page);
    await checkWidth(page, name);
  }
  check();
  await close();
});

test("every page is there in German", async () => {
  const { page, check, close } = await open(browser, server, { person, locale: "de-DE" });
  const headings = ["Überblick", "Statements", "Lernende", "Aktivitäten", "Erkunden", "Protokoll", "Quellen", "Quelle verbinden", "Personen", "Einstellungen", "Server", "Wiederkehr", "Datenqualität", "Aktivitäten", "Aktivitäten", "Statements", "Gruppen"];
  for (const [index, [, path, heading]] of PAGES.entries()) {
    await page.goto(server.origin + path);
    await page.getByRole("heading", { level: 1, name: headings[index] ?? heading }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
  }
  check();
  await close();
});

test("the overview counts what the store has", async () => {
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/overview?period=all`);
  const figures = page.getByRole("region", { name: "Figures of the period" });
  // Statements that void others count, those that are voided do not.
  const count = await until("the figure", async () => Number((await figures.locator(".v").first().textContent()).replace(/\D/g, "")));
  assert.ok(5900 < count && count <= 6000, String(count));
  await page.getByRole("button", { name: "Show as table" }).first().click();
  await page.getByRole("columnheader", { name: "Time" }).waitFor();
  check();
  await close();
});

test("a question is asked, shown as chart and table, and shared by its address", async () => {
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/explore`);
  await page.getByRole("combobox", { name: "Period" }).selectOption("all");
  await page.getByRole("combobox", { name: "By", exact: true }).selectOption("verb");
  await page.getByRole("combobox", { name: "Measure 1" }).selectOption("distinct:person");
  await page.getByRole("button", { name: "Add a condition" }).click();
  await page.getByRole("combobox", { name: "Field" }).selectOption("platform");
  await page.getByRole("textbox", { name: "Value" }).fill("Campus");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByRole("button", { name: "As table" }).click();
  await page.getByRole("cell", { name: "answered" }).waitFor();
  const address = page.url();
  const rows = await page.getByRole("table").getByRole("row").count();
  const other = await open(browser, server, { person });
  await other.page.goto(address);
  await other.page.getByRole("cell", { name: "answered" }).waitFor();
  assert.equal(await other.page.getByRole("table").getByRole("row").count(), rows);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "explore.csv");
  check();
  await close();
  await other.close();
});

test("a learner is found by name, and what they did is one click away", async () => {
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/learners?period=all`);
  const table = page.getByRole("table");
  const name = await table.getByRole("link").first().textContent();
  await page.getByRole("searchbox").fill(name);
  await page.waitForURL(/[?&]q=/);
  await table.getByRole("link", { name }).first().click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("link", { name: `All statements of ${name}` }).click();
  await page.getByRole("heading", { level: 1, name: "Statements" }).waitFor();
  await page.locator(".chip").getByText(name).waitFor();
  check();
  await close();
});
