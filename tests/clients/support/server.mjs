// Starts the real binary with a store of its own, and stops it.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const KEY = "clients";
const SECRET = "clients-secret";

const binary =
  process.env.TEST_ACTA_BINARY ??
  fileURLToPath(new URL("../../../target/release/acta", import.meta.url));

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function untilReady(origin, child) {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (child.exitCode !== null) {
      throw new Error(`the server ended with ${child.exitCode}`);
    }
    try {
      const answer = await fetch(`${origin}/ready`);
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error("the server is not ready after ten seconds");
}

/**
 * A running server: its origin, its xAPI endpoint, and how to sign in. The settings are variables
 * of the environment.
 */
export async function startServer(version = "1.0.3", settings = {}) {
  const data = await mkdtemp(join(tmpdir(), "acta-clients-"));
  const origin = `http://127.0.0.1:${await freePort()}`;
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("ACTA_")),
  );
  const child = spawn(
    binary,
    ["serve", "--data", data, "--listen", origin.slice(7), "--default-version", version],
    {
      env: {
        ...environment,
        ACTA_SEED_KEY: KEY,
        ACTA_SEED_SECRET: SECRET,
        ACTA_LOG_LEVEL: "warn",
        ...settings,
      },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  await untilReady(origin, child);
  return {
    origin,
    endpoint: `${origin}/xapi/`,
    key: KEY,
    secret: SECRET,
    authorization: `Basic ${Buffer.from(`${KEY}:${SECRET}`).toString("base64")}`,
    async stop() {
      child.kill("SIGTERM");
      const code = await new Promise((done) => child.once("exit", done));
      await rm(data, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the server stopped with ${code}`);
    },
  };
}
