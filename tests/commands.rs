//! The commands that need no server, as a person or a script runs them.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use acta_tests::{CommandOutput, Engine, Server, Store, Version, acta, make, run};
use acta_xapi::json::{self, JsonLimits};
use serde_json::{Value, json};
use tempfile::TempDir;

fn statement(number: u32, verb: &str) -> String {
    format!(
        r#"{{"id":"00000000-0000-4000-8000-{number:012}","actor":{{"mbox":"mailto:ada@example.org"}},"verb":{{"id":"http://example.org/{verb}"}},"object":{{"id":"http://example.org/it"}},"result":{{"score":{{"raw":1.50}}}},"timestamp":"2026-01-01T00:00:00Z"}}"#
    )
}

fn write(folder: &TempDir, name: &str, lines: &[String]) -> std::path::PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, lines.join("\n") + "\n").expect("a file can be written");
    path
}

fn folder() -> TempDir {
    TempDir::new().expect("a directory for scratch data can be made")
}

/// Makes an empty store, unless there is one.
fn init(data: &Path) {
    let ran = run(acta().arg("init").arg("--data").arg(data));
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.err);
}

fn import(file: &Path, data: &Path) -> CommandOutput {
    init(data);
    run(acta().arg("import").arg("--json").arg("--data").arg(data).arg(file))
}

#[track_caller]
fn check_counts(ran: &CommandOutput, expected: [u64; 5]) {
    let counts: Value = serde_json::from_str(&ran.out).expect("one JSON object is printed");
    let names = ["stored", "repeated", "conflicting", "faulty", "skipped_lines"];
    assert_eq!(names.map(|name| counts[name].as_u64().unwrap()), expected, "{}", ran.err);
}

#[test]
fn check_reports_file_line_place_and_rule() {
    let folder = folder();
    let good = write(&folder, "good.jsonl", &[statement(1, "did"), statement(2, "did")]);
    let ran = run(acta().arg("check").arg(&good));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert_eq!(ran.err, "2 statements valid\n");

    let wrong = statement(2, "did").replace("mailto:", "");
    let bad = write(&folder, "bad.jsonl", &[statement(1, "did"), wrong.clone()]);
    let ran = run(acta().arg("check").arg(&bad));
    assert_eq!(ran.code, Some(1));
    let place = format!("{}:2: /actor/mbox: ", bad.display());
    assert!(ran.out.starts_with(&place) && ran.out.contains("XAPI-"), "{}", ran.out);

    let mut piped = acta();
    piped.args(["check", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::null()).spawn().expect("the binary can be started");
    child.stdin.take().expect("it is piped").write_all(wrong.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let fault: Value = serde_json::from_slice(&output.stdout).expect("each fault is one object");
    assert_eq!((&fault["line"], &fault["pointer"]), (&1.into(), &"/actor/mbox".into()));

    let missing = run(acta().args(["check", "no-such-file.json"]));
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("cannot open no-such-file.json"), "{}", missing.err);
}

#[test]
fn import_continues_where_it_stopped_and_export_returns_the_same() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut lines: Vec<_> = (0..1200).map(|number| statement(number, "did")).collect();
    let file = write(&folder, "all.jsonl", &lines);
    let first = import(&file, &data);
    assert_eq!(first.code, Some(0), "{}", first.err);
    check_counts(&first, [1200, 0, 0, 0, 0]);

    lines.extend([statement(1200, "did"), statement(7, "undid"), "{}".to_owned()]);
    write(&folder, "all.jsonl", &lines);
    let second = import(&file, &data);
    assert_eq!(second.code, Some(1));
    check_counts(&second, [1, 0, 1, 1, 1200]);
    assert!(second.err.contains("all.jsonl:1202: the id 00000000-0000-4000-8000-000000000007"));
    assert!(
        second.err.contains("all.jsonl:1203: a statement must have an actor"),
        "{}",
        second.err
    );

    let exported = run(acta().arg("export").arg("--data").arg(&data));
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    assert_eq!(exported.out.lines().count(), 1201);
    for (sent, kept) in lines.iter().zip(exported.out.lines()) {
        let sent = sent.trim_end_matches('}');
        assert!(kept.starts_with(sent), "{sent} is kept byte for byte: {kept}");
    }
    let copy = write(&folder, "copy.jsonl", &[exported.out.trim_end().to_owned()]);
    check_counts(&import(&copy, &folder.path().join("other")), [1201, 0, 0, 0, 0]);
}

