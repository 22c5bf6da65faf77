// @xapi/xapi does its whole job against the real binary, in both versions.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";

import XAPI from "@xapi/xapi";

import { startServer } from "./support/server.mjs";

const actor = { objectType: "Agent", mbox: "mailto:xapi@example.org", name: "X. A. Pi" };
const verb = { id: "http://adlnet.gov/expapi/verbs/answered", display: { en: "answered" } };

for (const version of ["1.0.3", "2.0.0"]) {
  describe(`version ${version}`, () => {
    const object = { objectType: "Activity", id: `https://example.org/xapi/${version}` };
    let server;
    let xapi;
    let fetching;

    before(async () => {
      server = await startServer(version);
      const auth = XAPI.default ? XAPI.default.toBasicAuth : XAPI.toBasicAuth;
      const Client = XAPI.default ?? XAPI;
      const config = {
        endpoint: server.endpoint,
        auth: auth(server.key, server.secret),
        version,
      };
      xapi = new Client(config);
      // In Node, its other adapter sends attachments as application/octet-stream.
      fetching = new Client({ ...config, adapter: "fetch" });
    });

    after(() => server.stop());

    test("tells about itself", async () => {
      const { data } = await xapi.getAbout();
      assert.ok(data.version.includes(version));
    });

    test("sends, gets, voids statements and follows more", async () => {
      const registration = randomUUID();
      const context = { registration };
      const statements = Array.from({ length: 5 }, () => ({ actor, verb, object, context }));
      const { data: ids } = await xapi.sendStatements({ statements });
      assert.equal(new Set(ids).size, 5);
      const { data: one } = await xapi.getStatement({ statementId: ids[0] });
      assert.deepEqual(one.actor, actor);
      assert.equal(one.version, version === "1.0.3" ? "1.0.0" : "2.0.0");
      let { data: page } = await xapi.getStatements({ registration, limit: 2 });
      let count = page.statements.length;
      while (page.more) {
        ({ data: page } = await xapi.getMoreStatements({ more: page.more }));
        count += page.statements.length;
      }
      assert.equal(count, 5);
      await xapi.voidStatement({ actor, statementId: ids[0] });
      const { data: voided } = await xapi.getVoidedStatement({ voidedStatementId: ids[0] });
      assert.equal(voided.id, ids[0]);
      await assert.rejects(xapi.getStatement({ statementId: ids[0] }), { status: 404 });
    });

    test("sends and receives attachments", async () => {
      const content = new TextEncoder().encode("A certificate: größer, 漢字.").buffer;
      const sha2 = createHash("sha256").update(new Uint8Array(content)).digest("hex");
      const attachment = {
        usageType: "https://example.org/attachments/certificate",
        display: { en: "Certificate" },
        contentType: "text/plain",
        length: content.byteLength,
        sha2,
      };
      const statement = { actor, verb, object, attachments: [attachment] };
      const { data: ids } = await fetching.sendStatement({ statement, attachments: [content] });
      const { data: parts } = await fetching.getStatement({
        statementId: ids[0],
        attachments: true,
      });
      assert.equal(parts[0].attachments[0].sha2, sha2);
      assert.equal(parts[1], "A certificate: größer, 漢字.");
    });

    test("keeps state and profiles", async () => {
      const activityId = object.id;
      const state = { activityId, agent: actor, stateId: "bookmark" };
      await xapi.createState({ ...state, state: { page: 1 } });
      await xapi.createState({ ...state, state: { chapter: 2 } });
      const { data, headers } = await xapi.getState(state);
      assert.deepEqual(data, { page: 1, chapter: 2 });
      const etag = headers.etag;
      await xapi.setState({ ...state, state: { page: 3 }, etag, matchHeader: "If-Match" });
      const stale = { ...state, state: { page: 4 }, etag, matchHeader: "If-Match" };
      await assert.rejects(xapi.setState(stale), { status: 412 });
      assert.deepEqual((await xapi.getState(state)).data, { page: 3 });
      assert.deepEqual((await xapi.getStates({ activityId, agent: actor })).data, ["bookmark"]);
      await xapi.deleteStates({ activityId, agent: actor });
      assert.deepEqual((await xapi.getStates({ activityId, agent: actor })).data, []);

      const mine = { agent: actor, profileId: "settings" };
      const fresh = { etag: "*", matchHeader: "If-None-Match" };
      await xapi.setAgentProfile({ ...mine, profile: { theme: "dark" }, ...fresh });
      assert.deepEqual((await xapi.getAgentProfile(mine)).data, { theme: "dark" });
      const its = { activityId, profileId: "settings" };
      await xapi.setActivityProfile({ ...its, profile: { level: 2 }, ...fresh });
      assert.deepEqual((await xapi.getActivityProfile(its)).data, { level: 2 });
      assert.deepEqual((await xapi.getActivityProfiles({ activityId })).data, ["settings"]);
    });

    test("knows activities and persons", async () => {
      const definition = { name: { en: "A defined activity" } };
      const defined = { objectType: "Activity", id: `${object.id}/defined`, definition };
      await xapi.sendStatement({ statement: { actor, verb, object: defined } });
      const { data: activity } = await xapi.getActivity({ activityId: defined.id });
      assert.deepEqual(activity.definition, definition);
      const { data: person } = await xapi.getAgent({ agent: actor });
      assert.deepEqual(person.mbox, [actor.mbox]);
      assert.deepEqual(person.name, [actor.name]);
    });
  });
}
