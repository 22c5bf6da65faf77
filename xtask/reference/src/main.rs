//! Files that are generated from code and committed: `cargo xtask generate` writes them.
//!
//! It is a program of its own, since it needs the whole product, and the other commands of
//! development do not: they start without a build of it.

mod bounds;

use std::path::PathBuf;

use anyhow::{Context, Result};

/// The path of each file in the repository, and its text.
fn files() -> Vec<(&'static str, String)> {
    vec![
        ("docs/operate/access.md", acta_access::reference_page()),
        ("docs/operate/config.md", acta_config::reference_page()),
        ("docs/operate/limits.md", acta_config::limits_page(&bounds::fixed())),
        ("spec/openapi/admin.json", acta_http_admin::openapi_document()),
    ]
}

/// A path in the repository.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

#[expect(clippy::print_stderr, reason = "a command of development talks to a person")]
fn main() -> Result<()> {
    for (name, text) in files() {
        std::fs::write(path(name), text).with_context(|| format!("cannot write {name}"))?;
        eprintln!("wrote {name}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_current() {
        for (name, text) in files() {
            let committed = std::fs::read_to_string(path(name)).unwrap_or_default();
            assert!(committed == text, "{name} is not current: run `cargo xtask generate`");
        }
    }
}
