//! Facts as Parquet files: from the command line, to object storage, and over HTTP.

use std::fs;
use std::path::Path;

use acta_objects::{Bucket, ObjectOptions};
use acta_test_objects::BucketPrefix;
use acta_tests::{Engine, Response, Version, acta, basic, make, run};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Asked, statement};

const MANIFEST: &str = "/api/v1/tenants/1/facts/export/manifest.json";

/// A statement of a month of 2026.
fn of_month(number: u64, month: u64) -> Value {
    let mut statement = statement(number);
    statement["timestamp"] = json!(format!("2026-{month:02}-05T10:00:00Z"));
    statement
}

impl Asked {
    /// Runs `acta facts export` and returns what it says: files written, files kept, and rows.
    #[track_caller]
    fn export(&self, to: &str, arguments: &[&str], settings: &[(&str, &str)]) -> [u64; 3] {
        let mut command = acta();
        command.args(["facts", "export", to, "--json", "--data"]).arg(self.store.data());
        let done = run(command.args(arguments).envs(settings.iter().copied()));
        assert_eq!(done.code, Some(0), "{}", done.err);
        let done: Value = serde_json::from_str(&done.out).expect("JSON");
        ["files_written", "files_kept", "rows"].map(|name| done[name].as_u64().expect("a number"))
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let client = self.server.client(Version::V1_0_3);
        let call = client.call_outside("GET", path);
        headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send()
    }
}

fn manifest_in(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether every file of a manifest is there as it says.
fn check_files(manifest: &Value, read: impl Fn(&str) -> Vec<u8>) {
    for file in manifest["files"].as_array().expect("files") {
        let bytes = read(file["name"].as_str().unwrap());
        assert_eq!(bytes.len() as u64, file["bytes"]);
        assert_eq!(digest(&bytes), file["sha256"].as_str().unwrap());
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    }
}

#[test]
fn the_command_line_exports_what_is_new_or_has_changed() {
    let mut asked = Asked::new(Engine::Embedded);
    let ids = asked.tell(&(1..=3).map(|number| of_month(number, number)).collect::<Vec<_>>());
    assert_eq!(asked.count(), 3);
    let folder = asked.store.data().with_file_name("parquet");
    let to = folder.display().to_string();
    assert_eq!(asked.export(&to, &[], &[]), [3, 0, 3]);
    assert_eq!(asked.export(&to, &[], &[]), [0, 3, 3]);
    check_files(&manifest_in(&folder), |name| fs::read(folder.join(name)).unwrap());

    asked.tell(&[of_month(4, 2)]);
    assert_eq!(asked.count(), 4);
    assert_eq!(asked.export(&to, &[], &[]), [1, 2, 4]);
    // A file that is gone is written again; the others are not.
    fs::remove_file(folder.join("facts-2026-01.parquet")).unwrap();
    assert_eq!(asked.export(&to, &[], &[]), [1, 2, 4]);

    // The statement that is voided was the only one of its month.
    asked.tell(&[make::voiding(&ids[2])]);
    assert_eq!(asked.count(), 4);
    asked.export(&to, &[], &[]);
    assert!(!folder.join("facts-2026-03.parquet").exists());
    assert_eq!(manifest_in(&folder)["rows"], 4);

    assert_eq!(asked.export(&to, &["--since", "2026-02", "--until", "2026-02"], &[]), [0, 1, 2]);
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.count(), 2, "the month and the manifest");

    // Without a server, and for all tenants.
    asked.server.kill();
    let all = asked.store.data().with_file_name("all").display().to_string();
    let [written, _, rows] = asked.export(&all, &["--all-tenants"], &[]);
    assert_eq!((written, rows), (3, 4), "two months, and that of the voiding statement");
    assert_eq!(manifest_in(&Path::new(&all).join("tenant-1"))["rows"], 4);
}

