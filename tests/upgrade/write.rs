//! Writes the store that later releases must open: `cargo xtask fixture NAME`.
//!
//! The store has something of everything, and is as small as that allows. What it answers is
//! written down beside it.

#![expect(clippy::expect_used, reason = "a command of development ends when something fails")]

mod content;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use acta_tests::{Server, Version, acta, make, recorded};
use content::{Content, LANGUAGES};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Files small enough that there are several of each kind.
const SETTINGS: &[(&str, &str)] =
    &[("ACTA_STORAGE_SEGMENT_BYTES", "48KiB"), ("ACTA_STORAGE_RUN_ENTRIES", "64")];

fn main() {
    let target = std::env::args().nth(1).expect("the directory to write to");
    let target = Path::new(&target);
    assert!(!target.exists(), "{} is there already", target.display());
    let scratch = TempDir::new().expect("a directory for scratch data can be made");
    let data = scratch.path().join("data");
    let server = Server::start_with(&data, Version::V2_0_0, SETTINGS);
    let content = content::write(&server);
    stop(server);
    let copy = scratch.path().join("copy");
    copy_files(&data, &copy);
    let answers = answers(&copy, &content);
    copy_files(&data, &target.join("data"));
    let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
    let path = target.join("answers.jsonl");
    std::fs::write(path, lines.join("\n") + "\n").expect("a file can be written");
}

fn stop(mut server: Server) {
    server.ask_to_stop();
    let status = server.wait(Duration::from_secs(20)).expect("it stops");
    assert!(status.success(), "{status}");
}

/// Copies everything but what only a running process needs, and the link of its first start.
fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    for entry in std::fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("it has a name");
        if path.is_dir() {
            copy_files(&path, &to.join(name));
        } else if !["lock", "tables.sqlite-shm", "set-up-link.txt"].map(OsStr::new).contains(&name)
        {
            std::fs::copy(&path, to.join(name)).expect("a file can be copied");
        }
    }
}

/// What the store holds, then each question with its answer.
fn answers(data: &Path, content: &Content) -> Vec<Value> {
    let exported = acta().args(["export", "--tenant", "1", "--data"]).arg(data).output();
    let exported = exported.expect("the binary can be started").stdout;
    let count = exported.split_inclusive(|byte| *byte == b'\n').count();
    let mut lines = vec![json!({
        "statements": count,
        "export": {"bytes": exported.len(), "sha256": make::sha256_hex(&exported)},
    })];
    let server = Server::start_in(data, Version::V2_0_0);
    lines.extend(questions(content).into_iter().map(|question| {
        let answer = recorded::ask(&server, &question);
        json!({"ask": question, "answer": answer})
    }));
    lines
}

fn questions(content: &Content) -> Vec<Value> {
    let mut questions = Vec::new();
    let mut add = |version: Version, path: &str, query: &[(&str, &str)]| {
        questions.push(recorded::question(version, path, query));
    };
    let mut versions = [Version::V1_0_3, Version::V2_0_0].into_iter().cycle();
    let mut next = || versions.next().unwrap_or(Version::V2_0_0);
    for id in &content.ids {
        add(next(), "/statements", &[("statementId", id)]);
    }
    for id in &content.voided {
        add(next(), "/statements", &[("statementId", id)]);
        add(next(), "/statements", &[("voidedStatementId", id)]);
    }
    for id in &content.attached {
        add(next(), "/statements", &[("statementId", id), ("attachments", "true")]);
    }
    for filter in &content.filters {
        let filter = borrowed(filter);
        add(Version::V2_0_0, "/statements", &filter);
        let page = [&filter[..], &[("ascending", "true"), ("limit", "2"), ("format", "ids")]];
        add(Version::V1_0_3, "/statements", &page.concat());
    }
    for (path, query) in &content.others {
        add(Version::V2_0_0, path, &borrowed(query));
    }
    for language in LANGUAGES {
        for id in content.ids.iter().take(3) {
            let query = [("statementId", id.as_str()), ("format", "canonical")];
            let mut question = recorded::question(Version::V2_0_0, "/statements", &query);
            question["language"] = json!(language);
            questions.push(question);
        }
    }
    questions
}

fn borrowed(query: &[(String, String)]) -> Vec<(&str, &str)> {
    query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
