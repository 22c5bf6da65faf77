//! Object storage for the tests.

use std::fs;
use std::process::Command;

use acta_test_objects::{ObjectServer, PACKAGE, REQUIREMENTS, SHARED, folder, program};
use anyhow::{Context, Result};

use crate::shell::{has, root, run, say};

/// Installs the server below `target`, unless it is there.
///
/// # Errors
///
/// When Python cannot install the package.
pub(crate) fn install() -> Result<()> {
    let program = program();
    if program.to_str().is_some_and(|program| has(program, &["version"])) {
        return Ok(());
    }
    say(&format!("== installing {PACKAGE}"));
    let requirements = folder().join("requirements.txt");
    fs::create_dir_all(folder()).with_context(|| format!("cannot make {}", folder().display()))?;
    fs::write(&requirements, REQUIREMENTS)
        .with_context(|| format!("cannot write {}", requirements.display()))?;
    // Everything that is installed has the hash in the file.
    run(Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--root-user-action", "ignore"])
        .args(["--no-deps", "--require-hashes", "--upgrade", "--requirement"])
        .arg(&requirements)
        .arg("--target")
        .arg(folder())
        .current_dir(root()))
}

/// Adds a server of its own to what `command` finds in the environment, and keeps it as long
/// as the result is kept.
pub(crate) fn with_server(command: &mut Command) -> ObjectServer {
    let server = ObjectServer::running();
    command.env(SHARED, server.bucket_prefix().shared());
    server
}
