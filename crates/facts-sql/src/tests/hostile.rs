//! Statements that would read what they may not, or never end.
//!
//! Spec: sqlite.org/security.html, "Untrusted SQL Inputs".

use acta_facts::COLUMNS;

use super::*;

#[test]
fn nothing_but_the_tables_can_be_read_and_nothing_written() {
    let world = &*SIMULATED;
    let no_table = |name: &str| format!("the table {name} is not available here: ");
    let no_function = |name: &str| format!("the function {name} is not available here");
    let only = "only SELECT is possible here".to_owned();
    let table = [
        ("SELECT * FROM sqlite_schema", "the table sqlite_".to_owned()),
        ("SELECT count(*) FROM sqlite_master", "the table sqlite_".to_owned()),
        ("SELECT sql FROM sqlite_temp_schema", "the table sqlite_".to_owned()),
        ("SELECT * FROM pragma_database_list", no_table("pragma_database_list")),
        ("SELECT count(*) FROM pragma_function_list", no_table("pragma_function_list")),
        ("SELECT 1 FROM pragma_table_info('facts')", no_table("pragma_table_info")),
        ("SELECT * FROM dbstat", "no such table: dbstat".to_owned()),
        ("SELECT * FROM fts5vocab", "no such table: fts5vocab".to_owned()),
        ("SELECT load_extension('x')", no_function("load_extension")),
        ("SELECT zeroblob(1000000000)", no_function("zeroblob")),
        ("SELECT length(randomblob(1000000000))", no_function("randomblob")),
        ("SELECT printf('%1000000000d', 1)", no_function("printf")),
        ("SELECT format('%.*c', 1000000000, 'x')", no_function("format")),
        ("SELECT sqlite_version()", no_function("sqlite_version")),
        ("SELECT fts3_tokenizer('simple')", no_function("fts3_tokenizer")),
        ("SELECT readfile('/etc/passwd')", "no such function: readfile".to_owned()),
        ("PRAGMA query_only = OFF", only.clone()),
        ("PRAGMA hard_heap_limit = 1", only.clone()),
        ("ATTACH ':memory:' AS other", only.clone()),
        ("DETACH main", only.clone()),
        ("VACUUM INTO '/tmp/x'", only.clone()),
        ("CREATE TABLE x(y)", only.clone()),
        ("CREATE TEMP TABLE x AS SELECT * FROM facts", only.clone()),
        ("CREATE VIRTUAL TABLE x USING facts", only.clone()),
        ("CREATE VIEW x AS SELECT 1", only.clone()),
        ("INSERT INTO facts VALUES (1)", only.clone()),
        ("DELETE FROM facts", "table facts may not be modified".to_owned()),
        ("UPDATE facts SET verb = 'x'", "table facts may not be modified".to_owned()),
        ("DROP TABLE facts", only.clone()),
        ("REINDEX", only.clone()),
        ("ANALYZE", only.clone()),
        ("BEGIN", only.clone()),
        ("SAVEPOINT x", only.clone()),
        ("SELECT 1; SELECT 2", "there is more than one statement".to_owned()),
        ("SELECT 1; DROP TABLE facts", only),
        ("-- nothing", "there is no statement".to_owned()),
        ("SELECT \"colour\" FROM facts", "no such column: \"colour\"".to_owned()),
        ("SELECT * FROM other.accounts", "no such table: other.accounts".to_owned()),
        ("SELECT FROM", "near \"FROM\": syntax error".to_owned()),
        ("SELECT 1\0", "a statement has no character U+0000".to_owned()),
    ];
    for (sql, expected) in table {
        let error = world.refused(sql);
        assert!(matches!(error, SqlError::Refused(_)), "{sql}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(&expected) || text == expected, "{sql}: {text}");
    }
}

#[test]
fn expressions_with_any_name_can_be_counted() {
    let world = &*SIMULATED;
    let sql = "WITH c AS (SELECT verb FROM facts LIMIT 3) SELECT count(*) FROM c";
    assert_eq!(world.value(sql), 3);
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 9)
        SELECT sum(x) FROM c";
    assert_eq!(world.value(sql), 45);
}

