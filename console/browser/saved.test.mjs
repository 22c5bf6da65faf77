// Saved questions on the page Explore: they are saved, opened, changed, shared and removed, by those who may.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { checkAccess, checkWidth, launch, open, PHONE, waitUntilIdle } from "./browser.mjs";
import { call, setUp, signIn, startServer, store, upToDate } from "./server.mjs";

const QUESTIONS = "/tenants/1/questions";
const DAYS = "2026-01-05..2026-02-08";

let server;
let browser;
let person;
/** People by their roles, with their sessions. */
const people = {};

function statement(verb, at, name = "Ada Lovelace") {
  const actor = { name, mbox: `mailto:${name.split(" ")[0].toLowerCase()}@example.org` };
  return { actor, verb: { id: `https://v.example/${verb}` }, object: { id: "https://example.org/book" }, timestamp: at };
}

/** Somebody with a role, who is signed in. */
async function join(role) {
  const email = `${role}@example.org`;
  const password = "Lantern-harbor-41-quartz";
  const { token } = await call(server, person, "POST", "/tenants/1/invitations", { email, role });
  const answer = await fetch(`${server.origin}/invitation`, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ token, display_name: role, password }),
  });
  assert.equal(answer.status, 303);
  return signIn(server, { email, password });
}

before(async () => {
  server = await startServer();
  person = await setUp(server);
  await store(server, [statement("read", "2026-01-10T09:00:00Z"), statement("wrote", "2026-01-12T09:00:00Z", "Bob Stone"), statement("read", new Date().toISOString())]);
  for (const role of ["analyst", "learner"]) people[role] = await join(role);
  await upToDate(server, person);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Explore at an address, for somebody. */
async function explore(query = "", who = person, options = {}) {
  const opened = await open(browser, server, { person: who, ...options });
  await opened.page.goto(`${server.origin}/t/1/explore${query}`);
  await opened.page.getByRole("heading", { level: 1 }).waitFor();
  return opened;
}

const listOf = async (page) => {
  await page.getByRole("button", { name: "Saved questions" }).click();
  return page.getByRole("dialog", { name: "Saved questions" });
};

const titled = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

test("a question is saved, opened, changed, shared and removed", async () => {
  const { page, check, close } = await explore();
  await (await listOf(page)).getByText("There are no saved questions yet").waitFor();
  await checkAccess(page, "no saved questions");
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "By", exact: true }).selectOption("verb");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const saving = page.getByRole("dialog", { name: "Save this question" });
  await saving.getByText(/Who opens it chooses the period/).waitFor();
  await saving.getByLabel("Name").fill("  Verbs ");
  await saving.getByLabel("Description").fill("For the Monday\nmeeting");
  await checkAccess(page, "saving a question");
  await saving.getByRole("button", { name: "Save", exact: true }).click();
  await titled(page, "Verbs");
  await page.getByText("Verbs was saved.").waitFor();
  assert.match(await page.title(), /^Verbs – /);
  const [{ id, ...saved }] = (await call(server, person, "GET", QUESTIONS)).items;
  assert.deepEqual([saved.name, saved.description, saved.kind, saved.shared], ["Verbs", "For the Monday\nmeeting", "query", false]);
  const read = () => call(server, person, "GET", `${QUESTIONS}/${id}`);
  assert.equal((await read()).query.where, undefined);

  // The name stays after a reload, and is opened from the list.
  await page.reload();
  await titled(page, "Verbs");
  await page.getByText("For the Monday").waitFor();
  const changes = page.getByRole("button", { name: "Save changes" });
  assert.equal(await changes.isDisabled(), true);
  await page.getByRole("link", { name: "Explore" }).last().click();
  await titled(page, "Explore");
  await (await listOf(page)).getByRole("link", { name: "Verbs" }).click();
  await titled(page, "Verbs");
  await page.waitForURL(/by=verb/);
  assert.equal(await page.getByRole("combobox", { name: "By", exact: true }).inputValue(), "verb");

  // Days of one's own are part of a question.
  const address = new URL(page.url());
  address.searchParams.set("period", DAYS);
  await page.goto(address.href);
  await page.getByRole("region", { name: "Answer" }).getByText("from 2 statements").waitFor();
  await changes.click();
  await page.getByText("Verbs was saved.").waitFor();
  assert.deepEqual((await read()).query.where, { field: "timestamp", from: "2026-01-05", to: "2026-02-09" });
  assert.equal(await changes.isDisabled(), true);
  await page.goto(`${server.origin}/t/1/explore?saved=${id}`);
  await page.waitForURL(new RegExp(`period=${DAYS}`));
  await titled(page, "Verbs");
  await checkAccess(page, "a saved question");

  // Its name, and who sees it.
  let list = await listOf(page);
  await list.getByText("Only you see it").waitFor();
  await list.getByRole("button", { name: "Change Verbs" }).click();
  const changing = page.getByRole("dialog", { name: "Change the question Verbs" });
  await changing.getByLabel("Name").fill("What is done");
  await changing.getByRole("checkbox", { name: "Share with all who may ask questions" }).check();
  await checkAccess(page, "changing a saved question");
  await changing.getByRole("button", { name: "Save", exact: true }).click();
  await list.getByText("What is done was changed.").waitFor();
  await list.getByText("Shared by you").waitFor();
  await checkAccess(page, "the saved questions");
  assert.deepEqual([(await read()).name, (await read()).shared], ["What is done", true]);
  await page.keyboard.press("Escape");
  await titled(page, "What is done");

  // Nothing is removed before it is confirmed.
  list = await listOf(page);
  await list.getByRole("button", { name: "Remove What is done" }).click();
  const removing = page.getByRole("dialog", { name: "Remove the question What is done?" });
  await removing.getByRole("button", { name: "Cancel" }).click();
  await list.getByRole("button", { name: "Remove What is done" }).click();
  await removing.getByRole("button", { name: "Remove" }).click();
  await list.getByText("What is done was removed.").waitFor();
  await list.getByText("There are no saved questions yet").waitFor();
  await page.keyboard.press("Escape");
  await titled(page, "Explore");
  assert.deepEqual((await call(server, person, "GET", QUESTIONS)).items, []);
  check();
  await close();
});