#[test]
fn facts_are_exported_to_object_storage() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&(1..=3).map(|number| of_month(number, number)).collect::<Vec<_>>());
    assert_eq!(asked.count(), 3);
    let place = BucketPrefix::fresh();
    let (key, endpoint) = (place.owner(), place.endpoint());
    let settings = [
        ("ACTA_FACTS_EXPORT_ENDPOINT", endpoint.as_str()),
        ("ACTA_FACTS_EXPORT_ACCESS_KEY", key.name.as_str()),
        ("ACTA_FACTS_EXPORT_SECRET_KEY", key.secret.as_str()),
        ("ACTA_FACTS_EXPORT_ALLOW_HTTP", "true"),
    ];
    let url = place.url();
    assert_eq!(asked.export(&url, &[], &settings), [3, 0, 3]);
    assert_eq!(asked.export(&url, &[], &settings), [0, 3, 3]);
    let bucket = Bucket::new(&ObjectOptions {
        url: url.clone(),
        endpoint: Some(endpoint.clone()),
        region: ObjectOptions::REGION.to_owned(),
        access_key: key.name.clone(),
        secret_key: key.secret.clone(),
        allow_http: true,
    })
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let read = |name: &str| {
        runtime.block_on(async {
            let mut object = bucket.open(name).await.expect("the object is there");
            let mut bytes = Vec::new();
            while let Some(piece) = object.next().await.unwrap() {
                bytes.extend_from_slice(&piece);
            }
            bytes
        })
    };
    check_files(&serde_json::from_slice(&read("manifest.json")).unwrap(), read);
    let mut command = acta();
    let without_key =
        run(command.args(["facts", "export", &url, "--data"]).arg(asked.store.data()));
    assert_eq!(without_key.code, Some(2));
    assert!(without_key.err.contains("facts.export_access_key"), "{}", without_key.err);
}

fn serves_files(engine: Engine) {
    let asked = Asked::new(engine);
    asked.tell(&(1..=30).map(|number| of_month(number, 1 + number % 2)).collect::<Vec<_>>());
    assert_eq!(asked.count(), 30);
    let manifest = asked.get(MANIFEST, &[]).expect(200).json();
    assert_eq!((&manifest["schema"], &manifest["rows"]), (&json!(1), &json!(30)));
    let path = |name: &str| format!("/api/v1/tenants/1/facts/export/{name}");
    check_files(&manifest, |name| asked.get(&path(name), &[]).expect(200).body);
    let reports = asked.get("/api/v1/tenants/1/facts/export", &[]).expect(200);
    let last: Value = serde_json::from_str(reports.text().lines().last().unwrap()).unwrap();
    assert_eq!(last["manifest"], manifest);

    let file = path("facts-2026-01.parquet");
    let whole = asked.get(&file, &[]);
    let etag = whole.header("etag").unwrap().to_owned();
    let size = whole.body.len();
    let part = asked.get(&file, &[("Range", "bytes=4-9")]).expect(206);
    assert_eq!(part.body, whole.body[4..10]);
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 4-9/{size}")));
    let end = asked.get(&file, &[("Range", "bytes=-8"), ("If-Range", &etag)]).expect(206);
    assert_eq!(end.body, whole.body[size - 8..]);
    let other = asked.get(&file, &[("Range", "bytes=-8"), ("If-Range", "\"other\"")]).expect(200);
    assert_eq!(other.body.len(), size);
    let outside = asked.get(&file, &[("Range", &format!("bytes={size}-"))]).expect(416);
    assert_eq!(outside.header("content-range"), Some(&*format!("bytes */{size}")));
    asked.get(&file, &[("If-None-Match", &etag)]).expect(304);
    asked.get(&file, &[("If-Match", "\"other\"")]).expect(412);
    for missing in ["facts-2031-01.parquet", "manifest.jsonl", "facts-2026-01.parquet.new"] {
        asked.get(&path(missing), &[]).expect(404);
    }
}

#[test]
fn exported_files_are_served_in_ranges() {
    serves_files(Engine::Embedded);
}

#[test]
fn exported_files_are_served_in_ranges_on_postgres() {
    serves_files(Engine::Postgres);
}

