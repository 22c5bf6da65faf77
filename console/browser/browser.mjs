// Chromium, and what every test of a page looks at.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

export const DESK = { width: 1440, height: 1000 };
export const PHONE = { width: 390, height: 844 };

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/**
 * A page with the session of a person. It notes every error, every violation of the policy, and
 * every request to another host; `check` fails if there was one.
 */
export async function open(browser, server, { person, size = DESK, theme = "light", locale = "en-GB" } = {}) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    locale,
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    hasTouch: size.width < 500,
    permissions: ["clipboard-read", "clipboard-write"],
    acceptDownloads: true,
  });
  if (person) {
    const [name, value] = person.cookie.split("=");
    await context.addCookies([{ name, value, url: server.origin }]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const found = [];
  page.on("pageerror", (error) => found.push(`error: ${error}`));
  page.on("dialog", (dialog) => {
    found.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    // A refused request is part of some tests.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      found.push(`console: ${message.text()}`);
    }
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server.origin && protocol.startsWith("http")) found.push(`request: ${request.url()}`);
  });
  return {
    page,
    context,
    check() {
      assert.deepEqual(found, []);
    },
    async close() {
      await context.close();
    },
  };
}

/** What axe finds. It is evaluated by the test, not by the page: its policy allows no other scripts. */
async function runAxe(page) {
  const { violations } = await page.evaluate(
    `${axe}; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => {
      const message = node.any[0]?.message ?? help;
      return { place: `${id} ${node.target.join(" ")}`, text: `${id}: ${node.html.slice(0, 160)} (${message})`, isCovered: id === "target-size" && message.includes("obscured") };
    }),
  );
}

/** Fails with every finding of axe on the page. */
export async function checkAccess(page, where) {
  let findings = await runAxe(page);
  if (findings.some(({ isCovered }) => isCovered)) {
    // What a fixed bar covers in part is free once somebody scrolls; what something else covers is not.
    await page.evaluate(() => window.scrollBy(0, window.scrollY > 150 ? -150 : 150));
    const still = new Set((await runAxe(page)).map(({ place }) => place));
    findings = findings.filter(({ isCovered, place }) => !isCovered || still.has(place));
  }
  assert.deepEqual(findings.map(({ text }) => `${where}: ${text}`), []);
}

/** Fails if the page is wider than its window. */
export async function checkWidth(page, where) {
  const [inner, full] = await page.evaluate(() => [window.innerWidth, document.documentElement.scrollWidth]);
  assert.ok(full <= inner, `${where}: ${full} px wide in ${inner} px`);
}

/** Scrolls to the end of a page, as a reader does, so that everything is seen. */
export async function scrollThrough(page) {
  await page.evaluate(async () => {
    for (let top = 0; top < document.documentElement.scrollHeight; top += window.innerHeight / 2) {
      window.scrollTo(0, top);
      await new Promise((done) => setTimeout(done, 60));
    }
  });
}

/** Waits until nothing on the page is loading. */
export async function waitUntilIdle(page) {
  await page.waitForFunction(() => {
    const isLoading = document.querySelector("[aria-busy=true], .dimmed") !== null;
    window.quiet = isLoading ? 0 : (window.quiet ?? 0) + 1;
    return window.quiet > 3;
  }, undefined, { polling: 60 });
}
