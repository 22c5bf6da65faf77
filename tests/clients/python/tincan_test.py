"""TinCanPython does its whole job against the real binary."""

import unittest
import uuid

import tincan
from tincan.documents import ActivityProfileDocument, AgentProfileDocument, StateDocument

from server import KEY, SECRET, Server

server = None


def setUpModule():
    global server
    server = Server()


def tearDownModule():
    server.stop()


def agent():
    return tincan.Agent(name="Tin Can", mbox=f"mailto:{uuid.uuid4()}@example.org")


def activity():
    return tincan.Activity(id=f"https://example.org/tincan/{uuid.uuid4()}")


def statement(actor, of=None, **more):
    return tincan.Statement(
        actor=actor,
        verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/experienced"),
        object=of or activity(),
        **more,
    )


class TinCanTest(unittest.TestCase):
    def setUp(self):
        # As people copy it: with and without a slash at the end.
        endpoints = [f"{server.origin}/xapi", f"{server.origin}/xapi/"]
        self.clients = [
            tincan.RemoteLRS(version=version, endpoint=endpoint, username=KEY, password=SECRET)
            for version in tincan.Version.supported
            for endpoint in endpoints
        ]

    def done(self, response):
        status = response.response.status
        self.assertTrue(response.success, f"{status}: {response.data}")
        return response.content

    def test_receives_the_versions(self):
        for lrs in self.clients:
            # It knows no version 2.0.0, and refuses the list with it once it has arrived.
            with self.assertRaisesRegex(ValueError, "2.0.0"):
                lrs.about()

    def test_saves_statements_and_finds_them(self):
        for lrs in self.clients:
            actor, registration = agent(), str(uuid.uuid4())
            context = tincan.Context(registration=registration)
            one = statement(actor, context=context, id=str(uuid.uuid4()))
            self.done(lrs.save_statement(one))
            sent = [statement(actor, context=context) for _ in range(4)]
            saved = self.done(lrs.save_statements(sent))
            found = self.done(lrs.retrieve_statement(one.id))
            self.assertEqual(found.actor.mbox, actor.mbox)
            query = {
                "agent": actor,
                "registration": registration,
                # Sent as `True` and `False`.
                "ascending": True,
                "related_agents": True,
                "related_activities": False,
                "limit": 2,
            }
            page = self.done(lrs.query_statements(query))
            ids = [found.id for found in page.statements]
            while page.more:
                page = self.done(lrs.more_statements(page))
                ids.extend(found.id for found in page.statements)
            self.assertEqual([str(id) for id in ids], [str(s.id) for s in [one, *saved]])

    def test_voids_a_statement(self):
        lrs, actor = self.clients[0], agent()
        saved = self.done(lrs.save_statement(statement(actor)))
        voiding = tincan.Statement(
            actor=actor,
            verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/voided"),
            object=tincan.StatementRef(id=saved.id),
        )
        self.done(lrs.save_statement(voiding))
        self.assertEqual(lrs.retrieve_statement(saved.id).response.status, 404)
        self.assertEqual(self.done(lrs.retrieve_voided_statement(saved.id)).id, saved.id)

    def test_keeps_changes_and_removes_state(self):
        for lrs in self.clients:
            whose, of = agent(), activity()
            state = StateDocument(agent=whose, activity=of, id="bookmark")
            for content in ['{"page": 7}', '{"page": 8}']:
                state.content, state.content_type = content, "application/json"
                # It sends each of them twice.
                self.done(lrs.save_state(state))
                self.assertEqual(self.done(lrs.retrieve_state_ids(of, whose)), ["bookmark"])
                found = self.done(lrs.retrieve_state(of, whose, "bookmark"))
                self.assertEqual(found.content.decode(), content)
            self.done(lrs.clear_state(of, whose))
            self.assertEqual(self.done(lrs.retrieve_state_ids(of, whose)), [])

    def test_keeps_changes_and_removes_profiles(self):
        for lrs in self.clients:
            self.check_profiles(
                AgentProfileDocument(agent=agent()),
                lrs.save_agent_profile,
                lambda profile: lrs.retrieve_agent_profile(profile.agent, profile.id),
                lambda profile: lrs.retrieve_agent_profile_ids(profile.agent),
                lrs.delete_agent_profile,
            )
            self.check_profiles(
                ActivityProfileDocument(activity=activity()),
                lrs.save_activity_profile,
                lambda profile: lrs.retrieve_activity_profile(profile.activity, profile.id),
                lambda profile: lrs.retrieve_activity_profile_ids(profile.activity),
                lrs.delete_activity_profile,
            )

    def check_profiles(self, profile, save, retrieve, ids, delete):
        profile.id, profile.content, profile.content_type = "settings", "one", "text/plain"
        # A new profile, without a precondition.
        self.done(save(profile))
        again = save(profile)
        self.assertEqual(again.response.status, 409, "it is not replaced without one")
        self.assertEqual(self.done(ids(profile)), ["settings"])
        response = retrieve(profile)
        found = self.done(response)
        self.assertEqual(found.content.decode(), "one")
        # It does not read the tag itself; people copy it without its quotes.
        found.etag = response.response.getheader("ETag").strip('"').upper()
        found.content = "two"
        self.done(save(found))
        self.assertEqual(save(found).response.status, 412, "the tag is no longer the current one")
        self.assertEqual(self.done(retrieve(profile)).content.decode(), "two")
        self.done(delete(profile))
        self.assertEqual(self.done(ids(profile)), [])


if __name__ == "__main__":
    unittest.main()
