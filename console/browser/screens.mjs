// Takes the screenshots in docs/screens, with simulated data: all of them, or those that are named.
// Look at them, then make them small:
// pngquant --ext .png --force 128 docs/screens/*.png

import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { DESK, launch, open, PHONE, waitUntilIdle } from "./browser.mjs";
import { ask, call, setUp, simulate, startServer, storeByPlatform } from "./server.mjs";

const folder = fileURLToPath(new URL("../../docs/screens/", import.meta.url));

/** Each screen: its name, its path, and what is done on it before. */
const SCREENS = [
  ["overview", "/t/1/overview"],
  ["statements", "/t/1/statements?verb=http%3A%2F%2Fadlnet.gov%2Fexpapi%2Fverbs%2Fanswered", openStatement],
  ["learners", "/t/1/learners?period=90d"],
  ["activities", "/t/1/activities?period=90d"],
  ["course", "/t/1/activity?id=https%3A%2F%2Fcampus.example.org%2Fcourses%2Fc000"],
  ["course-progress", "/t/1/activity?id=https%3A%2F%2Fcampus.example.org%2Fcourses%2Fc000&tab=progress"],
  ["course-learners", "/t/1/activity?id=https%3A%2F%2Fcampus.example.org%2Fcourses%2Fc000&tab=learners"],
  ["courses", "/t/1/activities?view=courses&period=365d"],
  ["video", "/t/1/activities?view=videos&period=all", openVideo],
  ["retention", "/t/1/retention"],
  ["quality", "/t/1/quality?period=90d"],
  ["learner", "/t/1/learners?period=all", openLearner],
  ["explore", "/t/1/explore?m=distinct%3Aperson&by=timestamp%3Aweek&split=course&period=365d"],
  ["sources", "/t/1/sources"],
  ["connect", "/t/1/sources/connect", connect],
  ["search", "/t/1/statements?q=fire&where=%5B%22verb.name~completed%22%2C%22platform!%3DCampus%22%5D"],
  ["groups", "/t/1/groups", openGroup],
  ["people", "/t/1/people"],
  ["audit", "/t/1/audit"],
  ["settings", "/t/1/settings"],
  ["server", "/server"],
];

const PHONES = new Set(["overview", "statements", "course", "learner"]);

const wanted = process.argv.slice(2);
const chosen = SCREENS.filter(([name]) => wanted.length === 0 || wanted.includes(name));

async function openStatement(page, size) {
  if (size === PHONE) return;
  await page.locator(".st-t .row-link").nth(4).click();
  await page.getByRole("complementary", { name: "Statement" }).getByRole("tab", { name: "Reading" }).waitFor();
  await page.getByText("Just before, by the same learner").waitFor();
}

/** A learner with several sources: the one who has done most. */
async function openLearner(page) {
  await page.locator("main table a").first().click();
  await page.getByRole("region", { name: "Register" }).locator("details").first().waitFor();
}

/** A group with members. */
async function openGroup(page) {
  await page.getByRole("link", { name: "Physics 1" }).click();
  await page.getByRole("region", { name: "Members" }).getByRole("listitem").first().waitFor();
}

/** Units and classes, with learners of the simulation. */
async function makeGroups(server, person) {
  const make = (name, kind, parent) => call(server, person, "POST", "/tenants/1/groups", { name, kind, parent });
  const science = await make("Science", "unit");
  const classes = [await make("Physics 1", "class", science.id), await make("Chemistry 2", "class", science.id)];
  await make("Music", "class", (await make("Arts", "unit")).id);
  const question = { measures: [{ measure: "count", name: "n" }], dimensions: ["person"], where: { field: "person", exists: true }, order: [{ by: "n", descending: true }], limit: 12 };
  const { rows } = await ask(server, person, "/tenants/1/query", question);
  const year = new Date().getUTCFullYear();
  for (const [index, [id]] of rows.entries()) {
    const periods = [{ from: `${year - (index % 3 === 2 ? 1 : 0)}-09-01`, until: index % 3 === 2 ? `${year}-07-01` : null }];
    await call(server, person, "POST", `/tenants/1/groups/${classes[index % 2].id}/members`, { agent: JSON.parse(id), periods });
  }
}

/** The video that is viewed most. */
async function openVideo(page) {
  await page.locator("main table a").first().click();
  await page.getByRole("region", { name: "What is played" }).getByRole("img").waitFor();
}

async function connect(page) {
  await page.getByRole("button", { name: "Create the credential" }).click();
  await page.getByRole("button", { name: "Send a test statement" }).click();
  await page.getByText("On record").waitFor();
}

const server = await startServer();
const browser = await launch();
try {
  const person = await setUp(server);
  await storeByPlatform(server, person, await simulate(60_000));
  await makeGroups(server, person);
  await mkdir(folder, { recursive: true });
  for (const theme of ["light", "dark"]) {
    for (const size of [DESK, PHONE]) {
      const { page, check, close } = await open(browser, server, { person, size, theme });
      for (const [name, path, act] of chosen) {
        if (size === PHONE && !PHONES.has(name)) continue;
        await page.goto(server.origin + path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await waitUntilIdle(page);
        await act?.(page, size);
        await waitUntilIdle(page);
        const suffix = size === PHONE ? `phone-${theme}` : theme;
        await page.screenshot({ path: `${folder}${name}-${suffix}.png` });
      }
      check();
      await close();
    }
  }
  if (wanted.length === 0) {
    const { page, check, close } = await open(browser, server);
    await page.goto(`${server.origin}/signin`);
    await page.screenshot({ path: `${folder}signin-light.png` });
    check();
    await close();
  }
} finally {
  await browser.close();
  await server.stop();
}
