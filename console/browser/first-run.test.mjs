// From an empty server to the first statement: the way of somebody who has never seen it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { checkAccess, launch, open } from "./browser.mjs";
import { PERSON, startServer } from "./server.mjs";

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("set-up, a source, its first statement, live", async () => {
  const { page, check, close } = await open(browser, server);
  await page.goto(server.setUp);
  await checkAccess(page, "set up");
  await page.getByLabel("Your name").fill(PERSON.name);
  await page.getByLabel("E-mail address").fill(PERSON.email);
  await page.getByLabel("Password").fill(PERSON.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("No source has sent anything yet").waitFor();
  await page.getByRole("link", { name: "Connect a source" }).click();
  await page.getByRole("button", { name: "curl" }).click();
  await page.getByText("Change what it may do").click();
  await page.getByLabel("Name", { exact: true }).fill("Onshore campus");
  await page.getByLabel("Only about activities that begin with").fill("not an address");
  await page.getByRole("button", { name: "Create the credential" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Only about activities that begin with").fill("https://courses.example.org/");
  await page.getByRole("button", { name: "Create the credential" }).click();
  await page.getByText("The password is shown this once.").waitFor();
  await checkAccess(page, "connect");
  await page.getByText("Waiting for the first statement").waitFor();
  await page.getByRole("button", { name: "Send a test statement" }).click();
  await page.getByText("First statement stored").waitFor();
  await page.getByText("On record").waitFor();
  await page.getByRole("link", { name: "Watch statements" }).click();
  await page.getByRole("link", { name: /Test of Onshore campus/ }).click();
  await page.getByRole("complementary", { name: "Statement" }).getByText("Onshore campus").first().waitFor();
  check();
  await close();
});

test("a credential is changed, rotated, tested and removed", async () => {
  const { page, check, close } = await open(browser, server);
  await page.goto(`${server.origin}/t/1/sources`);
  await page.getByLabel("E-mail address").fill(PERSON.email);
  await page.getByLabel("Password").fill(PERSON.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Onshore campus" }).click();
  const drawer = page.getByRole("complementary", { name: "Onshore campus" });
  await drawer.getByRole("button", { name: "Send a test statement" }).click();
  await drawer.getByText("First statement stored").waitFor();
  await drawer.getByRole("button", { name: "Change" }).click();
  await page.getByRole("dialog").getByLabel("Only read").check();
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await drawer.getByText("but only read").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await drawer.getByText("but only read").waitFor({ state: "detached" });
  await drawer.getByRole("button", { name: "Rotate" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await drawer.getByText("The password is shown this once.").waitFor();
  await drawer.getByText("Old password").waitFor();
  await drawer.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await drawer.waitFor({ state: "detached" });
  assert.equal(await page.getByRole("link", { name: "Onshore campus" }).count(), 0);
  check();
  await close();
});

test("the search box goes to pages, and keys do", async () => {
  const { page, check, close } = await open(browser, server);
  await page.goto(`${server.origin}/signin`);
  await page.getByLabel("E-mail address").fill(PERSON.email);
  await page.getByLabel("Password").fill(PERSON.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.type("peop");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "People" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("u");
  await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
  await page.getByRole("button", { name: "Verify the chain" }).click();
  await page.getByText(/The chain of \d+ entries is intact/).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  check();
  await close();
});

test("somebody is invited with a link", async () => {
  const { page, check, close } = await open(browser, server);
  await page.goto(`${server.origin}/t/1/people`);
  await page.getByLabel("E-mail address").fill(PERSON.email);
  await page.getByLabel("Password").fill(PERSON.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail address").fill("ada@example.org");
  await dialog.getByLabel("Role").selectOption("viewer");
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = await dialog.locator(".link-text").textContent();
  await dialog.locator("button.primary").click();
  await page.getByRole("region", { name: "Invitations" }).getByText("ada@example.org").waitFor();
  check();
  await close();
  const guest = await open(browser, server);
  await guest.page.goto(link);
  await guest.page.getByLabel("Your name").fill("Ada");
  await guest.page.locator("#invitation input[type=password], form:has(input[name=display_name]) input[type=password]").first().fill("Lantern-harbor-41-quartz");
  await guest.page.locator("form:has(input[name=display_name]) button").click();
  // A viewer sees the settings, and not what statements say.
  await guest.page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  assert.equal(await guest.page.getByRole("link", { name: "Statements" }).count(), 0);
  await guest.page.goto(`${server.origin}/t/1/statements`);
  await guest.page.getByText("Your role, viewer, does not open this page").waitFor();
  guest.check();
  await guest.close();
});
