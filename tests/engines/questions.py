"""Questions, as the query API takes them and as SQL. The SQL has a few names in braces, which mean
different things to different engines."""

ANSWERED = "http://adlnet.gov/expapi/verbs/answered"

COUNT = {"measure": "count"}
LEARNERS = {"measure": "distinct", "of": "person", "name": "learners"}


def question(measures, dimensions, **more):
    return {"measures": measures, "dimensions": dimensions, "limit": 100_000, **more}


QUESTIONS = [
    (
        "verbs",
        question([COUNT, LEARNERS], ["verb", "verb.name"]),
        "SELECT verb, verb_name, count(*), {distinct}person) FROM {facts} GROUP BY 1, 2",
    ),
    (
        "days",
        question([COUNT, LEARNERS], [{"field": "timestamp", "by": "day"}]),
        "SELECT {day}, count(*), {distinct}person) FROM {facts} GROUP BY 1",
    ),
    (
        "courses",
        question(
            [
                COUNT,
                LEARNERS,
                {"measure": "mean", "of": "credit", "name": "mean"},
                {"measure": "median", "of": "credit", "name": "median"},
            ],
            ["course"],
        ),
        "SELECT course, count(*), {distinct}person), avg(credit), {median}(credit)"
        " FROM {facts} GROUP BY 1",
    ),
    (
        "answers",
        question(
            [COUNT, {"measure": "rate", "of": "success"}],
            ["object", "object.name", "response"],
            where={"field": "verb", "is": ANSWERED},
        ),
        "SELECT object, object_name, response, count(*), avg({number}) FROM {facts}"
        f" WHERE verb = '{ANSWERED}' GROUP BY 1, 2, 3",
    ),
    (
        "platforms",
        question(
            [
                COUNT,
                LEARNERS,
                {"measure": "sum", "of": "duration", "name": "seconds"},
                {"measure": "min", "of": "score.scaled", "name": "worst"},
                {"measure": "max", "of": "score.scaled", "name": "best"},
            ],
            ["platform", "language", "source"],
        ),
        "SELECT platform, language, source, count(*), {distinct}person), {sum}(duration),"
        " min(score_scaled), max(score_scaled) FROM {facts} GROUP BY 1, 2, 3",
    ),
    (
        "parents",
        question([COUNT], ["parent"], where={"field": "parent", "exists": True}),
        "SELECT {parent} AS one, count(*) FROM {facts} GROUP BY 1",
    ),
    (
        "completions",
        question(
            [COUNT, {"measure": "distinct", "of": "registration", "name": "registrations"}],
            ["completion", "success", "object.type"],
        ),
        "SELECT completion, success, object_type, count(*),"
        " {distinct}registration) FROM {facts} GROUP BY 1, 2, 3",
    ),
]


def duck(sql, files):
    """The SQL of DuckDB."""
    return sql.format(
        facts=files,
        day="strftime(timestamp AT TIME ZONE 'UTC', '%Y-%m-%d')",
        distinct="count(DISTINCT ",
        median="median",
        number="success::INT",
        sum="sum",
        parent="unnest(parent)",
    )


def clickhouse(sql, files):
    """The SQL of ClickHouse. It takes nothing for a value of its own where it counts values."""
    return sql.format(
        facts=files,
        day="toString(toDate(timestamp, 'UTC'))",
        distinct="uniqExact(",
        median="quantileExactInclusive(0.5)",
        number="toUInt8(success)",
        sum="sumOrNull",
        parent="arrayJoin(parent)",
    )