test("what somebody else has changed meanwhile is not overwritten", async () => {
  const query = { measures: [{ measure: "count" }], dimensions: ["verb"] };
  const { id } = await call(server, person, "POST", QUESTIONS, { name: "Together", shared: true, query });
  const put = (body) => call(server, person, "PUT", `${QUESTIONS}/${id}`, { name: "Together", shared: true, ...body }, { "If-Match": "*" });
  const { page, check, close } = await explore(`?saved=${id}`);
  await page.waitForURL(/by=verb/);
  await page.getByRole("combobox", { name: "By", exact: true }).selectOption("platform");
  await put({ query: { ...query, dimensions: ["course"] } });
  await page.getByRole("button", { name: "Save changes" }).click();
  const refused = page.getByRole("alert").filter({ hasText: "Somebody else has changed this question meanwhile." });
  await refused.waitFor();
  await checkAccess(page, "a question that somebody else has changed");
  assert.deepEqual((await call(server, person, "GET", `${QUESTIONS}/${id}`)).query.dimensions, ["course"]);
  await refused.getByRole("button", { name: "Open theirs" }).click();
  await page.waitForURL(/by=course/);
  await refused.waitFor({ state: "detached" });
  const list = await listOf(page);
  await list.getByRole("button", { name: "Change Together" }).click();
  const changing = page.getByRole("dialog", { name: "Change the question Together" });
  await changing.getByLabel("Name").fill("Mine");
  await put({ query });
  await changing.getByRole("button", { name: "Save", exact: true }).click();
  await changing.getByText("Nothing was saved. Read it again, then change it.").waitFor();
  await changing.getByRole("button", { name: "Read again" }).click();
  await changing.getByText("Somebody else").waitFor({ state: "detached" });
  // What was typed goes as soon as the question has been read.
  await page.waitForFunction(() => document.querySelector("[role=dialog] input, dialog input")?.value !== "Mine");
  assert.equal(await changing.getByLabel("Name").inputValue(), "Together");
  check();
  await close();
  await call(server, person, "DELETE", `${QUESTIONS}/${id}`);
});

