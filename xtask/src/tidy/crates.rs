//! The size of each crate, and the circles of imports within it.

use std::path::Path;

use anyhow::Result;

use super::ceilings::{self, Ceilings};
use super::code::{self, SourceFile};
use super::imports;

/// Lines of code of a crate, without comments, blank lines and tests.
const CODE_LINES_MAX: usize = 12_000;

pub(super) fn check(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let line_ceilings = ceilings::read(root, "code_lines")?;
    let circle_ceilings = ceilings::read(root, "import_circle_files")?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    for name in &names {
        let files = code::product_files(&root.join("crates").join(name))?;
        let lines = files.iter().map(SourceFile::line_count).sum();
        findings.extend(judge_lines(name, lines, &line_ceilings));
        let circle = imports::largest_circle(&files);
        findings.extend(judge_circle(name, &circle, &circle_ceilings));
    }
    for name in line_ceilings.keys().chain(circle_ceilings.keys()) {
        if !names.contains(name) {
            findings.push(format!("{}: there is no crate {name}", ceilings::FILE));
        }
    }
    Ok(())
}

fn judge_lines(name: &str, lines: usize, ceilings: &Ceilings) -> Option<String> {
    match ceilings.get(name) {
        None if lines > CODE_LINES_MAX => {
            Some(format!("crates/{name}: {lines} lines of code, at most {CODE_LINES_MAX}"))
        }
        Some(ceiling) if lines > *ceiling => Some(format!(
            "crates/{name}: {lines} lines of code, at most the {ceiling} of {}: it is over the \
             limit of {CODE_LINES_MAX} and may only shrink",
            ceilings::FILE
        )),
        Some(_) if lines <= CODE_LINES_MAX => Some(format!(
            "crates/{name}: {lines} lines of code, which is within the limit: remove it from {}",
            ceilings::FILE
        )),
        None | Some(_) => None,
    }
}

/// A circle of one file is none.
fn judge_circle(name: &str, circle: &[String], ceilings: &Ceilings) -> Option<String> {
    let ceiling = ceilings.get(name).copied().unwrap_or(1);
    let count = circle.len().max(1);
    if count > ceiling {
        return Some(format!(
            "crates/{name}: {count} files import each other in a circle, at most {ceiling}: {}",
            circle.join(", ")
        ));
    }
    let written =
        if count == 1 { "remove it from".to_owned() } else { format!("write {count} in") };
    (count < ceiling).then(|| {
        format!(
            "crates/{name}: the largest circle of imports has shrunk from {ceiling} files to \
             {count}: {written} {}",
            ceilings::FILE
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judge_lines_holds_the_limit_and_lets_exceptions_only_shrink() {
        let ceilings = Ceilings::from([("big".to_owned(), 15_000)]);
        let table = [
            ("small", 12_000, None),
            ("small", 12_001, Some("12001 lines of code, at most 12000")),
            ("big", 15_000, None),
            ("big", 14_999, None),
            ("big", 15_001, Some("at most the 15000")),
            ("big", 12_000, Some("remove it")),
        ];
        for (name, lines, expected) in table {
            let finding = judge_lines(name, lines, &ceilings);
            assert_eq!(finding.is_some(), expected.is_some(), "{name} {lines}: {finding:?}");
            let finding = finding.unwrap_or_default();
            assert!(finding.contains(expected.unwrap_or_default()), "{finding}");
        }
    }

    #[test]
    fn judge_circle_fails_on_growth_and_on_a_number_that_was_not_lowered() {
        let ceilings = Ceilings::from([("http".to_owned(), 3)]);
        let table: [(&str, &[&str], Option<&str>); 7] = [
            ("http", &["a", "b", "c"], None),
            ("http", &["a", "b", "c", "d"], Some("4 files import each other")),
            ("http", &["a", "b"], Some("write 2")),
            ("http", &["a"], Some("remove it")),
            ("other", &["a"], None),
            ("other", &[], None),
            ("other", &["a", "b"], Some("2 files import each other in a circle, at most 1: a, b")),
        ];
        for (name, circle, expected) in table {
            let circle: Vec<String> = circle.iter().map(|&file| file.to_owned()).collect();
            let finding = judge_circle(name, &circle, &ceilings);
            assert_eq!(finding.is_some(), expected.is_some(), "{name} {circle:?}: {finding:?}");
            let finding = finding.unwrap_or_default();
            assert!(finding.contains(expected.unwrap_or_default()), "{finding}");
        }
    }

    #[test]
    fn check_reads_crates_and_ceilings_from_the_files() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(ceilings::FILE, "[code_lines]\ngone = 1\n[import_circle_files]\n");
        write("crates/http/src/lib.rs", "mod a; mod b;");
        write("crates/http/src/a.rs", "use crate::b::B;");
        write("crates/http/src/b.rs", "use crate::a::A;");
        let mut findings = Vec::new();
        check(root.path(), &mut findings).unwrap();
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("2 files import each other"), "{findings:?}");
        assert_eq!(findings[1], "xtask/ceilings.toml: there is no crate gone");
    }
}
