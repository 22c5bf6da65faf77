// An advisor and a learner: how they get their roles, what they see, and that nothing they open is refused.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { checkAccess, launch, open, scrollThrough, waitUntilIdle } from "./browser.mjs";
import { ask, call, setUp, simulate, startServer, storeByPlatform } from "./server.mjs";

const ADVISOR = { name: "Eva Lund", email: "eva@example.org", password: "Lantern-harbor-41-quartz" };
const THEMES = ["light", "dark"];

let server;
let browser;
let person;
/** The learner who gets an account, by the address of the mailbox. */
let learner;
/** The identifiers of those in the group, the learner first. */
let members;
/** The course that the learner has done most in. */
let course;

/** The values of a field with the most statements, and their names. */
async function most(field, where) {
  const question = { measures: [{ measure: "count", name: "n" }], dimensions: [field], where, order: [{ by: "n", descending: true }], limit: 50 };
  const { rows, labels } = await ask(server, person, "/tenants/1/query", question);
  return rows.map(([id]) => ({ id, name: labels[field]?.[id] }));
}

before(async () => {
  server = await startServer();
  person = await setUp(server);
  await storeByPlatform(server, person, await simulate(6_000));
  const mailboxes = (await most("person", { field: "person", exists: true })).filter(({ id, name }) => JSON.parse(id).mbox && name);
  members = mailboxes.slice(0, 3).map(({ id }) => id);
  assert.equal(members.length, 3);
  const [{ id, name }] = mailboxes;
  learner = { id, recorded: name, name: "Lou Berg", email: JSON.parse(id).mbox.replace("mailto:", ""), password: "Quartz-lantern-58-harbor" };
  [course] = await most("course", { and: [{ field: "person", is: id }, { field: "course", exists: true }] });
  const science = await call(server, person, "POST", "/tenants/1/groups", { name: "Science", kind: "unit" });
  const physics = await call(server, person, "POST", "/tenants/1/groups", { name: "Physics", kind: "class", parent: science.id });
  for (const member of members) await call(server, person, "POST", `/tenants/1/groups/${physics.id}/members`, { agent: JSON.parse(member) });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A page that notes every response that is an error. */
async function openNoting(options) {
  const opened = await open(browser, server, options);
  const failed = [];
  opened.page.on("response", (response) => {
    if (response.status() >= 400) failed.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  return {
    ...opened,
    check() {
      opened.check();
      assert.deepEqual(failed, []);
    },
  };
}

async function signInOn(page, { email, password }) {
  await page.goto(`${server.origin}/signin`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Makes an invitation; `choose` ticks what the role needs. */
async function invite(page, { email }, role, hint, choose) {
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite somebody" });
  await dialog.getByLabel("E-mail address").fill(email);
  await dialog.getByLabel("Role").selectOption(role);
  await dialog.getByText(hint).waitFor();
  await choose?.(dialog);
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const link = await dialog.locator(".link-text").textContent();
  await dialog.locator("button.primary").click();
  return link;
}

async function accept(link, { name, password }, heading) {
  const { page, check, close } = await openNoting();
  await page.goto(link);
  await page.getByLabel("Your name").fill(name);
  const form = page.locator("form:has(input[name=display_name])");
  await form.locator("input[type=password]").first().fill(password);
  await form.locator("button").click();
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  check();
  await close();
}

/** Opens pages one after the other: each shows its data, and axe finds nothing. */
async function checkPages(page, pages, where) {
  for (const [path, heading, text] of pages) {
    await page.goto(`${server.origin}/t/1/${path}`);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await scrollThrough(page);
    await page.locator("main").getByText(text).first().waitFor();
    await waitUntilIdle(page);
    await checkAccess(page, `${where}, ${path}`);
  }
}

/** The tabs of the page of a course that somebody opens. */
async function tabsOf(page, address) {
  await page.goto(server.origin + address);
  const tabs = page.getByRole("navigation", { name: "Parts of the page" }).getByRole("link");
  await tabs.first().waitFor();
  return tabs.allTextContents();
}

test("an owner invites an advisor with a group and a learner, and changes the groups", async () => {
  const { page, check, close } = await openNoting({ person });
  await page.goto(`${server.origin}/t/1/people`);
  const forAdvisor = await invite(page, ADVISOR, "advisor", "Asks questions about the members of chosen groups, and reads no statements.", async (dialog) => {
    await dialog.getByLabel("Science / Physics").check();
    await dialog.getByText("1 group is chosen").waitFor();
    await checkAccess(page, "an invitation with groups");
  });
  await page.getByRole("region", { name: "Invitations" }).getByRole("row", { name: ADVISOR.email }).getByText("1 group").waitFor();
  const forLearner = await invite(page, learner, "learner", "Asks questions about their own record only.");
  await accept(forAdvisor, ADVISOR, "Overview");
  await accept(forLearner, learner, learner.recorded);
  await page.reload();
  const advisorRow = page.getByRole("row", { name: ADVISOR.email });
  await advisorRow.getByRole("button", { name: "1 group of Eva Lund: change" }).click();
  const dialog = page.getByRole("dialog", { name: "Groups of Eva Lund" });
  await dialog.getByLabel("Science", { exact: true }).check();
  await dialog.getByText("2 groups are chosen").waitFor();
  await checkAccess(page, "the choice of groups");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Eva Lund is advisor of 2 groups now.").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Eva Lund is advisor of 1 group now.").waitFor();
  await advisorRow.getByRole("button", { name: "1 group of Eva Lund: change" }).waitFor();
  // Somebody becomes an advisor by a choice of groups, and not before.
  const role = page.getByRole("row", { name: learner.email }).getByRole("combobox");
  await role.selectOption("advisor");
  await page.getByRole("dialog", { name: "Groups of Lou Berg" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await role.inputValue(), "learner");
  const people = (await call(server, person, "GET", "/tenants/1/people")).items;
  const roles = Object.fromEntries(people.map(({ email, role, groups }) => [email, [role, groups.length]]));
  assert.deepEqual([roles[ADVISOR.email], roles[learner.email]], [["advisor", 1], ["learner", 0]]);
  check();
  await close();
});

test("the choice of groups has no findings of axe in the dark", async () => {
  const { page, check, close } = await openNoting({ person, theme: "dark" });
  await page.goto(`${server.origin}/t/1/people`);
  await page.getByRole("button", { name: "1 group of Eva Lund: change" }).click();
  await page.getByLabel("Science / Physics").waitFor();
  await checkAccess(page, "the choice of groups, dark");
  check();
  await close();
});

for (const theme of THEMES) {
  test(`an advisor sees the members of the group, and no statements, ${theme}`, async () => {
    const { page, check, close } = await openNoting({ theme });
    await signInOn(page, ADVISOR);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    const navigation = page.getByRole("navigation", { name: "Main", exact: true });
    assert.equal(await navigation.getByRole("link", { name: "Statements" }).count(), 0);
    const activity = `activity?id=${encodeURIComponent(course.id)}`;
    await checkPages(
      page,
      [
        ["overview?period=all", "Overview", "When people learn"],
        ["learners?period=all", "Learners", learner.recorded],
        ["retention", "Coming back", "Who comes again"],
        ["activities?period=all", "Activities", /\d+ of \d+/],
        ["activities?view=courses&period=all", "Activities", course.name],
        ["activities?view=videos&period=all", "Activities", /Watched to the end|No video was played/],
        ["explore?by=person&period=all", "Explore", /from [\d,]+ statements/],
        ["quality?period=all", "Data quality", /Clock ahead/],
        [activity, course.name, learner.recorded],
        [`${activity}&tab=learners`, course.name, learner.recorded],
        [`${activity}&tab=groups`, course.name, "Who got how far"],
        [`learner?id=${encodeURIComponent(members[1])}`, /./, "Known as"],
        ["settings", "Settings", "Statements a day, at most"],
      ],
      `advisor ${theme}`,
    );
    await page.goto(`${server.origin}/t/1/learners?period=all`);
    const rows = page.getByRole("table").getByRole("row");
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), members.length + 1);
    await rows.getByRole("link", { name: learner.recorded }).first().click();
    await page.getByRole("heading", { level: 1, name: learner.recorded }).waitFor();
    await page.getByRole("region", { name: "Journey" }).waitFor();
    await waitUntilIdle(page);
    assert.equal(await page.getByRole("region", { name: "Register" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Export record" }).count(), 0);
    await page.goto(`${server.origin}/t/1/statements`);
    await page.getByText("Your role, advisor, does not open this page").waitFor();
    check();
    await close();
  });

  test(`a learner sees the own record alone, ${theme}`, async () => {
    const { page, check, close } = await openNoting({ theme });
    await signInOn(page, learner);
    await page.getByRole("heading", { level: 1, name: learner.recorded }).waitFor();
    assert.ok(decodeURIComponent(page.url()).includes(`mailto:${learner.email}`), page.url());
    const navigation = page.getByRole("navigation", { name: "Main", exact: true });
    await navigation.getByRole("link", { name: "My record" }).waitFor();
    for (const name of ["Statements", "Learners"]) assert.equal(await navigation.getByRole("link", { name, exact: true }).count(), 0, name);
    const activity = `activity?id=${encodeURIComponent(course.id)}`;
    await checkPages(
      page,
      [
        ["learner", learner.recorded, "Known as"],
        ["overview?period=all", "Overview", "When people learn"],
        ["activities?period=all", "Activities", /\d+ of \d+/],
        ["activities?view=courses&period=all", "Activities", course.name],
        ["explore?by=verb&period=all", "Explore", /from [\d,]+ statements/],
        ["quality?period=all", "Data quality", /Clock ahead/],
        [activity, course.name, "Where learners stop"],
        [`${activity}&tab=progress`, course.name, "Parts of the course"],
        [`${activity}&tab=time`, course.name, /A session ends after/],
        ["settings", "Settings", "Statements a day, at most"],
      ],
      `learner ${theme}`,
    );
    const tabs = await tabsOf(page, `/t/1/${activity}`);
    assert.ok(tabs.includes("Structure") && !tabs.includes("Learners"), tabs.join());
    await page.goto(`${server.origin}/t/1/learners`);
    await page.getByText("Your role, learner, does not open this page").waitFor();
    // Of others, there is nothing to see.
    await page.goto(`${server.origin}/t/1/learner?id=${encodeURIComponent(members[1])}`);
    await page.getByText("Nothing is known of this learner in this period").waitFor();
    check();
    await close();
  });
}

test("the search box finds for an advisor whom the role reaches, and for a learner courses", async () => {
  const find = async (who, text) => {
    const { page, check, close } = await openNoting();
    await signInOn(page, who);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type(text);
    await page.getByRole("menuitem", { name: text }).first().waitFor();
    check();
    await close();
  };
  await find(ADVISOR, learner.recorded);
  await find(learner, course.name);
});
