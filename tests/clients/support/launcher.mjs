// The part of a learning management system that launches cmi5 content: it writes the launch
// data and hands out the token.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";

/** Prepares a session in the store and serves its token. Returns the launch parameters. */
export async function launch(server) {
  const session = {
    actor: { objectType: "Agent", account: { homePage: "https://lms.example.org", name: randomUUID() } },
    activityId: `https://lms.example.org/units/${randomUUID()}`,
    registration: randomUUID(),
  };
  const data = {
    contextTemplate: {
      extensions: {
        "https://w3id.org/xapi/cmi5/context/extensions/sessionid": randomUUID(),
      },
    },
    launchMode: "Normal",
    masteryScore: 0.8,
    moveOn: "CompletedAndPassed",
    returnURL: "https://lms.example.org/",
  };
  const query = new URLSearchParams({
    stateId: "LMS.LaunchData",
    activityId: session.activityId,
    registration: session.registration,
    agent: JSON.stringify(session.actor),
  });
  const answer = await fetch(`${server.endpoint}activities/state?${query}`, {
    method: "PUT",
    headers: {
      Authorization: server.authorization,
      "Content-Type": "application/json",
      "X-Experience-API-Version": "1.0.3",
    },
    body: JSON.stringify(data),
  });
  if (answer.status !== 204) throw new Error(`launch data: ${answer.status}`);
  const tokens = createServer((_, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ "auth-token": server.authorization.slice("Basic ".length) }));
  });
  await new Promise((done) => tokens.listen(0, "127.0.0.1", done));
  return {
    ...session,
    endpoint: server.endpoint,
    fetch: `http://127.0.0.1:${tokens.address().port}/token`,
    close() {
      tokens.close();
      tokens.closeAllConnections();
    },
  };
}

/** The names of the verbs of all statements of a registration, oldest first. */
export async function verbsOf(server, registration) {
  const answer = await fetch(
    `${server.endpoint}statements?registration=${registration}&ascending=true`,
    { headers: { Authorization: server.authorization, "X-Experience-API-Version": "1.0.3" } },
  );
  const { statements } = await answer.json();
  return statements.map((one) => one.verb.id.split("/").at(-1));
}
