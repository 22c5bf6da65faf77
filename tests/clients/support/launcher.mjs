// The part of a learning management system that launches cmi5 content: it writes the launch
// data, says that it launched, gets a token for the learner and hands it out once.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";

const VERSION = { "X-Experience-API-Version": "1.0.3" };

/** Sends JSON with the credential of the system, and gives back the answer. */
async function send(server, method, address, body) {
  const answer = await fetch(address, {
    method,
    headers: { Authorization: server.authorization, "Content-Type": "application/json", ...VERSION },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${address}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** Prepares a session in the store and serves its token. Returns the launch parameters. */
export async function launch(server, endpoint = server.endpoint) {
  const id = randomUUID();
  const session = {
    actor: { objectType: "Agent", account: { homePage: "https://lms.example.org", name: id } },
    activityId: `https://lms.example.org/units/${id}`,
    registration: randomUUID(),
  };
  const publisherId = `https://publisher.example.org/course/${id}`;
  const contextTemplate = {
    contextActivities: { grouping: [{ id: publisherId }] },
    extensions: { "https://w3id.org/xapi/cmi5/context/extensions/sessionid": randomUUID() },
  };
  const data = {
    contextTemplate,
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
  await send(server, "PUT", `${server.endpoint}activities/state?${query}`, data);
  await send(server, "POST", `${server.endpoint}statements`, {
    actor: session.actor,
    verb: { id: "http://adlnet.gov/expapi/verbs/launched" },
    object: { id: session.activityId },
    context: { ...contextTemplate, registration: session.registration },
  });
  const issued = await send(server, "POST", `${server.origin}/api/v1/tokens`, {
    agent: session.actor,
    registration: session.registration,
    activities: [session.activityId, publisherId],
  });
  const { basic } = await issued.json();
  let isUsed = false;
  const tokens = createServer((_, response) => {
    const answer = isUsed
      ? { "error-code": "1", "error-text": "the token was fetched before" }
      : { "auth-token": basic.slice("Basic ".length) };
    isUsed = true;
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer));
  });
  await new Promise((done) => tokens.listen(0, "127.0.0.1", done));
  return {
    ...session,
    publisherId,
    endpoint,
    fetch: `http://127.0.0.1:${tokens.address().port}/token`,
    close() {
      tokens.close();
      tokens.closeAllConnections();
    },
  };
}

/** The address with which content is launched, with a parameter of its own. */
export function addressOf({ endpoint, fetch, actor, registration, activityId }) {
  const parameters = { endpoint, fetch, actor: JSON.stringify(actor), registration, activityId };
  return `https://content.example.org/unit/?${new URLSearchParams({ ...parameters, lang: "en" })}`;
}

/** The names of the verbs of all statements of a registration, oldest first. */
export async function verbsOf(server, registration) {
  const answer = await fetch(
    `${server.endpoint}statements?registration=${registration}&ascending=true`,
    { headers: { Authorization: server.authorization, ...VERSION } },
  );
  const { statements } = await answer.json();
  return statements.map((one) => one.verb.id.split("/").at(-1));
}