#[test]
fn only_those_who_read_all_statements_may_export_them() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&[of_month(1, 1)]);
    assert_eq!(asked.count(), 1);
    let client = asked.server.client(Version::V1_0_3);
    let status = |scopes: &str, path: &str| {
        let made =
            asked.store.administer(&["credential", "create", "--label", "c", "--scope", scopes]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
        let call = client.call_outside("GET", path).without("Authorization");
        call.header("Authorization", &basic(key, secret)).send().status
    };
    let file = "/api/v1/tenants/1/facts/export/facts-2026-01.parquet";
    for path in [MANIFEST, file, "/api/v1/tenants/1/facts/export"] {
        assert_eq!(status("statements/read", path), 200, "{path}");
        assert_eq!(status("statements/write,statements/read/mine", path), 403, "{path}");
        assert_eq!(status("admin", path), 403, "{path}");
        let nobody = client.call_outside("GET", path).without("Authorization");
        assert_eq!(nobody.send().status, 401, "{path}");
    }
}

/// The number of rows that a manifest has as soon as the server starts, or none if it is told to
/// try again.
fn rows_at_the_start(asked: &Asked) -> Option<u64> {
    let answer = asked.get(MANIFEST, &[]);
    if answer.status == 409 {
        let problem = answer.json();
        assert!(problem["type"].as_str().unwrap().ends_with("facts-incomplete"), "{problem}");
        assert!(answer.header("retry-after").is_some());
        return None;
    }
    answer.expect(200).json()["rows"].as_u64()
}

fn waits_for_facts(engine: Engine) {
    let mut asked = Asked::new(engine);
    asked.tell(&(1..=300).map(|number| of_month(number, 1 + number % 12)).collect::<Vec<_>>());
    assert_eq!(asked.count(), 300);
    assert_eq!(rows_at_the_start(&asked), Some(300));
    let folder = asked.store.data().with_file_name("parquet");
    let to = folder.display().to_string();
    // With a database, the command asks a server by its address.
    let has_folder = matches!(engine, Engine::Embedded);
    if has_folder {
        assert_eq!(asked.export(&to, &[], &[]), [12, 0, 300]);
    }
    // Facts that are opened, and facts that are made again.
    for facts in [None, Some(asked.store.data().with_file_name("facts"))] {
        asked.server.kill();
        if let Some(facts) = facts {
            fs::remove_dir_all(facts).unwrap();
        }
        asked.server = crate::start(&asked.store);
        assert!(matches!(rows_at_the_start(&asked), None | Some(300)));
        if !has_folder {
            continue;
        }
        let mut command = acta();
        command.args(["facts", "export", &to, "--json", "--data"]).arg(asked.store.data());
        let done = run(&mut command);
        assert_eq!(done.code == Some(0), !done.err.contains("being made"), "{}", done.err);
        assert_eq!(folder.read_dir().unwrap().count(), 13, "no file is removed");
    }
    assert_eq!(asked.count(), 300);
    assert_eq!(rows_at_the_start(&asked), Some(300));
}

#[test]
fn facts_that_are_being_made_are_not_exported() {
    waits_for_facts(Engine::Embedded);
}

#[test]
fn facts_that_are_being_made_are_not_exported_on_postgres() {
    waits_for_facts(Engine::Postgres);
}

#[test]
fn a_manifest_of_somebody_else_names_no_other_files() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&[of_month(1, 1)]);
    assert_eq!(asked.count(), 1);
    let folder = asked.store.data().with_file_name("parquet");
    let other = asked.store.data().with_file_name("other");
    fs::write(&other, "x").unwrap();
    asked.export(&folder.display().to_string(), &[], &[]);
    let manifest = folder.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("facts-2026-01.parquet", "../other")).unwrap();
    fs::write(folder.join("facts-2026-02.parquet"), "left by an export that was killed").unwrap();
    assert_eq!(asked.export(&folder.display().to_string(), &[], &[]), [1, 0, 1]);
    assert_eq!(fs::read_to_string(&other).unwrap(), "x");
    assert!(!folder.join("facts-2026-02.parquet").exists());
}
