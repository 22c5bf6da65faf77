//! Sizes, words and places of source files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

const LINE_CHARS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 600;
const TEST_FILE_LINES_MAX: usize = 1000;
const FOLDER_FILES_MAX: usize = 15;

/// Crates that know no clock, file, socket, log or async.
const PURE: &[&str] =
    &["crates/xapi/", "crates/access/", "crates/analyses/", "crates/merkle/", "crates/simulator/"];

/// What a pure crate does not say outside its tests.
const IMPURE_WORDS: &[&str] =
    &["async fn", "std::fs", "std::net", "std::time", "std::env", "tokio", "tracing"];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helpers", "misc", "manager", "core"];

pub(super) fn check(root: &Path, files: &[PathBuf], findings: &mut Vec<String>) -> Result<()> {
    for file in files {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        let name = file.to_string_lossy();
        check_name(file, findings);
        check_lines(&name, &text, findings);
        super::words::check(&name, &text, findings);
        if has_extension(&name, "rs") {
            check_sizes(&name, &text, findings);
            check_purity(&name, &text, findings);
        }
    }
    check_folders(files, findings);
    check_pages_name_crates(root, findings)
}

/// The files that are committed or would be.
pub(super) fn tracked_files(root: &Path) -> Result<Vec<PathBuf>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let output = output.context("cannot run git")?;
    let names = String::from_utf8(output.stdout)?;
    Ok(names.lines().map(PathBuf::from).collect())
}

fn check_name(file: &Path, findings: &mut Vec<String>) {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    if EMPTY_NAMES.contains(&stem.as_ref()) || file.ends_with("mod.rs") {
        findings.push(format!("{}: a name that says nothing", file.display()));
    }
}

fn check_lines(name: &str, text: &str, findings: &mut Vec<String>) {
    // Spelled in two pieces, so that this file does not find itself.
    let leftover = concat!("FIX", "ME");
    for (index, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", index + 1);
        if line.contains(leftover) && !has_extension(name, "md") {
            findings.push(format!("{place}: leftover {leftover}"));
        }
        if has_extension(name, "rs") && without_literal(line).chars().count() > LINE_CHARS_MAX {
            findings.push(format!("{place}: longer than {LINE_CHARS_MAX} characters"));
        }
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// A line without what stands between its first and its last quote: a literal cannot be
/// broken without being changed, as when it is the JSON of a test.
fn without_literal(line: &str) -> String {
    match (line.find('"'), line.rfind('"')) {
        (Some(first), Some(last)) => format!("{}{}", &line[..first], &line[last..]),
        _ => line.to_owned(),
    }
}

/// The lines before the inline test module, if there is one.
fn code_lines(text: &str) -> usize {
    let inline = text.find("#[cfg(test)]\nmod tests {");
    text[..inline.unwrap_or(text.len())].lines().count()
}

/// Whether a file is for tests alone, by its name.
pub(super) fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs")
        || name.contains("/tests/")
        || name.starts_with("tests/")
        || name.starts_with("crates/storage-suite/")
}

fn check_sizes(name: &str, text: &str, findings: &mut Vec<String>) {
    let (lines, max) = if is_test(name) {
        (text.lines().count(), TEST_FILE_LINES_MAX)
    } else {
        (code_lines(text), FILE_LINES_MAX)
    };
    if lines > max {
        findings.push(format!("{name}: {lines} lines, at most {max}"));
    }
}

fn check_purity(name: &str, text: &str, findings: &mut Vec<String>) {
    let is_pure = PURE.iter().any(|folder| name.starts_with(&format!("{folder}src/")));
    if !is_pure || is_test(name) {
        return;
    }
    let code = &text[..text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len())];
    for word in IMPURE_WORDS {
        if code.contains(word) {
            findings.push(format!("{name}: a pure crate says `{word}`"));
        }
    }
}

fn check_folders(files: &[PathBuf], findings: &mut Vec<String>) {
    let mut counts = std::collections::BTreeMap::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "rs")) {
        *counts.entry(file.parent()).or_insert(0_usize) += 1;
    }
    for (folder, count) in counts {
        if count > FOLDER_FILES_MAX {
            let folder = folder.unwrap_or(Path::new(".")).display();
            findings.push(format!("{folder}: {count} files, at most {FOLDER_FILES_MAX}"));
        }
    }
}

/// The table of ARCHITECTURE.md, and the tree and the rows of STYLE.md, name every crate.
fn check_pages_name_crates(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let read = |page: &str| std::fs::read_to_string(root.join(page)).unwrap_or_default();
    let (architecture, style) = (read("ARCHITECTURE.md"), read("STYLE.md"));
    let is_row = |line: &&str| line.starts_with(|first: char| first.is_ascii_digit());
    let rows: Vec<&str> = style.lines().filter(is_row).flat_map(str::split_whitespace).collect();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !architecture.contains(&format!("`{name}`")) {
            findings.push(format!("ARCHITECTURE.md does not name crates/{name}"));
        }
        if !style.contains(&format!("── {name}/")) {
            findings.push(format!("the tree of STYLE.md does not name crates/{name}"));
        }
        if !rows.contains(&name.as_str()) {
            findings.push(format!("the rows of STYLE.md do not name crates/{name}"));
        }
    }
    Ok(())
}