#[test]
fn an_import_counts_against_the_quota_of_the_tenant() {
    let folder = folder();
    let data = folder.path().join("data");
    let on_store = |arguments: &[&str]| run(acta().args(arguments).arg("--data").arg(&data));
    let lines: Vec<_> = (0..6).map(|number| statement(number, "did")).collect();
    let first = import(&write(&folder, "first.jsonl", &lines[..2]), &data);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let today = || {
        let usage = on_store(&["tenant", "usage", "1", "--json"]);
        let usage: Value = serde_json::from_str(&usage.out).expect("one JSON object is printed");
        (usage["today"]["statements"].clone(), usage["today"]["bytes"].as_u64().unwrap())
    };
    let (statements, bytes) = today();
    assert_eq!(statements, 2);
    assert!(lines[..2].iter().map(String::len).sum::<usize>() as u64 <= bytes, "{bytes}");

    let limited = on_store(&["tenant", "limit", "1", "--statements-per-day", "3"]);
    assert_eq!(limited.code, Some(0), "{}", limited.err);
    let file = write(&folder, "rest.jsonl", &lines[2..]);
    let refused = import(&file, &data);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    for part in ["may store at most 3 statements per day (UTC)", "--ignore-quota"] {
        assert!(refused.err.contains(part), "{}", refused.err);
    }
    assert_eq!(today().0, 3, "as many as there was room for");
    let ignored = run(acta().args(["import", "--ignore-quota", "--data"]).arg(&data).arg(&file));
    assert_eq!(ignored.code, Some(0), "{}", ignored.err);
    assert_eq!(today().0, 6);
}

#[test]
fn imported_statements_are_returned_by_the_server() {
    let folder = folder();
    let data = folder.path().join("data");
    let file = write(&folder, "one.jsonl", &[statement(5, "did")]);
    assert_eq!(import(&file, &data).code, Some(0));
    let server = Server::start_in(&data, Version::V1_0_3);
    let client = server.client(Version::V1_0_3);
    let path = "/statements?statementId=00000000-0000-4000-8000-000000000005";
    client.get(path).send().expect(200);
}

#[test]
fn statements_are_exchanged_and_verified_while_the_store_is_served() {
    let folder = folder();
    let data = folder.path().join("data");
    let mut server = Server::start_in(&data, Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    let lines: Vec<_> = (0..1200).map(|number| statement(number, "did")).collect();
    let wrong = statement(7, "undid");
    let file = write(&folder, "all.jsonl", &[&lines[..], &[wrong, "{}".to_owned()]].concat());
    let import = || run(acta().args(["import", "--json", "--data"]).arg(&data).arg(&file));
    let first = import();
    assert_eq!(first.code, Some(1), "{}", first.err);
    check_counts(&first, [1200, 0, 1, 1, 0]);
    assert!(first.err.contains("all.jsonl:1201: the id 00000000"), "{}", first.err);
    check_counts(&import(), [0, 0, 0, 0, 1202]);
    client.get("/statements?statementId=00000000-0000-4000-8000-000000001199").send().expect(200);

    let export = || run(acta().args(["export", "--data"]).arg(&data));
    let exported = export();
    assert_eq!((exported.code, exported.out.lines().count()), (Some(0), 1200), "{}", exported.err);
    assert_eq!(exported.err, "1200 statements exported\n");
    let verify = || run(acta().args(["verify", "--online", "--data"]).arg(&data));
    let verified = verify();
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert!(verified.err.starts_with("intact: 1200 statements, 0 documents"), "{}", verified.err);
    let limited = ["tenant", "limit", "1", "--statements-per-day", "1200", "--data"];
    assert_eq!(run(acta().args(limited).arg(&data)).code, Some(0));
    let more = write(&folder, "more.jsonl", &[statement(5000, "did")]);
    let refused = run(acta().args(["import", "--data"]).arg(&data).arg(&more));
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("--ignore-quota"), "{}", refused.err);
    let absent = run(acta().args(["export", "--tenant", "9", "--data"]).arg(&data));
    assert!(absent.err.contains("there is no tenant 9"), "{}", absent.err);

    server.ask_to_stop();
    assert!(server.wait(std::time::Duration::from_secs(20)).unwrap().success());
    assert!(!data.join("exchange.sock").exists());
    assert_eq!(export().out, exported.out);
    let verified = verify();
    assert_eq!(verified.code, Some(0), "{}", verified.err);
}

