// The list of statements: live, filtered, opened, walked through by keys, exported.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { checkAccess, launch, open, PHONE } from "./browser.mjs";
import { setUp, simulate, startServer, store, storeByPlatform, until, upToDate } from "./server.mjs";

let server;
let browser;
let person;

before(async () => {
  server = await startServer();
  person = await setUp(server);
  await storeByPlatform(server, person, await simulate(3000));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

function statement(name, verb = "completed") {
  return {
    actor: { name, mbox: `mailto:${name.toLowerCase()}@example.org` },
    verb: { id: `http://adlnet.gov/expapi/verbs/${verb}`, display: { en: verb, de: `${verb} (deutsch)` } },
    object: { id: "https://example.org/live", definition: { name: { en: "Live course", de: "Live-Kurs" } } },
  };
}

async function openList(options = {}) {
  const opened = await open(browser, server, { person, ...options });
  await opened.page.goto(`${server.origin}/t/1/statements`);
  await opened.page.locator(".st-t .row-link").first().waitFor();
  return opened;
}

test("a statement appears while the list is live, and waits while it is paused", async () => {
  const { page, check, close } = await openList();
  await store(server, [statement("Melusine")]);
  await page.getByRole("link", { name: "Melusine completed Live course" }).waitFor();
  await page.keyboard.press("Space");
  await page.locator(".livebar").getByText("Paused").waitFor();
  await store(server, [statement("Quintilla"), statement("Xanthippe")]);
  await page.getByRole("button", { name: "Show 2 new" }).waitFor();
  assert.equal(await page.getByRole("link", { name: /^Quintilla/ }).count(), 0);
  await page.keyboard.press("Space");
  await page.getByRole("link", { name: /^Quintilla/ }).waitFor();
  await page.getByRole("link", { name: /^Xanthippe/ }).waitFor();
  check();
  await close();
});

test("a lost connection is said, and what was stored meanwhile arrives afterwards, once", async () => {
  const { page, check, close } = await openList();
  await store(server, [statement("Ottilie")]);
  await page.getByRole("link", { name: "Ottilie completed Live course" }).waitFor();
  await server.halt();
  await page.locator(".livebar").getByText("Connection lost.").waitFor();
  await page.locator(".livebar").getByText(/Trying again/).waitFor();
  await server.resume();
  await store(server, [statement("Perpetua")]);
  await page.getByRole("button", { name: "Try now" }).click({ timeout: 2_000 }).catch(() => undefined);
  await page.getByRole("link", { name: "Perpetua completed Live course" }).waitFor();
  await page.locator(".livebar").waitFor({ state: "detached" });
  assert.equal(await page.getByRole("link", { name: /^Perpetua/ }).count(), 1);
  assert.equal(await page.getByRole("link", { name: /^Ottilie/ }).count(), 1);
  check();
  await close();
});

test("under full load the list stays live, small and quick, and nothing is missing in it", async () => {
  const { page, check, close } = await openList();
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    const frame = (now) => {
      window.longest = Math.max(window.longest, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const total = 3_000;
  const all = Array.from({ length: total }, (_, index) => statement(`Load${String(index).padStart(4, "0")}`));
  for (let at = 0; at < total; at += 200) await store(server, all.slice(at, at + 200));
  await page.getByRole("link", { name: /^Load2999/ }).waitFor();
  assert.ok((await page.locator(".st-t tbody tr").count()) <= 80);
  // A page that is frozen answers nobody; the bar is wide, because the machine of a test is busy.
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest < 1_500, `no frame for ${Math.round(longest)} ms`);
  // Older rows than are kept are read again, without a gap.
  const seen = new Set();
  await until("the rows below follow", async () => {
    for (const name of await page.locator(".st-t .row-link b").allTextContents()) seen.add(name);
    await page.evaluate(
      () =>
        new Promise((done) => {
          window.scrollBy(0, 700);
          requestAnimationFrame(() => requestAnimationFrame(done));
        }),
    );
    return seen.has("Load2300");
  }, 60);
  for (let index = 2_300; index < total; index += 1) assert.ok(seen.has(`Load${index}`), `Load${index} is missing`);
  check();
  await close();
});

test("a filter is chosen by keyboard, stands in the address, and is undone by going back", async () => {
  const { page, check, close } = await openList();
  await page.keyboard.press("f");
  await page.getByRole("dialog", { name: "Add a filter" }).waitFor();
  await page.getByRole("dialog").getByPlaceholder("Type a name or an id").fill("failed");
  await until("only the verb is suggested", async () => (await page.getByRole("menuitem").allTextContents()).join("").startsWith("failed"));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/verb=http/);
  await page.locator(".chip").getByText("failed").waitFor();
  await until("only failed ones are shown", async () => {
    const verbs = await page.locator(".row-link .verb").allTextContents();
    return verbs.length > 0 && verbs.every((verb) => verb.trim() === "failed");
  });
  await page.goBack();
  await page.waitForURL((url) => !url.search.includes("verb="));
  check();
  await close();
});

test("filters that match nothing offer to remove each of them", async () => {
  const { page, check, close } = await openList();
  await page.goto(`${server.origin}/t/1/statements?verb=https://v.example/none&activity=https://a.example/none`);
  await page.getByText("No statement has all 2 filters").waitFor();
  await page.getByRole("button", { name: "Without Verb" }).click();
  await page.getByText("No statement has this filter").waitFor();
  check();
  await close();
});

test("rows are opened and walked through by keys, and the focus comes back", async () => {
  const { page, check, close } = await openList();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("complementary", { name: "Statement" });
  await drawer.getByRole("heading", { level: 2 }).waitFor();
  const first = new URL(page.url()).searchParams.get("s");
  await page.keyboard.press("j");
  await page.waitForURL((url) => url.searchParams.get("s") !== first);
  await page.keyboard.press("k");
  await page.waitForURL((url) => url.searchParams.get("s") === first);
  await drawer.getByRole("tab", { name: "JSON" }).click();
  await drawer.getByRole("region", { name: "JSON of the statement" }).getByText('"actor"').waitFor();
  await drawer.getByRole("button", { name: "Copy as curl" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^curl -u KEY:SECRET 'http:\/\/127\.0\.0\.1:\d+\/xapi\/statements'/);
  await drawer.getByRole("tab", { name: "Tree" }).click();
  await drawer.getByText("actor", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL((url) => !url.searchParams.has("s"));
  await until("the focus is on the row", () => page.evaluate((id) => document.activeElement?.getAttribute("data-id") === id, first));
  check();
  await close();
});

test("a statement has an address that shows it to somebody else, in their language", async () => {
  const { page, check, close } = await openList();
  await store(server, [statement("Zenobia")]);
  await page.getByRole("link", { name: /^Zenobia/ }).click();
  await page.getByRole("complementary", { name: "Statement" }).waitFor();
  const other = await open(browser, server, { person, locale: "de-DE", size: PHONE });
  await other.page.goto(page.url());
  const drawer = other.page.getByRole("complementary", { name: "Statement" });
  await drawer.getByText("completed (deutsch)").waitFor();
  await drawer.getByText("Live-Kurs").first().waitFor();
  check();
  other.check();
  await close();
  await other.close();
});

test("older statements load while scrolling, and only rows near the view are in the document", async () => {
  const { page, check, close } = await openList();
  for (let step = 0; step < 12; step += 1) {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(150);
    assert.ok((await page.locator(".st-t tbody tr").count()) <= 80);
  }
  const height = await page.evaluate(() => document.body.scrollHeight);
  assert.ok(height > 15_000, String(height));
  await page.locator(".livebar").getByText("Paused").waitFor();
  check();
  await close();
});

test("what is filtered is exported as CSV, all pages of it", async () => {
  const { page, check, close } = await openList();
  await page.goto(`${server.origin}/t/1/statements?verb=http://adlnet.gov/expapi/verbs/answered`);
  await page.locator(".st-t .row-link").first().waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  const lines = (await readFile(await download.path(), "utf8")).trim().split("\r\n");
  assert.ok(lines.length > 500, String(lines.length));
  assert.match(lines[0], /^stored,timestamp,actor,verb/);
  check();
  await close();
});

test("statements are searched by a name and conditions, which stand in the address", async () => {
  const { page, check, close } = await openList();
  await store(server, [statement("Hildegard"), statement("Hildegard", "failed"), statement("Hildebrand")]);
  await upToDate(server, person);
  await page.getByRole("searchbox", { name: "Search names" }).fill("hilde");
  await page.keyboard.press("Enter");
  const found = page.locator(".livebar").getByRole("status");
  await found.getByText("3 statements are found").waitFor();
  await page.getByRole("button", { name: "Filter F" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a filter" });
  const add = async (field, test, value) => {
    await dialog.getByLabel("Field").selectOption("Condition…");
    await dialog.getByLabel("What", { exact: true }).selectOption(field);
    await dialog.getByLabel("Test").selectOption(test);
    await dialog.getByLabel("Value").fill(value);
    await dialog.getByRole("button", { name: "Apply" }).click();
  };
  await add("Verb (id)", "is not", "http://adlnet.gov/expapi/verbs/failed");
  await found.getByText("2 statements are found").waitFor();
  await page.getByRole("button", { name: "Filter F" }).click();
  await add("Learner", "contains", "HILDEBRAND");
  await found.getByText("1 statement is found").waitFor();
  await page.getByRole("link", { name: "Hildebrand completed Live course" }).waitFor();
  await page.getByRole("button", { name: "One is enough" }).click();
  await found.getByText("2 statements are found").waitFor();
  const other = await open(browser, server, { person });
  await other.page.goto(page.url());
  await other.page.locator(".livebar").getByText("2 statements are found").waitFor();
  await page.getByRole("button", { name: "Oldest first" }).click();
  await page.locator(".row-link").first().getByText("Hildegard").waitFor();
  await page.getByRole("button", { name: "Copy as curl" }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/api\/v1\/tenants\/1\/statements' /);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  const lines = (await readFile(await download.path(), "utf8")).trim().split("\r\n");
  assert.equal(lines.length, 3);
  await page.getByRole("button", { name: "Back to live" }).click();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  assert.equal(new URL(page.url()).search, "");
  check();
  other.check();
  await close();
  await other.close();
});

test("a search that finds nothing says what each part of it costs", async () => {
  const { page, check, close } = await openList();
  await page.goto(`${server.origin}/t/1/statements?q=hildegard&where=${encodeURIComponent('["platform=Nowhere"]')}`);
  await page.getByText("No statement has all 2 filters").waitFor();
  await page.getByRole("button", { name: "Without Platform 2 statements" }).click();
  await page.locator(".livebar").getByText("2 statements are found").waitFor();
  check();
  await close();
});

test("a statement is found by its number, and a voided one says that it is", async () => {
  const { page, check, close } = await openList();
  const id = crypto.randomUUID();
  await store(server, [{ id, ...statement("Leocadia"), context: { platform: "Campus", contextActivities: { category: [{ id: "https://example.org/category" }] } } }]);
  await store(server, [{ ...statement("Leocadia"), verb: { id: "http://adlnet.gov/expapi/verbs/voided" }, object: { objectType: "StatementRef", id } }]);
  await upToDate(server, person);
  await page.goto(`${server.origin}/t/1/statements?q=${id}`);
  await page.getByText("No statement has this filter").waitFor();
  await page.getByRole("button", { name: "Voided too" }).click();
  await page.getByRole("link", { name: "Leocadia completed Live course" }).click();
  const drawer = page.getByRole("complementary", { name: "Statement" });
  await drawer.getByText("It stays on record, and counts in no figure.").waitFor();
  await drawer.getByText(/^Context: 2 more/).click();
  await drawer.getByRole("link", { name: "category" }).waitFor();
  await checkAccess(page, "a voided statement");
  const number = /^Record ([\d,]+)$/.exec(await drawer.getByText(/^Record [\d,]+$/).textContent())?.[1];
  assert.ok(number, "the number of the statement");
  await page.goto(`${server.origin}/t/1/statements?voided=true&q=${encodeURIComponent(number)}`);
  await page.getByRole("link", { name: "Leocadia completed Live course" }).waitFor();
  check();
  await close();
});

test("a statement is voided with a reason, and says who voided it, when and why", async () => {
  const { page, check, close } = await openList();
  const id = crypto.randomUUID();
  await store(server, [{ id, ...statement("Kunigunde") }]);
  await page.getByRole("link", { name: "Kunigunde completed Live course" }).click();
  const drawer = page.getByRole("complementary", { name: "Statement" });
  await drawer.getByRole("button", { name: "Void…" }).click();
  const dialog = page.getByRole("dialog", { name: "Void this statement?" });
  await dialog.getByText("This cannot be undone.").waitFor();
  await checkAccess(page, "the dialog that voids");
  await dialog.getByRole("button", { name: "Void", exact: true }).click();
  assert.ok(await dialog.isVisible(), "without a reason");
  await dialog.getByLabel("Reason").fill("Sent twice by <b>mistake</b>");
  await dialog.getByRole("button", { name: "Void", exact: true }).click();
  await page.getByText("The statement was voided.").waitFor();
  const note = drawer.locator(".voided-note");
  await note.getByText("Sent twice by <b>mistake</b>").waitFor();
  await note.getByText("Bea Holm").waitFor();
  await page.locator(`tr.voided [data-id="${id}"]`).waitFor();
  assert.equal(await drawer.getByRole("button", { name: "Void…" }).count(), 0);
  await checkAccess(page, "a statement that was voided here");
  // Somebody who comes later finds the same, by what the audit knows.
  await upToDate(server, person);
  await page.reload();
  await note.getByText("Sent twice by <b>mistake</b>").waitFor();
  await note.getByRole("link", { name: "The voiding statement" }).click();
  await drawer.getByText("Response").waitFor();
  assert.equal(await drawer.getByRole("button", { name: "Void…" }).count(), 0);
  check();
  await close();
});

test("a session that has ended leads to the sign-in and back", async () => {
  const { page, context, close } = await openList();
  await page.goto(`${server.origin}/t/1/sources`);
  await page.getByRole("heading", { level: 1, name: "Sources" }).waitFor();
  await context.clearCookies();
  await page.reload();
  await page.getByLabel("E-mail address").fill("bea@example.org");
  await page.getByLabel("Password").fill("Quartz-lantern-72-harbor");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/t\/1\/sources$/);
  await close();
});