/// The error of a statement with little memory and some time, and how long it took to come.
fn end_of(sql: &str, timeout: Duration) -> (SqlError, Duration) {
    let world = &*SIMULATED;
    let table = world.store.table(TENANT, &CourseRule::default(), &world.persons);
    let question = SqlQuestion { sql: sql.to_owned(), parameters: None, format: SqlFormat::Json };
    let limits = SqlLimits { memory_bytes: 2 << 20, ..world.limits };
    let (clock, watched) = (SystemClock::new(), SystemClock::new());
    let asked = ask(table, &question, &limits, Arc::new(move || timeout < clock.elapsed()));
    let elapsed = watched.elapsed();
    (asked.err().unwrap_or_else(|| panic!("{sql} has an answer")), elapsed)
}

/// Ends with an error of one kind by itself, long before its time is over.
#[track_caller]
fn ends(sql: &str, is_expected: impl Fn(&SqlError) -> bool) {
    let (error, _) = end_of(sql, Duration::from_mins(1));
    assert!(is_expected(&error), "{sql}: {error:?}");
}

/// Is stopped within a tenth of a second after its time is over.
#[track_caller]
fn is_stopped(sql: &str) {
    let timeout = Duration::from_millis(150);
    // Whatever else the machine does: it is not always busy.
    let ended = (0..10).any(|_| {
        let (error, elapsed) = end_of(sql, timeout);
        assert!(matches!(error, SqlError::Stopped), "{sql}: {error:?}");
        elapsed < timeout + Duration::from_millis(100)
    });
    assert!(ended, "{sql} goes on");
}

#[test]
fn statements_without_an_end_are_stopped() {
    let table = [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c",
        "SELECT count(*) FROM facts a, facts b, facts c WHERE a.response < b.response || c.response",
        "SELECT sum(a.duration * b.duration) FROM facts a, facts b, facts c, facts d",
        "SELECT count(*) FROM facts a JOIN facts b ON a.verb = b.verb JOIN facts c ON b.verb = c.verb",
        "SELECT count(*) FROM facts a, facts b, facts c WHERE a.verb = 'x' || b.verb || c.verb",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
         SELECT x FROM c WHERE x < 0",
    ];
    table.into_iter().for_each(is_stopped);
}

/// A statement whose expressions name others twice, so that it is long when it is prepared.
fn nested(levels: usize) -> String {
    let first = "WITH t0 AS (SELECT verb AS x FROM facts)".to_owned();
    let sql = (1..=levels).fold(first, |sql, level| {
        let below = level - 1;
        format!("{sql}, t{level} AS (SELECT a.x FROM t{below} a, t{below} b)")
    });
    format!("{sql} SELECT count(*) FROM t{levels}")
}

#[test]
fn statements_end_while_they_are_prepared() {
    for levels in [9, 12, 16, 20, 24, 40] {
        let (timeout, sql) = (Duration::from_millis(150), nested(levels));
        let ended = (0..10).any(|_| {
            let (_, elapsed) = end_of(&sql, timeout);
            elapsed < timeout + Duration::from_millis(100)
        });
        assert!(ended, "{levels} levels");
    }
}

#[test]
fn statements_that_take_too_much_memory_end() {
    let series = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let table = [
        // Sorted, kept apart, grouped, queued.
        format!("{series} SELECT x FROM c ORDER BY -x"),
        format!("{series} SELECT DISTINCT x || 'a long text that takes memory' FROM c"),
        format!("{series} SELECT count(*) FROM (SELECT x FROM c GROUP BY x || 'x' || hex(x))"),
        "WITH RECURSIVE c(x) AS (SELECT hex(1) UNION SELECT x || 'x' FROM c) SELECT x FROM c
         ORDER BY x"
            .to_owned(),
        format!("{series} SELECT median(x) FROM c"),
        "SELECT a.*, b.* FROM facts a, facts b ORDER BY a.response || b.response".to_owned(),
        format!("{series} SELECT sum(x) OVER (ORDER BY -x) FROM c"),
    ];
    for sql in table {
        ends(&sql, |error| matches!(error, SqlError::TooLarge(_)));
    }
}

/// Each of many tables that are read at once holds columns in memory.
#[test]
fn columns_that_are_read_count_as_memory() {
    let names = COLUMNS.map(|column| column.name);
    let of_table = |table: usize| {
        let columns = names.map(|name| format!("a{table}.\"{name}\""));
        format!("coalesce({})", columns.join(", "))
    };
    let (values, tables): (Vec<String>, Vec<String>) =
        (0..40).map(|table| (of_table(table), format!("facts a{table}"))).unzip();
    let sql = format!("SELECT {} FROM {} LIMIT 1", values.join(", "), tables.join(" CROSS JOIN "));
    ends(&sql, |error| matches!(error, SqlError::TooLarge(text) if text.contains("of memory")));
}