#[test]
fn real_statements_are_imported_or_refused_by_line() {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = folders.find_map(|folder| {
        let path = folder.join("shared/statements/openedx.jsonl");
        path.exists().then_some(path)
    });
    let Some(file) = found else {
        eprintln!("no statements beside this checkout: nothing to import");
        return;
    };
    let folder = folder();
    let ran = import(&file, &folder.path().join("data"));
    // 24 lines break the specification, and some ids repeat with other content.
    check_counts(&ran, [45, 4, 17, 24, 0]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("openedx.jsonl:60: /object"), "{}", ran.err);
}

#[test]
fn import_and_check_read_what_others_write() {
    let folder = folder();
    let lines: Vec<_> = (0..4).map(|number| statement(number, "did")).collect();
    let pretty: Vec<String> = lines
        .iter()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            serde_json::to_string_pretty(&value).unwrap()
        })
        .collect();
    let page = |statements: &[String]| {
        format!("{{\"statements\": [{}], \"more\": \"/xapi/more\"}}", statements.join(",\n"))
    };
    let forms = [
        lines.join("\n"),
        format!("\u{feff}{}\r\n", lines.join("\r\n")),
        format!("[{}]", lines.join(",")),
        format!("[\n  {}\n]\n", pretty.join(",\n  ")),
        pretty.join("\n"),
        page(&lines),
        format!("{}\n{}\n", page(&lines[..2]), page(&lines[2..])),
    ];
    for (index, form) in forms.iter().enumerate() {
        let plain = folder.path().join(format!("{index}.json"));
        std::fs::write(&plain, form).unwrap();
        let packed = folder.path().join(format!("{index}.json.gz"));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(form.as_bytes()).unwrap();
        std::fs::write(&packed, gzip.finish().unwrap()).unwrap();
        for file in [&plain, &packed] {
            let checked = run(acta().arg("check").arg(file));
            assert_eq!(checked.err, "4 statements valid\n", "{form}");
            let data = folder.path().join(format!("data-{index}"));
            let again = if data.exists() { [0, 4, 0, 0, 0] } else { [4, 0, 0, 0, 0] };
            check_counts(&import(file, &data), again);
        }
    }
    let broken = write(&folder, "broken.json", &[format!("[{},", lines[0])]);
    let ran = import(&broken, &folder.path().join("data"));
    assert_eq!(ran.code, Some(1));
    check_counts(&ran, [1, 0, 0, 1, 0]);
}

fn simulate(arguments: &[&str]) -> CommandOutput {
    run(acta().args(["simulate", "--statements"]).args(arguments))
}

