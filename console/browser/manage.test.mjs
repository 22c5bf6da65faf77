// What administrators do: why a source is refused, and groups with their members.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { checkAccess, checkWidth, launch, open, PHONE, waitUntilIdle } from "./browser.mjs";
import { call, setUp, startServer, store, upToDate } from "./server.mjs";

const ADA = { name: "Ada Lovelace", mbox: "mailto:ada@example.org" };

let server;
let browser;
let person;
let source;

/** Sends statements as the source does; returns the status of the answer. */
async function send(secret, statements) {
  const answer = await fetch(`${server.origin}/xapi/statements`, {
    method: "POST",
    headers: {
      Authorization: `Basic ${Buffer.from(`${source.key}:${secret}`).toString("base64")}`,
      "Content-Type": "application/json",
      "X-Experience-API-Version": "2.0.0",
    },
    body: JSON.stringify(statements),
  });
  return answer.status;
}

function statement(verb, object) {
  return { actor: ADA, verb: { id: verb }, object: { id: object } };
}

before(async () => {
  server = await startServer();
  person = await setUp(server);
  source = await call(server, person, "POST", "/tenants/1/credentials", {
    label: "Moodle",
    scopes: ["statements/write"],
    activity_prefixes: ["https://moodle.example.org/"],
  });
  await store(server, [statement("https://v.example/read", "https://example.org/book")]);
  await upToDate(server, person);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The open page in the dark and at the size of a phone: axe finds nothing. */
async function checkElsewhere(path, text) {
  for (const options of [{ theme: "dark" }, { size: PHONE }]) {
    const { page, check, close } = await open(browser, server, { person, ...options });
    await page.goto(server.origin + path);
    await page.getByText(text).first().waitFor();
    await waitUntilIdle(page);
    await checkAccess(page, `${path} ${JSON.stringify(options)}`);
    await checkWidth(page, path);
    check();
    await close();
  }
}

test("a source says why it was refused, and what to change", async () => {
  assert.equal(await send("wrong", []), 401);
  assert.equal(await send(source.secret, [statement("answered", "https://moodle.example.org/q")]), 400);
  assert.equal(await send(source.secret, [statement("answered", "https://moodle.example.org/q")]), 400);
  assert.equal(await send(source.secret, [statement("https://v.example/read", "https://elsewhere.example.org/")]), 403);
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/sources`);
  await page.getByRole("row", { name: /Moodle/ }).getByText(/^4 requests refused, the last/).waitFor();
  await page.getByRole("link", { name: "Moodle" }).click();
  const refused = page.getByRole("complementary", { name: "Moodle" }).getByRole("region", { name: "Refused" });
  const faults = refused.getByRole("listitem").filter({ hasText: "Breaks rules of xAPI" });
  await faults.getByText("POST statements, answered with 400, 2 times").waitFor();
  await faults.getByText("/0/verb/id").waitFor();
  await faults.getByText("XAPI-00011").waitFor();
  await refused.getByText("Wrong or old password").waitFor();
  await refused.getByText("The activity begins with none of the beginnings that are allowed.").waitFor();
  await checkAccess(page, "the refusals of a source");
  // What is refused meanwhile is there after another look.
  assert.equal(await send(source.secret, [statement("answered", "https://moodle.example.org/q")]), 400);
  await refused.getByRole("button", { name: "Look again" }).click();
  await faults.getByText(/answered with 400, 3 times/).waitFor();
  check();
  await close();
  await checkElsewhere(`/t/1/sources?c=${source.key}`, "Breaks rules of xAPI");
});

test("a source that was never refused says so", async () => {
  const other = await call(server, person, "POST", "/tenants/1/credentials", { label: "Quiet", scopes: ["statements/write"] });
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/sources?c=${other.key}`);
  await page.getByText("Nothing was refused").waitFor();
  check();
  await close();
});

test("groups are made, and somebody is in one for a time, which is undone", async () => {
  const { page, check, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/groups`);
  await page.getByText("There are no groups yet").waitFor();
  await checkAccess(page, "no groups");
  await page.getByRole("button", { name: "Create a group" }).first().click();
  const making = page.getByRole("dialog", { name: "Create a group" });
  await making.getByLabel("Name").fill("Science");
  await making.getByLabel("Kind").fill("unit");
  await making.getByRole("button", { name: "Create a group" }).click();
  const science = page.getByRole("complementary", { name: "Science" });
  await science.getByRole("button", { name: "New group below" }).click();
  await making.getByLabel("Name").fill("Physics 1");
  await making.getByRole("button", { name: "Create a group" }).click();
  const physics = page.getByRole("complementary", { name: "Physics 1" });
  await physics.getByText("Nobody is a member of this group itself.").waitFor();
  await physics.getByRole("button", { name: "Add somebody" }).click();
  const adding = page.getByRole("dialog", { name: "Add somebody to Physics 1" });
  await adding.getByRole("searchbox", { name: "Learner" }).fill("lovelace");
  await adding.getByRole("radio", { name: /Ada Lovelace/ }).check();
  await adding.getByLabel("First day").fill("2026-09-01");
  await adding.getByLabel("Last day").fill("2026-08-31");
  await adding.getByText("The last day is before the first one.").waitFor();
  await adding.getByLabel("Last day").fill("2027-06-30");
  await checkAccess(page, "adding somebody");
  await adding.getByRole("button", { name: "Add somebody" }).click();
  await physics.getByText("1 September 2026 to 30 June 2027").waitFor();
  // Nobody has given a name: it is that of the statements.
  await physics.getByRole("link", { name: "Ada Lovelace" }).waitFor();
  const [group] = (await call(server, person, "GET", "/tenants/1/groups?search=Physics")).items;
  const periods = async () => (await call(server, person, "GET", `/tenants/1/groups/${group.id}/members`)).items.map((member) => member.periods);
  assert.deepEqual(await periods(), [[{ from: "2026-09-01", until: "2027-07-01" }]]);
  await physics.getByRole("button", { name: "Remove Ada Lovelace from the group" }).click();
  await physics.getByText("Nobody is a member of this group itself.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await physics.getByText("1 September 2026 to 30 June 2027").waitFor();
  assert.deepEqual(await periods(), [[{ from: "2026-09-01", until: "2027-07-01" }]]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Groups below Science" }).click();
  await page.getByRole("link", { name: "Physics 1" }).waitFor({ state: "detached" });
  await page.getByRole("searchbox", { name: "Search groups" }).fill("phys");
  await page.getByRole("link", { name: "Science / Physics 1" }).waitFor();
  check();
  await close();
  await checkElsewhere(`/t/1/groups?g=${group.id}`, "1 September 2026 to 30 June 2027");
});

test("a file of groups is checked, shown, and imported when somebody says so", async () => {
  const { page, check, close } = await open(browser, server, { person });
  const groups = async () => (await call(server, person, "GET", "/tenants/1/groups?search=Arts")).items.length;
  const file = (text) => ({ name: "groups.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.goto(`${server.origin}/t/1/groups`);
  await page.getByRole("button", { name: "Import CSV" }).click();
  const dialog = page.getByRole("dialog", { name: "Import CSV" });
  await dialog.getByLabel("File (CSV)").setInputFiles(file("group,kind,mbox,from,until\nArts,unit,,,\nArts/Music,class,eva@example.org,tomorrow,\n"));
  await dialog.getByText(/line 3, column from/).waitFor();
  assert.equal(await dialog.getByRole("button", { name: "Import", exact: true }).isDisabled(), true);
  await dialog.getByLabel("File (CSV)").setInputFiles(file("group,kind,mbox,from,until\nArts,unit,,,\nArts/Music,class,eva@example.org,2026-09-01,\n"));
  await dialog.getByText("2 rows would change something:").waitFor();
  await dialog.getByText(/2 new groups, 1 new person/).waitFor();
  await dialog.getByRole("cell", { name: "Arts/Music" }).waitFor();
  await checkAccess(page, "the preview of an import");
  assert.equal(await groups(), 0);
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("2 rows have changed something.").waitFor();
  assert.equal(await groups(), 1);
  await page.getByRole("link", { name: "Music" }).click();
  await page.getByRole("complementary", { name: "Music" }).getByText("eva@example.org").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "groups.csv");
  check();
  await close();
});