test("nobody is offered what would be refused, and what the page cannot show is not opened", async () => {
  const query = { measures: [{ measure: "count" }], dimensions: ["verb"] };
  const made = async (who, body) => (await call(server, who, "POST", QUESTIONS, body)).id;
  const ids = [
    await made(person, { name: "Shared by the owner", shared: true, query }),
    await made(person, { name: "Of the owner alone", query }),
    await made(person, { name: "Courses", shared: true, analysis: { name: "courses", request: {} } }),
    await made(person, { name: "Means", shared: true, query: { measures: [{ measure: "count", name: "n" }, { measure: "formula", formula: "n * 2", name: "twice" }], dimensions: ["verb"] } }),
  ];
  const own = await made(people.analyst, { name: "Of the analyst", shared: true, query });
  const buttons = async (who) => {
    const { page, check, close } = await explore("", who);
    const list = await listOf(page);
    await list.getByRole("link", { name: "Shared by the owner" }).waitFor();
    const names = await list.getByRole("button", { name: /^(?:Change|Remove) / }).evaluateAll((found) => found.map((button) => button.ariaLabel));
    assert.equal(await list.getByRole("link", { name: "Courses" }).count(), 0);
    await list.getByText(/Not for this page \(analysis\)/).waitFor();
    assert.equal(await list.getByText("Of the owner alone").count(), who === person ? 1 : 0);
    await page.keyboard.press("Escape");
    const canSave = await page.getByRole("button", { name: "Save", exact: true }).count();
    check();
    await close();
    return [names.length, canSave];
  };
  assert.deepEqual(await buttons(person), [10, 1]);
  assert.deepEqual(await buttons(people.analyst), [2, 1]);
  assert.deepEqual(await buttons(people.learner), [0, 0]);

  // A learner opens a shared question, and cannot change it.
  const { page, check, close } = await explore(`?saved=${ids[0]}`, people.learner);
  await titled(page, "Shared by the owner");
  await page.waitForURL(/by=verb/);
  await waitUntilIdle(page);
  assert.equal(await page.getByRole("button", { name: /^Save(?: |$)/ }).count(), 0);
  await page.goto(`${server.origin}/t/1/explore?saved=${ids[3]}`);
  await page.getByText("This question asks what this page cannot show").waitFor();
  await checkAccess(page, "a question that is not shown");
  await page.goto(`${server.origin}/t/1/explore?saved=${ids[1]}`);
  await page.getByText("This does not exist, or you do not see it").waitFor();
  check();
  await close();

  // In the dark, at the size of a phone, and in German.
  for (const [options, button] of [[{ theme: "dark" }, "Saved questions"], [{ size: PHONE }, "Saved questions"], [{ locale: "de-DE" }, "Gespeicherte Fragen"]]) {
    const other = await explore(`?saved=${ids[0]}`, person, options);
    await other.page.waitForURL(/by=verb/);
    await titled(other.page, "Shared by the owner");
    await waitUntilIdle(other.page);
    await checkAccess(other.page, `a saved question ${JSON.stringify(options)}`);
    await checkWidth(other.page, "a saved question");
    await other.page.getByRole("button", { name: button }).click();
    await other.page.getByRole("dialog", { name: button }).getByRole("link", { name: "Of the analyst" }).waitFor();
    await checkAccess(other.page, `saved questions ${JSON.stringify(options)}`);
    await checkWidth(other.page, "saved questions");
    other.check();
    await other.close();
  }
  for (const id of [...ids, own]) await call(server, person, "DELETE", `${QUESTIONS}/${id}`);
});