fn check_simulated_statements_are_imported(version: &str) {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, truth) = (path("all.jsonl"), path("truth.json"));
    let mut arguments = vec!["20000", "--seed", "3", "--years", "2", "--xapi-version", version];
    arguments.extend(["--json", "--output", &file, "--truth", &truth]);
    let made = simulate(&arguments);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let counts: Value = serde_json::from_str(&made.out).expect("one JSON object is printed");
    assert_eq!((&counts["statements"], &counts["learners"]), (&20_000.into(), &44.into()));
    assert_eq!(counts["first_day"], "2024-01-01");
    assert_eq!(counts["bytes"].as_u64(), Some(std::fs::metadata(&file).unwrap().len()));
    let truth: Value = serde_json::from_slice(&std::fs::read(&truth).unwrap()).unwrap();
    assert_eq!((&truth["statements"], &truth["version"]), (&20_000.into(), &version.into()));

    let checked = run(acta().arg("check").arg(&file));
    assert_eq!(checked.err, "20000 statements valid\n");
    let data = folder.path().join("data");
    let imported = import(Path::new(&file), &data);
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    check_counts(&imported, [20_000, 0, 0, 0, 0]);
    let exported = run(acta().args(["export", "--without-voided", "--data"]).arg(&data));
    let voided = truth["voided"].as_array().unwrap().len();
    assert_ne!(voided, 0);
    assert_eq!(exported.out.lines().count(), 20_000 - voided);
}

#[test]
fn simulated_statements_of_both_versions_are_imported() {
    check_simulated_statements_are_imported("1.0.3");
    check_simulated_statements_are_imported("2.0.0");
}

#[test]
fn simulate_writes_to_standard_output_and_refuses_what_does_not_fit() {
    let piped = simulate(&["100"]);
    assert_eq!((piped.code, piped.out.lines().count()), (Some(0), 100), "{}", piped.err);
    assert!(piped.err.starts_with("100 statements of 40 learners in 6 courses"), "{}", piped.err);
    assert_eq!(simulate(&["100", "--output", "-"]).out, piped.out);
    let refusals: [(&[&str], &str); 3] = [
        (&["100", "--json"], "add --output FILE"),
        (&["10000000", "--years", "1", "--learners", "3"], "need from 55 to"),
        (&["1", "--courses", "0"], "from 1 to 10000 courses"),
    ];
    for (arguments, text) in refusals {
        let refused = simulate(arguments);
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(refused.err.contains(text), "{}", refused.err);
    }
}

/// Runs a command on a store with two tenants.
fn on(store: &Store, arguments: &[&str]) -> CommandOutput {
    let mut command = acta();
    command.args(arguments).envs(store.settings());
    if store.settings().is_empty() {
        command.arg("--data").arg(store.data());
    }
    run(&mut command)
}

#[track_caller]
fn succeed(store: &Store, arguments: &[&str]) -> CommandOutput {
    let ran = on(store, arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    ran
}

#[track_caller]
fn refuse(store: &Store, arguments: &[&str], text: &str) {
    let ran = on(store, arguments);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}: {}", ran.err);
    assert!(ran.err.contains(text), "{arguments:?}: {}", ran.err);
}

/// An empty store with two tenants.
fn two_tenants(engine: Engine) -> Store {
    let store = Store::new(engine);
    succeed(&store, &["init"]);
    succeed(&store, &["tenant", "create", "second"]);
    store
}

