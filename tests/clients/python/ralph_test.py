"""Ralph writes its statements to the real binary, and reads and validates what is there."""

import unittest
import uuid

from ralph.backends.data.base import DataBackendStatus
from ralph.backends.data.lrs import LRSDataBackend, LRSDataBackendSettings, LRSHeaders
from ralph.backends.lrs.base import LRSStatementsQuery
from ralph.exceptions import BackendException
from ralph.models.xapi.base.statements import BaseXapiStatement

from server import KEY, SECRET, Server

server = None


def setUpModule():
    global server
    server = Server()


def tearDownModule():
    server.stop()


def settings(version="1.0.3", secret=SECRET):
    return LRSDataBackendSettings(
        BASE_URL=server.origin,
        USERNAME=KEY,
        PASSWORD=secret,
        HEADERS=LRSHeaders(X_EXPERIENCE_API_VERSION=version),
        STATUS_ENDPOINT="/ready",
        STATEMENTS_ENDPOINT="/xapi/statements",
    )


def activity():
    return f"https://example.org/ralph/{uuid.uuid4()}"


def statement(of, mbox="mailto:ada@example.org"):
    return {
        "id": str(uuid.uuid4()),
        "actor": {"objectType": "Agent", "mbox": mbox},
        "verb": {"id": "https://w3id.org/xapi/video/verbs/played", "display": {"en-US": "played"}},
        "object": {
            "id": of,
            "definition": {
                "type": "https://w3id.org/xapi/video/activity-type/video",
                "name": {"en-US": "Learning analytics"},
            },
        },
        "context": {"extensions": {"https://w3id.org/xapi/video/extensions/length": 508.1}},
        "timestamp": "2026-03-01T09:30:00.250+00:00",
    }


class RalphTest(unittest.TestCase):
    def test_sees_that_the_server_is_ready(self):
        self.assertEqual(LRSDataBackend(settings()).status(), DataBackendStatus.OK)

    def test_writes_statements_and_reads_them_page_by_page(self):
        for version in ["1.0.3", "2.0.0"]:
            lrs, of = LRSDataBackend(settings(version)), activity()
            sent = [statement(of) for _ in range(7)]
            self.assertEqual(lrs.write(sent, chunk_size=3), 7)
            # Sent again, they are the same.
            self.assertEqual(lrs.write(sent), 7)
            # Not by agent: it writes that as Python does, and not as JSON.
            query = LRSStatementsQuery(activity=of, ascending=True)
            read = list(lrs.read(query, chunk_size=2))
            self.assertEqual([one["id"] for one in read], [one["id"] for one in sent])
            for one, other in zip(read, sent):
                for name in ["actor", "verb", "object", "context"]:
                    self.assertEqual(one[name], other[name])
                self.assertEqual(one["authority"]["account"]["name"], KEY)
                if version == "1.0.3":
                    # Its models are those of 1.0.3.
                    BaseXapiStatement(**one)
            newest = list(lrs.read(LRSStatementsQuery(activity=of), max_statements=1))
            self.assertEqual([one["id"] for one in newest], [sent[-1]["id"]])
            lrs.close()

    def test_is_told_what_is_refused(self):
        faulty = statement(activity(), mbox="ada@example.org")
        with self.assertRaisesRegex(BackendException, "400"):
            LRSDataBackend(settings()).write([statement(activity()), faulty])
        with self.assertRaisesRegex(BackendException, "401"):
            list(LRSDataBackend(settings(secret="wrong")).read(LRSStatementsQuery()))


if __name__ == "__main__":
    unittest.main()
