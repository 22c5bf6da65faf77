"""aics-tlog verifies the log of a tenant at its public address, without a credential."""

import base64
import json
import time
import unittest
import urllib.request
import uuid

from aics_tlog import (
    HttpTileReader,
    VerifiedTileReader,
    audit_tiles,
    consistency_proof_from_tiles,
    inclusion_proof_from_tiles,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_leaf_inclusion,
)

from server import KEY, SECRET, Server

WAIT_SECONDS_MAX = 20

server = None


def setUpModule():
    global server
    server = Server(ACTA_PROOF_ENABLED="true", ACTA_PUBLIC_URL="https://lrs.example")


def tearDownModule():
    server.stop()


def store(count):
    statements = [
        {
            "actor": {"mbox": f"mailto:{uuid.uuid4()}@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": "https://example.org/logged"},
        }
        for _ in range(count)
    ]
    request = urllib.request.Request(
        f"{server.origin}/xapi/statements",
        json.dumps(statements).encode(),
        {
            "Authorization": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(),
            "Content-Type": "application/json",
            "X-Experience-API-Version": "2.0.0",
        },
    )
    with urllib.request.urlopen(request):
        pass


def key_of_log():
    """The verifier key, as soon as there is a log."""
    end = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        try:
            return server.run("proof", "key").strip()
        except Exception:
            if end < time.monotonic():
                raise
            time.sleep(0.1)


class LogTest(unittest.TestCase):
    def head(self, size):
        """The verified head of so many statements, as soon as it is there."""
        end = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < end:
            note = parse_note(self.reader.read_checkpoint())
            verified = verify_checkpoint(note, self.key, expected_origin=self.key.name)
            self.assertTrue(verified.ok, verified.error)
            if verified.size == size:
                return verified
            time.sleep(0.1)
        self.fail(f"there is no checkpoint of {size}")

    def test_a_published_log_includes_every_statement_and_only_grows(self):
        store(5)
        self.key = parse_vkey(key_of_log())
        _host, path = self.key.name.split("/", 1)
        self.reader = HttpTileReader([f"{server.origin}/{path}"], proxies={})
        self.assertIsNone(self.reader.read_tile(0, 0, 5), "it is not public")
        server.run("proof", "publish")
        older = self.head(5)
        audit_tiles(self.reader, older.size, older.root)
        store(600)
        newer = self.head(605)
        report = audit_tiles(self.reader, newer.size, newer.root)
        self.assertEqual((report.tiles, report.bundles), (4, 3))
        tiles = VerifiedTileReader(self.reader, newer.size, newer.root)
        growth = consistency_proof_from_tiles(tiles, older.size, newer.size)
        self.assertTrue(
            verify_consistency(older.size, newer.size, older.root, newer.root, growth)
        )
        for index in (0, 4, 255, 256, 604):
            proof = inclusion_proof_from_tiles(tiles, index, newer.size)
            entry = tiles.entry(index)
            self.assertEqual(len(entry), 33)
            self.assertTrue(
                verify_leaf_inclusion(entry, index, newer.size, proof, newer.root), index
            )
        server.run("proof", "unpublish")
        self.assertIsNone(self.reader.read_tile(0, 0, 5), "it is not public any more")


if __name__ == "__main__":
    unittest.main()
