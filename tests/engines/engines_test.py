"""Exported facts, read by DuckDB, ClickHouse and Spark: the answers are those of the query API.

`cargo xtask engines` runs this, once for each storage engine, with the store in the environment.
"""

import datetime
import json
import pathlib
import tempfile
import threading
import unittest

import duckdb
import fsspec
from fsspec.spec import AbstractBufferedFile

import acta
from questions import QUESTIONS, clickhouse, duck

STATEMENTS = 24_000


def same(one, other):
    """Whether two values are equal, numbers but for the order in which they were added."""
    if one is None or other is None:
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-9 * max(1, abs(one), abs(other))
    return one == other


class Exported(unittest.TestCase):
    """A served store with simulated statements, and its facts as Parquet."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="acta-engines-")
        folder = pathlib.Path(cls.folder.name)
        lines = acta.simulate(folder, STATEMENTS).read_text().splitlines(keepends=True)
        cls.halves = [folder / "first.jsonl", folder / "second.jsonl"]
        half = len(lines) // 2
        cls.halves[0].write_text("".join(lines[:half]))
        cls.halves[1].write_text("".join(lines[half:]))
        cls.store = acta.Store(folder)
        cls.store.start()
        cls.store.run("import", cls.halves[0])
        cls.store.wait_for_facts()
        cls.exported = folder / "parquet"
        cls.written = cls.store.export(cls.exported)
        cls.answers = {name: cls.store.ask(question) for name, question, _ in QUESTIONS}

    @classmethod
    def tearDownClass(cls):
        cls.store.stop()
        cls.folder.cleanup()

    def agrees(self, name, rows):
        answer = self.answers[name]
        dimensions = sum(column["kind"] == "dimension" for column in answer["columns"])
        split = lambda row: (tuple(row[:dimensions]), list(row[dimensions:]))
        expected = dict(split(row) for row in answer["rows"])
        found = dict(split(list(row)) for row in rows)
        self.assertGreater(len(expected), 0, name)
        self.assertEqual(set(found), set(expected), name)
        for key, values in expected.items():
            pairs = list(zip(values, found[key], strict=True))
            self.assertTrue(all(same(*pair) for pair in pairs), f"{name}: {key}: {pairs}")

    def test_1_duckdb_agrees(self):
        files = f"read_parquet('{self.exported}/facts-*.parquet')"
        for name, _, sql in QUESTIONS:
            self.agrees(name, duckdb.sql(duck(sql, files)).fetchall())

    def test_2_clickhouse_agrees(self):
        from chdb import query

        files = f"file('{self.exported}/facts-*.parquet', Parquet)"
        for name, _, sql in QUESTIONS:
            text = str(query(clickhouse(sql, files), "JSONCompactEachRow"))
            self.agrees(name, [json.loads(line) for line in text.splitlines()])

    def test_3_spark_agrees(self):
        from pyspark.sql import SparkSession

        session = SparkSession.builder.master("local[1]").appName("acta")
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "1",
            "spark.driver.memory": "512m",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.session.timeZone": "UTC",
        }
        for key, value in settings.items():
            session = session.config(key, value)
        session = session.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        try:
            files = str(self.exported / "facts-*.parquet")
            session.read.parquet(files).createOrReplaceTempView("facts")
            rows = session.sql(
                "SELECT course, count(*), count(DISTINCT person), avg(credit),"
                " percentile(credit, 0.5) FROM facts GROUP BY course"
            )
            self.agrees("courses", [tuple(row) for row in rows.collect()])
        finally:
            session.stop()

    def test_4_the_manifest_describes_the_files(self):
        manifest = json.loads((self.exported / "manifest.json").read_text())
        self.assertEqual(manifest["sequence"], self.answers["verbs"]["sequence"])
        self.assertEqual(manifest["rows"], self.answers["verbs"]["fact_count"])
        self.assertEqual(self.written["rows"], manifest["rows"])
        for file in manifest["files"]:
            path = self.exported / file["name"]
            self.assertEqual(acta.sha256(path), file["sha256"])
            rows, low, high, first, last = duckdb.sql(
                "SELECT count(*), min(sequence), max(sequence), epoch_us(min(timestamp)),"
                f" epoch_us(max(timestamp)) FROM read_parquet('{path}')"
            ).fetchall()[0]
            expected = (file["rows"], file["sequence_min"], file["sequence_max"])
            self.assertEqual((rows, low, high), expected)
            times = duckdb.sql(
                f"SELECT epoch_us('{file['timestamp_min']}'::TIMESTAMPTZ),"
                f" epoch_us('{file['timestamp_max']}'::TIMESTAMPTZ)"
            ).fetchall()[0]
            self.assertEqual((first, last), times)
            metadata = duckdb.sql(
                "SELECT DISTINCT compression, stats_max IS NOT NULL FROM"
                f" parquet_metadata('{path}') WHERE path_in_schema = 'timestamp'"
            ).fetchall()
            self.assertEqual(metadata, [("ZSTD", True)])

    def test_5_duckdb_reads_over_http_by_ranges(self):
        remote = Remote(self.store)
        manifest = json.loads(self.store.get("tenants/1/facts/export/manifest.json")[0])
        names = [f"acta://{file['name']}" for file in manifest["files"]]
        connection = duckdb.connect()
        connection.register_filesystem(remote)
        name, _, sql = QUESTIONS[0]
        self.agrees(name, connection.sql(duck(sql, f"read_parquet({names})")).fetchall())
        self.assertGreater(remote.ranges, len(names))
        body, headers = self.store.get(f"tenants/1/facts/export/{manifest['files'][0]['name']}")
        digest = manifest["files"][0]["sha256"]
        self.assertEqual((acta.sha256_of(body), headers["ETag"]), (digest, f'"{digest}"'))

    def test_6_statements_give_the_same_answers_while_writes_go_on(self):
        writer = threading.Thread(target=self.store.run, args=("import", self.halves[1]))
        writer.start()
        asked = []
        while writer.is_alive() or not asked:
            asked.append(self.store.ask(WHILE_WRITING))
        writer.join()
        self.store.wait_for_facts()
        asked.append(self.store.ask(WHILE_WRITING))
        statements = pathlib.Path(self.folder.name) / "statements.jsonl"
        self.store.run("export", statements)
        read(statements)
        sequences = sorted({answer["sequence"] for answer in asked})
        # The first, the last, and some in between.
        chosen = set(sequences[:: max(1, len(sequences) // 6)] + sequences[-1:])
        for answer in asked:
            if answer["sequence"] in chosen:
                chosen.remove(answer["sequence"])
                self.answers["while writing"] = answer
                self.agrees("while writing", independent(answer["sequence"]))
        # What is exported then has all of it, and only what has changed is written again.
        self.store.export(self.exported)
        again = self.store.export(self.exported)
        self.assertEqual((again["files_written"], again["rows"]), (0, asked[-1]["fact_count"]))


WHILE_WRITING = {
    "measures": [
        {"measure": "count"},
        {"measure": "distinct", "of": "actor", "name": "actors"},
        {"measure": "mean", "of": "score.scaled", "name": "mean"},
        {"measure": "rate", "of": "success", "name": "rate"},
        {"measure": "max", "of": "duration", "name": "longest"},
    ],
    "dimensions": [{"field": "timestamp", "by": "month"}, "verb"],
    "limit": 100_000,
}


def read(statements):
    """Reads the statements into a table: their texts, with their places in the log."""
    duckdb.sql("DROP TABLE IF EXISTS statements")
    duckdb.sql(
        "CREATE TABLE statements AS SELECT row_number() OVER () AS sequence, json FROM"
        f" read_csv('{statements}', columns = {{'json': 'JSON'}}, delim = '\\x01', quote = '',"
        " escape = '', header = false, parallel = false, max_line_size = 10000000)"
    )


def independent(sequence):
    """The answer from the statements up to a place in the log, without facts."""
    text = lambda path: f"json_extract_string(json, '{path}')"
    number = lambda path: f"CAST(json_extract(json, '{path}') AS DOUBLE)"
    actor = (
        "coalesce(json_extract_string(json, '$.actor.mbox'),"
        " json_extract_string(json, '$.actor.mbox_sha1sum'),"
        " json_extract_string(json, '$.actor.openid'),"
        " concat(json_extract_string(json, '$.actor.account.homePage'), ' ',"
        " json_extract_string(json, '$.actor.account.name')))"
    )
    seconds = acta.DURATION_SQL.format(text("$.result.duration"))
    return duckdb.sql(
        f"""
        WITH logged AS (SELECT * FROM statements WHERE sequence <= {sequence}),
        voided AS (SELECT {text('$.object.id')} AS id FROM logged
            WHERE {text('$.verb.id')} = 'http://adlnet.gov/expapi/verbs/voided')
        SELECT strftime(CAST({text('$.timestamp')} AS TIMESTAMPTZ) AT TIME ZONE 'UTC', '%Y-%m'),
            {text('$.verb.id')}, count(*), count(DISTINCT {actor}),
            avg({number('$.result.score.scaled')}),
            avg(CAST(json_extract(json, '$.result.success') AS BOOLEAN)::INT),
            max({seconds})
        FROM logged WHERE {text('$.id')} NOT IN (SELECT id FROM voided WHERE id IS NOT NULL)
        GROUP BY 1, 2
        """
    ).fetchall()


class Remote(fsspec.AbstractFileSystem):
    """The exported files of a server, read by ranges of bytes."""

    protocol = "acta"

    def __init__(self, store):
        super().__init__(skip_instance_cache=True)
        self.store = store
        self.ranges = 0

    def info(self, path, **_):
        name = self._strip_protocol(path)
        size = int(self.store.head(f"tenants/1/facts/export/{name}")["Content-Length"])
        return {"name": name, "size": size, "type": "file"}

    def modified(self, path):
        # The same content has the same time: the hash of the content is in the manifest.
        return datetime.datetime.fromtimestamp(0, datetime.UTC)

    def ls(self, path, detail=True, **_):
        return [self.info(path)] if detail else [path]

    def _open(self, path, mode="rb", **options):
        return RemoteFile(self, self._strip_protocol(path), mode, cache_type="none")


class RemoteFile(AbstractBufferedFile):
    """One of them."""

    def _fetch_range(self, start, end):
        self.fs.ranges += 1
        path = f"tenants/1/facts/export/{self.path}"
        body, headers = self.fs.store.get(path, {"Range": f"bytes={start}-{end - 1}"})
        assert headers["Content-Range"].startswith(f"bytes {start}-"), headers
        return body


if __name__ == "__main__":
    unittest.main()