#[test]
fn statements_that_make_too_long_texts_end() {
    let is_too_large = |error: &SqlError| matches!(error, SqlError::TooLarge(_));
    let long = "(SELECT group_concat(timestamp) FROM (SELECT timestamp FROM facts LIMIT 2000))";
    let table = [
        "SELECT group_concat(verb) FROM facts".to_owned(),
        "SELECT json_group_array(object) FROM facts".to_owned(),
        "SELECT string_agg(verb, verb) FROM facts".to_owned(),
        format!("SELECT replace({long}, '0', {long})"),
        format!("SELECT {long} || {long}"),
        format!("SELECT hex({long})"),
        "WITH RECURSIVE c(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM c) SELECT max(x) FROM c"
            .to_owned(),
        format!("SELECT '{}'", "x".repeat(70_000)),
        format!("SELECT {}", vec!["1"; 201].join(", ")),
    ];
    for sql in table {
        let sql = &sql;
        ends(sql, |error| {
            is_too_large(error)
                || matches!(error, SqlError::Refused(text) if text.contains("too many"))
        });
    }
}

#[test]
fn statements_that_are_too_deep_or_too_wide_are_refused() {
    let table = [
        (format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)), ""),
        (format!("SELECT {}1", "- ".repeat(500)), "depth"),
        (format!("SELECT 1 {}", "+ 1".repeat(500)), "depth"),
        (format!("SELECT 1 {}", "UNION ALL SELECT 1 ".repeat(60)), "too many terms"),
        (format!("SELECT max({})", vec!["1"; 100].join(", ")), "too many arguments"),
        ("SELECT ?99999".to_owned(), "variable number"),
        (format!("SELECT 1 FROM {}", vec!["facts"; 65].join(", ")), "at most 64 tables"),
        (format!("SELECT count(*) FROM facts WHERE verb LIKE '{}'", "%a".repeat(60)), "LIKE"),
        (format!("SELECT count(*) FROM facts WHERE verb GLOB '{}'", "*a".repeat(60)), "LIKE"),
    ];
    for (sql, expected) in table {
        ends(&sql, |error| error.to_string().contains(expected));
    }
}

#[test]
fn texts_that_take_long_to_compare_do_not_hold_a_statement_up() {
    let long = "(SELECT group_concat(hex('aaaaaaaaaaaaaaaaaaaa'), '') FROM
        (SELECT 1 FROM facts LIMIT 1500))";
    let table = [
        format!(
            "SELECT count(*) FROM facts a, facts b WHERE {long} LIKE '{}' || 'b'",
            "%6".repeat(40)
        ),
        format!(
            "SELECT count(instr({long}, substr({long}, 1, 30000) || 'b')) FROM facts a, facts b"
        ),
        format!(
            "SELECT count(replace({long}, substr({long}, 1, 30000) || 'b', '')) FROM facts a, facts b"
        ),
        format!("SELECT count(trim({long}, {long} || 'b')) FROM facts a, facts b"),
    ];
    for sql in table {
        // A column of the row has each of them computed again.
        let sql = sql.replace("'b'", "'b' || a.sequence || b.sequence");
        is_stopped(&sql);
    }
}

#[test]
fn an_answer_has_so_many_rows_and_bytes_and_no_more() {
    let world = World::new();
    let series = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let error = world.refused(&format!("{series} SELECT x FROM c"));
    assert_eq!(error.to_string(), "more than 10000 rows: add a LIMIT, or group");
    let wide = format!("{series} SELECT hex('{}') FROM c", "x".repeat(20_000));
    let error = world.refused(&wide);
    let text = "the rows are longer than 4194304 bytes: select fewer of them";
    assert_eq!(error.to_string(), text);
}

#[test]
fn facts_of_other_tenants_are_not_there() {
    let world = World::new();
    let other = TenantId::new(2).unwrap();
    let text = r#"{"actor": {"mbox": "mailto:other@x.org"}, "verb": {"id": "http://v.org/other"},
        "object": {"id": "http://a.org/other"}}"#;
    let statement = SourceStatement {
        sequence: 1,
        id: StatementId(Uuid::from_u128(1)),
        stored: Timestamp::from_unix_micros(1),
        version: Version::V1_0_3,
        text,
        voids: None,
        defines: Defines::All,
    };
    world.store.append(other, Rows::of([statement])).unwrap();
    for table in ["facts", "persons", "groups", "members", "activities"] {
        assert_eq!(world.value(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}
