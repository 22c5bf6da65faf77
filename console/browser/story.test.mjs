// What somebody who has never seen Acta does with the README alone, from the empty server to a link
// that is shared. Each step needs the one before.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { launch, open, PHONE, waitUntilIdle } from "./browser.mjs";
import { PERSON, signIn, simulate, startServer, store, upToDate } from "./server.mjs";

let server;
let browser;
let desk;
let page;
let client;
let shared;

before(async () => {
  browser = await launch();
});

after(async () => {
  await desk?.close();
  await browser?.close();
  await server?.stop();
});

test("1: start the server, which prints a link", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  assert.match(readme, /cargo run --release -- serve/);
  assert.match(readme, /prints a link to set up your account/);
  server = await startServer();
  assert.match(server.setUp, /\/setup\?token=/);
});

test("2: finish set-up, and be in the console", async () => {
  desk = await open(browser, server);
  page = desk.page;
  await page.goto(server.setUp);
  await page.getByLabel("Your name").fill(PERSON.name);
  await page.getByLabel("E-mail address").fill(PERSON.email);
  await page.getByLabel("Password").fill(PERSON.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByText("No source has sent anything yet").waitFor();
});

test("3: connect a client with the test button", async () => {
  await page.getByRole("link", { name: "Connect a source" }).click();
  await page.getByRole("button", { name: "curl" }).click();
  await page.getByRole("button", { name: "Create the credential" }).click();
  await page.getByText("The password is shown this once.").waitFor();
  const [, key, secret] = /-u '?([^:\s']+):([^'\s]+)/.exec(await page.locator(".snippet pre").textContent());
  client = `Basic ${Buffer.from(`${key}:${secret}`).toString("base64")}`;
  await page.getByRole("button", { name: "Send a test statement" }).click();
  await page.getByText("First statement stored").waitFor();
  await page.getByText("On record").waitFor();
});

test("4: watch its statement arrive live", async () => {
  await page.getByRole("link", { name: "Watch statements" }).click();
  await page.getByRole("link", { name: /launched Test of/ }).waitFor();
  const answered = {
    actor: { name: "Ada", mbox: "mailto:ada@example.org" },
    verb: { id: "http://adlnet.gov/expapi/verbs/completed", display: { en: "completed" } },
    object: { id: "https://example.org/first", definition: { name: { en: "First steps" } } },
  };
  await store(server, [answered], client);
  await page.getByRole("link", { name: "Ada completed First steps" }).waitFor();
});

test("5: find a learner's journey", async () => {
  await store(server, await simulate(12_000), client);
  await upToDate(server, await signIn(server, PERSON));
  await page.getByRole("link", { name: "Learners" }).first().click();
  await page.getByRole("combobox", { name: "Period" }).selectOption("all");
  // The list of the new period takes the place of the one before, in the same rows: what is in the
  // first row is known once it stays.
  const first = page.getByRole("table").getByRole("link").first();
  let name = await first.textContent();
  for (let before = null; before !== name; name = await first.textContent()) {
    before = name;
    await page.waitForTimeout(1_000);
  }
  await first.click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  const journey = page.getByRole("region", { name: "Journey" });
  await journey.getByRole("img", { name: /^Journey over \d+ sources/ }).waitFor();
  await journey.getByText("Campus", { exact: true }).waitFor();
  await page.getByRole("region", { name: "Register" }).getByText(/\d+ statements?/).first().waitFor();
});

test("6: find a question's item analysis", async () => {
  await page.getByRole("link", { name: "Activities" }).first().click();
  await page.getByRole("combobox", { name: "Period" }).selectOption("all");
  await page.getByRole("searchbox").fill("Data protection 1");
  await page.getByRole("table").getByRole("link", { name: "Data protection 1" }).first().click();
  await page.getByRole("heading", { level: 1, name: "Data protection 1" }).waitFor();
  const questions = page.getByRole("region", { name: "Questions" });
  await questions.getByRole("link", { name: "Question 1" }).first().click();
  await page.waitForURL(/[?&]q=/);
  const question = page.getByRole("region", { name: "Question 1", exact: true });
  await question.getByText("Check the key").waitFor();
  await question.getByText(/The key may be wrong/).waitFor();
  await question.getByText(/are correct: /).waitFor();
  await question.getByText("strongest third").waitFor();
  desk.check();
});

test("7: share the link: who opens it signs in and sees the same", async () => {
  await page.getByRole("button", { name: "Copy link" }).click();
  shared = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(shared, page.url());
  const other = await open(browser, server, { size: PHONE });
  await other.page.goto(shared);
  await other.page.getByLabel("E-mail address").fill(PERSON.email);
  await other.page.getByLabel("Password").fill(PERSON.password);
  await other.page.getByRole("button", { name: "Sign in" }).click();
  await other.page.getByRole("heading", { level: 1, name: "Data protection 1" }).waitFor();
  await other.page.getByRole("region", { name: "Question 1", exact: true }).getByText(/The key may be wrong/).waitFor();
  await waitUntilIdle(other.page);
  other.check();
  await other.close();
});
