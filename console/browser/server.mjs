// Starts the real binary with a store of its own, and fills it.

import { execFileSync, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const KEY = "browser";
const SECRET = "browser-secret";

export const PERSON = {
  name: "Bea Holm",
  email: "bea@example.org",
  password: "Quartz-lantern-72-harbor",
};

const binary =
  process.env.TEST_ACTA_BINARY ??
  fileURLToPath(new URL("../../target/release/acta", import.meta.url));

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Asks until the answer is one, for at most some seconds. */
export async function until(what, ask, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

/** A running server with facts, and the link of its set-up. `fill` fills the store before, if there is one. */
export async function startServer({ fill } = {}) {
  const data = await mkdtemp(join(tmpdir(), "acta-browser-"));
  fill?.(data);
  const origin = `http://127.0.0.1:${await freePort()}`;
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("ACTA_")),
  );
  const start = () =>
    spawn(binary, ["serve", "--data", join(data, "store"), "--listen", origin.slice(7)], {
      env: {
        ...environment,
        ACTA_FACTS_ENABLED: "true",
        ACTA_LOG_LEVEL: "warn",
        ACTA_SEED_KEY: KEY,
        ACTA_SEED_SECRET: SECRET,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
  const isReady = () => fetch(`${origin}/ready`).then((answer) => answer.ok, () => false);
  let child = start();
  const stopped = () => new Promise((done) => (child.exitCode === null ? child.once("exit", done) : done()));
  child.stdout.resume();
  // Where standard output is no terminal, the link is in a file of the store.
  const file = join(data, "store", "set-up-link.txt");
  const setUp = await until("the set-up link", async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const text = await readFile(file, "utf8").catch(() => "");
    return /http:\S+\/setup\?token=\S+/.exec(text)?.[0];
  });
  await until("the server is ready", isReady);
  return {
    origin,
    setUp: `${origin}/setup${new URL(setUp).search}`,
    authorization: `Basic ${Buffer.from(`${KEY}:${SECRET}`).toString("base64")}`,
    /** Stops the server, as when its machine fails. */
    async halt() {
      child.kill("SIGKILL");
      await stopped();
    },
    /** Starts it again, with what it has stored. */
    async resume() {
      child = start();
      child.stdout.resume();
      await until("the server is ready", isReady);
    },
    async stop() {
      child.kill("SIGTERM");
      await stopped();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Stores statements, at most 200 at once. */
export async function store(server, statements, authorization = server.authorization) {
  for (let at = 0; at < statements.length; at += 200) {
    const answer = await fetch(`${server.origin}/xapi/statements`, {
      method: "POST",
      headers: {
        Authorization: authorization,
        "Content-Type": "application/json",
        "X-Experience-API-Version": "2.0.0",
      },
      body: JSON.stringify(statements.slice(at, at + 200)),
    });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  }
}

/** Writes a year of simulated learning until today into a file. */
export function simulateInto(file, count) {
  const first = new Date(Date.now() - 364 * 86_400_000).toISOString().slice(0, 10);
  execFileSync(binary, ["simulate", "--statements", String(count), "--years", "1", "--first-day", first, "--output", file], { stdio: "ignore" });
}

/** Makes a store of simulated learning in a directory. */
export function fillStore(data, count) {
  const file = join(data, "statements.jsonl");
  simulateInto(file, count);
  execFileSync(binary, ["init", "--data", join(data, "store")], { stdio: "ignore" });
  execFileSync(binary, ["import", "--data", join(data, "store"), file], { stdio: "ignore" });
  rmSync(file);
}

/** A year of simulated learning until today. */
export async function simulate(count) {
  const folder = await mkdtemp(join(tmpdir(), "acta-simulated-"));
  const file = join(folder, "statements.jsonl");
  simulateInto(file, count);
  const text = await readFile(file, "utf8");
  await rm(folder, { recursive: true, force: true });
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

/** Creates the first account, and returns the cookie and the token of its session. */
export async function setUp(server) {
  const link = new URL(server.setUp);
  const answer = await fetch(`${server.origin}/setup`, {
    method: "POST",
    redirect: "manual",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      token: link.searchParams.get("token"),
      display_name: PERSON.name,
      email: PERSON.email,
      password: PERSON.password,
    }),
  });
  if (answer.status !== 303) throw new Error(`${answer.status}: ${await answer.text()}`);
  return sessionOf(server, answer.headers.get("set-cookie").split(";")[0]);
}

async function sessionOf(server, cookie) {
  const session = await fetch(`${server.origin}/api/v1/session`, { headers: { cookie } });
  return { cookie, csrf: (await session.json()).csrf_token };
}

/** A call of the admin API by a person. */
export async function call(server, person, method, path, body, headers) {
  const answer = await fetch(`${server.origin}/api/v1${path}`, {
    method,
    headers: {
      cookie: person.cookie,
      "X-CSRF-Token": person.csrf,
      "Sec-Fetch-Site": "same-origin",
      "Content-Type": "application/json",
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}: ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** Credentials for the platforms of simulated statements, which store their own. */
export async function storeByPlatform(server, person, statements) {
  const groups = new Map();
  for (const statement of statements) {
    const platform = statement.context?.platform ?? "Campus";
    groups.set(platform, [...(groups.get(platform) ?? []), statement]);
  }
  for (const [label, own] of groups) {
    const made = await call(server, person, "POST", "/tenants/1/credentials", {
      label,
      scopes: ["statements/write", "statements/read/mine", "define"],
    });
    const basic = Buffer.from(`${made.key}:${made.secret}`).toString("base64");
    await store(server, own, `Basic ${basic}`);
  }
  await upToDate(server, person);
}

/** Waits until everything that is stored is among the facts. */
export function upToDate(server, person, seconds = 60) {
  return until("the facts are up to date", async () => (await call(server, person, "GET", "/tenants/1/facts")).lag === 0, seconds);
}

/** The answer to a question about facts, or an analysis. */
export function ask(server, person, path, body) {
  return call(server, person, "POST", path, body);
}

/** A session of somebody who signs in with a password. */
export async function signIn(server, { email, password }) {
  const answer = await fetch(`${server.origin}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return sessionOf(server, answer.headers.get("set-cookie").split(";")[0]);
}
