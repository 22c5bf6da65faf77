"""Asks DuckDB the questions of `acta-benches facts` and compares answers and times.

    pip install duckdb==2.0.1
    acta-benches facts --statements N --csv facts.csv --answers answers.jsonl
    python3 compare.py facts.csv answers.jsonl [TIMES]

The statements are in a table of DuckDB's own, with a code for each text (ENUM), sorted by time.
"""

import json
import statistics
import sys
import time

import duckdb

ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
DAY = "date_trunc('day', timestamp)"


def sql(name, question):
    """The question in SQL, by its name."""
    condition = {}
    collect(question.get("where"), condition)
    course = condition.get("course")
    person = condition.get("person")
    if name == "active learners by day":
        return f"SELECT {DAY}, count(*), count(DISTINCT person) FROM facts GROUP BY 1"
    if name == "courses: learners, mean, median":
        return (
            "SELECT course, count(*), count(DISTINCT person), avg(credit), median(credit)"
            " FROM facts GROUP BY 1"
        )
    if name == "activities of one course":
        return (
            "SELECT object, count(*), count(DISTINCT person), avg(duration)"
            f" FROM facts WHERE course = {quoted(course)} GROUP BY 1"
        )
    if name == "answers by question and response":
        return (
            "SELECT object, response, count(*), avg(success::INT) FROM facts"
            f" WHERE verb = '{ANSWERED}' AND course = {quoted(course)} GROUP BY 1, 2"
        )
    if name == "all questions: rate of success":
        return (
            "SELECT object, count(*), avg(success::INT) FROM facts"
            f" WHERE verb = '{ANSWERED}' GROUP BY 1"
        )
    if name == "top learners":
        return (
            "SELECT person, count(*), sum(duration) FROM facts"
            " GROUP BY 1 ORDER BY 2 DESC, person::VARCHAR LIMIT 20"
        )
    if name == "one learner by day":
        return (
            f"SELECT {DAY}, verb, count(*) FROM facts WHERE person = {quoted(person)} GROUP BY 1, 2"
        )
    if name == "scores in bands by course":
        return (
            "SELECT course, floor(scaled / 0.1 + 1e-9) * 0.1, count(*) FROM facts"
            " WHERE scaled IS NOT NULL GROUP BY 1, 2"
        )
    if name == "funnel of eight steps":
        verbs = [
            measure["where"]["is"] for measure in question["measures"]
        ]
        steps = ", ".join(
            f"count(DISTINCT person) FILTER (verb = '{verb}')" for verb in verbs
        )
        return f"SELECT course, {steps} FROM facts GROUP BY 1"
    if name == "learners of the last month by platform":
        return (
            "SELECT platform, count(DISTINCT person), quantile_cont(duration, 0.9) FROM facts"
            " WHERE timestamp >= '2025-11-01' AND timestamp < '2025-12-01' GROUP BY 1"
        )
    return None


def collect(condition, found):
    """The fields that a condition compares with one value."""
    if condition is None:
        return
    for part in condition.get("and", []):
        collect(part, found)
    if "is" in condition:
        found[condition["field"]] = condition["is"]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def cell(value):
    """A value in the form that both have in common."""
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{float(value):.6g}"
    return str(value)


def rows(found):
    return sorted(tuple(cell(value) for value in row) for row in found)


def main():
    table, answers = sys.argv[1], sys.argv[2]
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute("SET TimeZone = 'UTC'")
    types = {"timestamp": "TIMESTAMPTZ", "success": "BOOLEAN"}
    types |= {name: "DOUBLE" for name in ("scaled", "credit", "duration")}
    connection.execute(
        f"CREATE TABLE texts AS SELECT * FROM read_csv({quoted(table)}, header = true,"
        f" all_varchar = true, quote = '\"', escape = '\"')"
    )
    columns = []
    for name in "timestamp person verb object course success scaled credit duration response platform".split():
        if name in types:
            columns.append(f"{name}::{types[name]} AS {name}")
            continue
        connection.execute(
            f"CREATE TYPE {name}_text AS ENUM (SELECT DISTINCT {name} FROM texts"
            f" WHERE {name} IS NOT NULL)"
        )
        columns.append(f"{name}::{name}_text AS {name}")
    connection.execute(
        f"CREATE TABLE facts AS SELECT {', '.join(columns)} FROM texts ORDER BY 1"
    )
    connection.execute("DROP TABLE texts")
    failed = False
    print(f"{'question':<40} {'p50 ms':>8}  same answer")
    for line in open(answers):
        known = json.loads(line)
        statement = sql(known["name"], known["question"])
        if statement is None:
            continue
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            found = connection.execute(statement).fetchall()
            taken.append((time.perf_counter() - begun) * 1000)
        is_same = rows(found) == rows(known["answer"]["rows"])
        failed |= not is_same
        print(f"{known['name']:<40} {statistics.median(taken):>8.1f}  {'yes' if is_same else 'NO'}")
        if not is_same:
            one, other = set(rows(found)), set(rows(known["answer"]["rows"]))
            print("  only DuckDB:", sorted(one - other)[:3], " only Acta:", sorted(other - one)[:3])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
