// Measures the console in Chromium: `cargo xtask bench --console [--statements N]`.
// The figures are those of the browser's own clocks; the server runs on the same machine.

import { parseArgs } from "node:util";

import { launch, open, waitUntilIdle } from "./browser.mjs";
import { fillStore, setUp, startServer, store, upToDate } from "./server.mjs";

const { values } = parseArgs({ options: { statements: { type: "string", default: "100000" } } });
const total = Number(values.statements);

/** The load of the live list: statements a second, for so many seconds. */
const LIVE_RATE = 1_000;
const LIVE_SECONDS = 20;

const figures = [];
const note = (what, value, limit = "") => figures.push({ what, value, limit });

/** Notes every frame, long task, slow interaction and shift of the layout from now on. */
function watch(page) {
  return page.evaluate(() => {
    const seen = { frames: [], tasks: [], events: [], shift: 0 };
    window.seen = seen;
    const observe = (type, each, more) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, ...more });
    observe("longtask", (entry) => seen.tasks.push(entry.duration));
    observe("event", (entry) => entry.interactionId && seen.events.push(entry.duration), { durationThreshold: 16 });
    observe("layout-shift", (entry) => (seen.shift += entry.hadRecentInput ? 0 : entry.value));
    let last = performance.now();
    const frame = (now) => {
      seen.frames.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

const seenOn = (page) => page.evaluate(() => window.seen);
const ms = (value) => `${Math.round(value)} ms`;

function percentile(all, share) {
  const sorted = all.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The first load, with nothing in the cache: until something is painted, and until figures are there. */
async function measureLoad(browser, server, person, [name, path, ready]) {
  const { page, close } = await open(browser, server, { person });
  await page.goto(server.origin + path);
  await ready(page);
  const times = await page.evaluate(() => {
    const resources = performance.getEntriesByType("resource");
    const files = resources.filter((entry) => new URL(entry.name).pathname.startsWith("/assets/"));
    const bytes = files.filter((entry) => !entry.name.includes("woff2")).reduce((sum, entry) => sum + entry.encodedBodySize, 0);
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return { now: performance.now(), paint: paint?.startTime ?? 0, bytes, calls: resources.filter((entry) => entry.name.includes("/api/")).length };
  });
  note(`${name}: first paint`, ms(times.paint));
  note(`${name}: usable`, ms(times.now), "1,000 ms");
  note(`${name}: loaded without the font`, `${Math.round(times.bytes / 1000)} kB`, "190 kB");
  note(`${name}: requests of data`, String(times.calls));
  await close();
}

/** Opening, walking, filtering, switching: how long until the next paint. */
async function measureInteractions(browser, server, person) {
  const { page, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/statements`);
  await page.locator(".st-t .row-link").first().waitFor();
  await watch(page);
  await page.locator(".st-t .row-link").nth(3).click();
  for (let step = 0; step < 12; step += 1) await page.keyboard.press("j");
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("f");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("over");
  await page.keyboard.press("Escape");
  await page.goto(`${server.origin}/t/1/overview`);
  await waitUntilIdle(page);
  const first = await seenOn(page).catch(() => undefined);
  await watch(page);
  await page.getByRole("button", { name: "Show as table" }).first().click();
  await page.getByRole("combobox", { name: "Period" }).selectOption("90d");
  await waitUntilIdle(page);
  const events = [...(first?.events ?? []), ...(await seenOn(page)).events];
  note("interaction to next paint, slowest", ms(Math.max(0, ...events)), "100 ms");
  await close();
}

/** Scrolling through a long list, a screen at a time. */
async function measureScrolling(browser, server, person) {
  const { page, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/statements`);
  await page.locator(".st-t .row-link").first().waitFor();
  await watch(page);
  await page.evaluate(async () => {
    const until = performance.now() + 12_000;
    while (performance.now() < until) {
      window.scrollBy(0, 120);
      await new Promise((done) => requestAnimationFrame(done));
    }
  });
  const { frames, shift } = await seenOn(page);
  const rows = await page.locator(".st-t tbody tr").count();
  note("scrolling: frame, 95 of 100", ms(percentile(frames, 0.95)));
  note("scrolling: longest frame", ms(Math.max(...frames)));
  note("scrolling: rows in the document", String(rows), "80");
  note("scrolling: layout shift", shift.toFixed(3), "0");
  await close();
}

/** The list while many statements arrive. */
async function measureLive(browser, server, person) {
  const { page, close } = await open(browser, server, { person });
  await page.goto(`${server.origin}/t/1/statements`);
  await page.locator(".st-t .row-link").first().waitFor();
  await watch(page);
  const began = Date.now();
  let sent = 0;
  while (Date.now() - began < LIVE_SECONDS * 1000) {
    const due = Math.min(1_000, Math.floor(((Date.now() - began) / 1000) * LIVE_RATE) - sent);
    if (due >= 50) {
      const batch = Array.from({ length: due }, (_, index) => ({
        actor: { name: `Learner ${sent + index}`, mbox: `mailto:l${(sent + index) % 5_000}@example.org` },
        verb: { id: "http://adlnet.gov/expapi/verbs/experienced", display: { en: "experienced" } },
        object: { id: `https://example.org/pages/${(sent + index) % 500}`, definition: { name: { en: `Page ${(sent + index) % 500}` } } },
      }));
      await store(server, batch);
      sent += due;
    }
    await new Promise((done) => setTimeout(done, 20));
  }
  const seconds = (Date.now() - began) / 1000;
  const last = Date.now();
  await page.getByRole("link", { name: new RegExp(`^Learner ${sent - 1} `) }).waitFor();
  const { frames, tasks, shift } = await seenOn(page);
  note("live: statements a second", String(Math.round(sent / seconds)), String(LIVE_RATE));
  note("live: the last is shown after", ms(Date.now() - last));
  note("live: frame, 95 of 100", ms(percentile(frames, 0.95)));
  note("live: longest frame", ms(Math.max(...frames)));
  note("live: main thread busy in long tasks", `${((tasks.reduce((sum, task) => sum + task, 0) / 1000 / seconds) * 100).toFixed(1)} %`);
  note("live: layout shift", shift.toFixed(3), "0");
  await close();
}

const server = await startServer({ fill: (data) => fillStore(data, total) });
const browser = await launch();
try {
  const person = await setUp(server);
  await upToDate(server, person, 900);
  const figure = (page) => page.waitForFunction(() => /\d/.test(document.querySelector(".figures .v")?.textContent ?? ""));
  await measureLoad(browser, server, person, ["overview", "/t/1/overview", figure]);
  await measureLoad(browser, server, person, ["statements", "/t/1/statements", (page) => page.locator(".st-t .row-link").first().waitFor()]);
  await measureInteractions(browser, server, person);
  await measureScrolling(browser, server, person);
  await measureLive(browser, server, person);
  console.log(`\n${total.toLocaleString("en")} statements, ${browser.version()}\n`);
  console.log("| what | measured | at most |\n| --- | --- | --- |");
  for (const { what, value, limit } of figures) console.log(`| ${what} | ${value} | ${limit} |`);
} finally {
  await browser.close();
  await server.stop();
}