fn check_every_tenant_is_exported_and_imported(engine: Engine) {
    let (store, folder) = (two_tenants(engine), folder());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second) = (statement(1, "did"), statement(2, "did"));
    write(&folder, "first.jsonl", std::slice::from_ref(&first));
    write(&folder, "second.jsonl", std::slice::from_ref(&second));
    let several = "--tenant ID, or all with --all-tenants; it has 1, 2";
    refuse(&store, &["import", &path("first.jsonl")], several);
    refuse(&store, &["import", "--tenant", "3", &path("first.jsonl")], "there is no tenant 3");
    succeed(&store, &["import", "--tenant", "1", &path("first.jsonl")]);
    succeed(&store, &["import", "--tenant", "2", &path("second.jsonl")]);

    refuse(&store, &["export"], several);
    refuse(&store, &["export", "--tenant", "7"], "there is no tenant 7");
    refuse(&store, &["export", "--all-tenants"], "name a directory");
    let of_second = succeed(&store, &["export", "--tenant", "2"]).out;
    assert!(of_second.starts_with(second.trim_end_matches('}')), "{of_second}");
    assert_eq!(of_second.lines().count(), 1);
    let exported = succeed(&store, &["export", "--all-tenants", &path("all")]);
    assert_eq!(exported.err, "2 statements exported\n");
    let all = folder.path().join("all");
    assert_eq!(std::fs::read_to_string(all.join("tenant-2.jsonl")).unwrap(), of_second);
    refuse(&store, &["export", "--all-tenants", &path("all")], "is not empty");

    let check = |arguments: &[&str]| run(acta().arg("check").args(arguments).arg(&all));
    assert_eq!(check(&["--all-tenants"]).err, "2 statements valid\n");
    assert_eq!(check(&["--tenant", "2"]).err, "1 statement valid\n");
    let unclear = check(&[]);
    assert_eq!(unclear.code, Some(2));
    assert!(unclear.err.contains(several), "{}", unclear.err);

    let other = two_tenants(engine);
    refuse(&other, &["import", &path("all")], several);
    refuse(&other, &["import", "--all-tenants", &path("first.jsonl")], "reads a directory");
    succeed(&other, &["import", "--all-tenants", &path("all")]);
    for tenant in ["1", "2"] {
        let export = ["export", "--tenant", tenant];
        // All but the time of the import is the same.
        let without_stored = |text: String| -> Vec<Value> {
            let mut statements: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            for statement in &mut statements {
                statement.as_object_mut().unwrap().remove("stored");
            }
            statements
        };
        let found = [&store, &other].map(|store| without_stored(succeed(store, &export).out));
        assert_eq!(found[0], found[1]);
    }
    std::fs::rename(all.join("tenant-2.jsonl"), all.join("tenant-3.jsonl")).unwrap();
    refuse(&other, &["import", "--all-tenants", &path("all")], "there is no tenant 3");
}

#[test]
fn every_tenant_of_a_directory_is_exported_and_imported() {
    check_every_tenant_is_exported_and_imported(Engine::Embedded);
}

#[test]
fn every_tenant_of_a_database_is_exported_and_imported() {
    check_every_tenant_is_exported_and_imported(Engine::Postgres);
}

/// The properties of a statement, as they are written.
fn properties(text: &str) -> BTreeMap<String, String> {
    let json = json::parse(text.as_bytes(), &JsonLimits::STORED).expect("a statement");
    let members = json.root().members();
    members.map(|(name, value)| (name.unescaped().into_owned(), value.raw().to_owned())).collect()
}

/// Statements with everything that one version accepts and the other one, or another reader of
/// JSON, does not.
fn unusual_statements() -> [(Version, String); 2] {
    let (_, mut new) = make::statement_with_id();
    new["version"] = json!("2.1.0");
    new["timestamp"] = json!("2026-03-01T10:00:00.120Z");
    let agent = json!({"objectType": "contextAgent", "agent": make::agent()});
    let group = json!({"objectType": "contextGroup", "group": make::group()});
    new["context"] = json!({"contextAgents": [agent], "contextGroups": [group]});
    let new = make::with_lone_surrogate(new).replace(SURROGATE, DUPLICATES);
    let (_, mut old) = make::statement_with_id();
    old["timestamp"] = json!("2026-03-01T10:00:00.5+01:00");
    [(Version::V2_0_0, new), (Version::V1_0_3, old.to_string())]
}

const SURROGATE: &str = r#""\ud800""#;
const DUPLICATES: &str = r#"{"a":1,"a":[2],"b":"\ud800"}"#;

