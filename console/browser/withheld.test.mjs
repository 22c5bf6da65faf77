// A tenant that shows no figures about few learners: what is withheld is said, and never looks like nothing.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { checkAccess, launch, open, scrollThrough, waitUntilIdle } from "./browser.mjs";
import { ask, call, setUp, simulate, startServer, storeByPlatform, until } from "./server.mjs";

const COURSE = "https://campus.example.org/courses/c000";

let server;
let browser;
let person;

before(async () => {
  server = await startServer();
  person = await setUp(server);
  await storeByPlatform(server, person, await simulate(6_000));
  await call(server, person, "PATCH", "/tenants/1", { settings: { smallest_group: 5 } }, { "If-Match": "*" });
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

test("an answer in Explore says why figures and rows are not there, in chart, table and file", async () => {
  const question = { measures: [{ measure: "rate", of: "success", name: "rate:success" }], dimensions: [{ field: "object", name: "by" }], limit: 1_000 };
  const { withheld } = await ask(server, person, "/tenants/1/query", question);
  assert.ok(withheld.rows && withheld.cells.length > 0, "the data has what is withheld");
  const { page, check, close } = await openPath("explore?by=object&m=rate%3Asuccess&period=all&chart=table");
  const answer = page.getByRole("region", { name: "Answer" });
  await answer.getByText("Rows about fewer than 5 learners are left out.").waitFor();
  await answer.getByText(/Figures about fewer than 5 learners are withheld/).waitFor();
  await answer.getByRole("cell", { name: "withheld" }).first().waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), answer.getByRole("button", { name: "Export CSV" }).click()]);
  assert.ok((await readFile(await file.path(), "utf8")).includes(",withheld\r\n"));
  await answer.getByRole("button", { name: "As bars" }).click();
  await answer.getByRole("img").waitFor();
  await answer.getByText("Rows about fewer than 5 learners are left out.").waitFor();
  await checkAccess(page, "explore, withheld");
  check();
  await close();
});

test("an answer of which nothing is shown says that, and not that there is nothing", async () => {
  const { page, check, close } = await openPath("explore?by=person&period=all");
  await page.getByText("Withheld: about too few learners").waitFor();
  assert.equal(await page.getByText("Nothing matches").count(), 0);
  await page.goto(`${server.origin}/t/1/learners?period=all`);
  await page.getByText("Withheld: about too few learners").waitFor();
  check();
  await close();
});

test("the overview shows what it may, and says what it does not", async () => {
  const { page, check, close } = await openPath("overview?period=all");
  const figures = page.getByRole("region", { name: "Figures of the period" });
  await until("the figure", async () => /\d/.test(await figures.locator(".v").first().textContent()));
  await page.getByRole("region", { name: "Needs attention" }).getByText(/Courses and questions are not looked at/).waitFor();
  await waitUntilIdle(page);
  await scrollThrough(page);
  await page.getByRole("region", { name: "Data quality" }).getByText(/Withheld: this tenant shows/).waitFor();
  await checkAccess(page, "overview, withheld");
  check();
  await close();
});

test("pages of a course and a learner say which figures are withheld, on every tab", async () => {
  const { page, check, close } = await openPath(`activity?id=${encodeURIComponent(COURSE)}`);
  await page.getByRole("region", { name: "Where learners stop" }).waitFor();
  await page.getByRole("region", { name: "Learners" }).getByText("Withheld: about too few learners").waitFor();
  for (const tab of ["progress", "learners", "groups"]) {
    await page.goto(`${server.origin}/t/1/activity?id=${encodeURIComponent(COURSE)}&tab=${tab}`);
    await page.locator("main").getByText(/^Withheld: /).first().waitFor();
    assert.equal(await page.getByText("Your role does not permit this").count(), 0, tab);
  }
  const [statement] = (await call(server, person, "GET", "/tenants/1/statements?limit=1")).items;
  const { actor } = statement.statement ?? statement;
  const { name: _name, objectType: _type, ...identifier } = actor;
  await page.goto(`${server.origin}/t/1/learner?id=${encodeURIComponent(JSON.stringify(identifier))}`);
  await page.getByText("Withheld: about too few learners").waitFor();
  check();
  await close();
});
