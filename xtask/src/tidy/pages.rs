//! Whether what the pages for developers name is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The pages whose paths are checked.
const PAGES: [&str; 3] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md"];

/// Endings by which a word without a slash is a path too.
const ENDINGS: [&str; 3] = [".rs", ".md", ".toml"];

pub(super) fn check(root: &Path, files: &[PathBuf], findings: &mut Vec<String>) -> Result<()> {
    let paths = paths_of(files);
    for page in PAGES {
        let text = std::fs::read_to_string(root.join(page));
        check_page(page, &text.with_context(|| format!("cannot read {page}"))?, &paths, findings);
    }
    Ok(())
}

/// Every file, and every folder with a file in it.
fn paths_of(files: &[PathBuf]) -> BTreeSet<String> {
    let paths = files.iter().flat_map(|file| file.ancestors());
    paths.map(|path| path.to_string_lossy().into_owned()).collect()
}

fn check_page(page: &str, text: &str, paths: &BTreeSet<String>, findings: &mut Vec<String>) {
    let mut is_code = false;
    // The folders that the current entry of a tree is in.
    let mut folders: Vec<String> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut missing = Vec::new();
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            missing = missing_entries(line, &mut folders, paths);
        } else {
            let named = line.split('`').skip(1).step_by(2).filter(|word| is_path(word));
            missing.extend(named.filter(|path| !is_there(path, paths)).map(str::to_owned));
        }
        let place = format!("{page}:{}", index + 1);
        findings.extend(missing.iter().map(|path| format!("{place}: there is no {path}")));
    }
}

/// Whether a word is a path of this repository, and not one of a server or of a machine.
fn is_path(word: &str) -> bool {
    let is_elsewhere = word.starts_with(['/', '.']) || word.contains(char::is_whitespace);
    !is_elsewhere && (word.contains('/') || ENDINGS.iter().any(|ending| word.ends_with(ending)))
}

/// Whether a path is there, from the root or as the end of a longer one. A name in capital
/// letters stands for any: only what is before it is looked for.
fn is_there(path: &str, paths: &BTreeSet<String>) -> bool {
    let parts = path.trim_end_matches('/').split('/').take_while(|part| !is_placeholder(part));
    let path = parts.collect::<Vec<_>>().join("/");
    let end = format!("/{path}");
    path.is_empty() || paths.contains(&path) || paths.iter().any(|known| known.ends_with(&end))
}

fn is_placeholder(part: &str) -> bool {
    let name = part.strip_suffix(".rs").unwrap_or(part);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// The entries of one line of a tree that are not there, as in `├── crates/  what it is`.
fn missing_entries(line: &str, folders: &mut Vec<String>, paths: &BTreeSet<String>) -> Vec<String> {
    const WIDTH: usize = 4;
    let Some(marker) = ["├── ", "└── "].iter().find_map(|marker| line.find(marker))
    else {
        return Vec::new();
    };
    let depth = line[..marker].chars().count() / WIDTH;
    let entry: String = line[marker..].chars().skip(WIDTH).collect();
    let names = entry.split("  ").next().unwrap_or_default();
    folders.truncate(depth);
    let parent = folders.concat();
    let found = names.split_whitespace().map(|name| format!("{parent}{name}"));
    folders.push(names.trim().to_owned());
    found.filter(|path| !paths.contains(path.trim_end_matches('/'))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str) -> Vec<String> {
        let files = ["STYLE.md", "crates/cli/src/main.rs", "crates/cli/src/wire/engine.rs"];
        let paths = paths_of(&files.map(PathBuf::from));
        let mut findings = Vec::new();
        check_page("PAGE.md", text, &paths, &mut findings);
        findings
    }

    #[test]
    fn check_page_finds_paths_that_are_not_there() {
        for path in [
            "crates/cli",
            "crates/cli/",
            "crates/cli/src/main.rs",
            "main.rs",
            "src/wire",
            "wire/engine.rs",
            "STYLE.md",
            "crates/cli/src/NOUN/VERB.rs",
            "NAME.rs",
        ] {
            assert!(missing(&format!("See `{path}`.")).is_empty(), "{path}");
        }
        for path in [
            "crates/http",
            "engine/wire.rs",
            "gone.rs",
            "OTHER.md",
            "ire/engine.rs",
            "crates/http/NOUN/VERB.rs",
        ] {
            let expected = format!("PAGE.md:2: there is no {path}");
            assert_eq!(missing(&format!("\nSee `{path}` and `main.rs`.")), [expected]);
        }
    }

    #[test]
    fn check_page_takes_other_words_for_no_paths() {
        for word in ["/api/v1", "./acta-data", "PUT /xapi", "Mbox", "serde", "a.b"] {
            assert!(missing(&format!("See `{word}`.")).is_empty(), "{word}");
        }
        assert!(missing("```rust\nuse `gone.rs`;\n```\n").is_empty());
    }

    #[test]
    fn check_page_finds_entries_of_a_tree_that_are_not_there() {
        let tree = "```\n.\n├── STYLE.md gone.md   this\n├── crates/\n│   ├── cli/     the binary\n\
                    │   │   └── src/\n│   │       ├── main.rs lost.rs\n│   └── http/    axum\n\
                    └── tests/\n```\n";
        let expected = [
            "PAGE.md:3: there is no gone.md",
            "PAGE.md:7: there is no crates/cli/src/lost.rs",
            "PAGE.md:8: there is no crates/http/",
            "PAGE.md:9: there is no tests/",
        ];
        assert_eq!(missing(tree), expected);
    }
}