fn check_everything_accepted_is_exchanged(engine: Engine) {
    let (store, folder) = (Store::new(engine), folder());
    let mut server = Server::start_on(&store, Version::V2_0_0);
    for (version, text) in unusual_statements() {
        server.client(version).post("/statements").json_text(&text).send().expect(200);
    }
    server.ask_to_stop();
    assert!(server.wait(Duration::from_secs(30)).is_some_and(|status| status.success()));
    let exported = succeed(&store, &["export"]).out;
    let lines: Vec<&str> = exported.lines().collect();
    assert!(lines[0].contains(DUPLICATES) && lines[0].contains("contextGroups"), "{}", lines[0]);
    assert_eq!(properties(lines[0])["version"], r#""2.1.0""#);
    assert_eq!(properties(lines[1])["timestamp"], r#""2026-03-01T10:00:00.5+01:00""#);
    let file = folder.path().join("all.jsonl");
    std::fs::write(&file, &exported).unwrap();
    let checked = run(acta().arg("check").arg(&file));
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), "2 statements valid\n"));

    let other = Store::new(engine);
    succeed(&other, &["init"]);
    check_counts(&succeed(&other, &["import", "--json", file.to_str().unwrap()]), [2, 0, 0, 0, 0]);
    let again = succeed(&other, &["export"]).out;
    let [before, after] = [&exported, &again].map(|text| -> Vec<BTreeMap<String, String>> {
        let kept = text.lines().map(|line| {
            let mut properties = properties(line);
            for set in ["stored", "authority"] {
                assert!(properties.remove(set).is_some(), "{line}");
            }
            properties
        });
        kept.collect()
    });
    assert_eq!(before.len(), 2);
    assert_eq!(before, after);
}

#[test]
fn everything_that_is_accepted_is_exported_checked_and_imported() {
    check_everything_accepted_is_exchanged(Engine::Embedded);
}

#[test]
fn everything_that_is_accepted_is_exported_checked_and_imported_on_postgres() {
    check_everything_accepted_is_exchanged(Engine::Postgres);
}

/// The id and the version of each statement, in order.
fn order(text: &str) -> Vec<(String, bool)> {
    let lines = text.lines().map(|line| {
        let statement: Value = serde_json::from_str(line).unwrap();
        (statement["id"].as_str().unwrap().to_owned(), statement["version"] == "2.0.0")
    });
    lines.collect()
}

fn check_a_file_of_both_versions_keeps_its_order(engine: Engine) {
    let (store, folder) = (Store::new(engine), folder());
    let new = |number: u32| {
        let version = r#""version":"2.0.0","timestamp""#;
        statement(number, "did").replace("\"timestamp\"", version)
    };
    // First at every line, then after every third; more than is stored together.
    let lines: Vec<_> = (0..1200)
        .map(|number| {
            let part = if number < 700 { number } else { number / 3 };
            if part % 2 == 0 { new(number) } else { statement(number, "did") }
        })
        .collect();
    let file = write(&folder, "mixed.jsonl", &lines);
    let expected = order(&lines.join("\n"));

    succeed(&store, &["init"]);
    let import = ["import", "--json", file.to_str().unwrap()];
    check_counts(&succeed(&store, &import), [1200, 0, 0, 0, 0]);
    let exported = succeed(&store, &["export"]).out;
    assert_eq!(order(&exported), expected);

    let copy = write(&folder, "copy.jsonl", &[exported.trim_end().to_owned()]);
    let other = Store::new(engine);
    let server = Server::start_on(&other, Version::V2_0_0);
    let import = ["import", "--json", copy.to_str().unwrap()];
    check_counts(&succeed(&other, &import), [1200, 0, 0, 0, 0]);
    assert_eq!(order(&succeed(&other, &["export"]).out), expected);
    drop(server);
}

#[test]
fn a_file_of_both_versions_keeps_its_order_when_it_is_imported() {
    check_a_file_of_both_versions_keeps_its_order(Engine::Embedded);
}

#[test]
fn a_file_of_both_versions_keeps_its_order_when_it_is_imported_on_postgres() {
    check_a_file_of_both_versions_keeps_its_order(Engine::Postgres);
}

#[test]
fn config_shows_where_each_value_comes_from() {
    let ran = run(acta().args(["config", "show"]).env("ACTA_LISTEN", "127.0.0.1:9"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let line = ran.out.lines().find(|line| line.starts_with("listen ")).expect("it is listed");
    assert!(line.contains("127.0.0.1:9") && line.ends_with("environment"), "{line}");

    let wrong = run(acta().args(["config", "check"]).env("ACTA_LISTENING", "x"));
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("there is no key `ACTA_LISTENING`"), "{}", wrong.err);
}
