//! The Debian package: the release binary with what is generated for it.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, has, root, run, say};

/// Where generated files go; `package.metadata.deb` names it too.
const FOLDER: &str = "target/packaging";

/// Shells, and the files with their completions.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "acta.bash"), ("fish", "acta.fish"), ("zsh", "_acta")];

/// Builds the release binary, generates completions and man pages with it, and makes the package.
///
/// # Errors
///
/// When something cannot be built, or `cargo-deb` is not installed.
pub(crate) fn run_all() -> Result<()> {
    if !has("cargo-deb", &["--version"]) {
        bail!("run `cargo install --locked cargo-deb` first");
    }
    crate::ci::release_build()?;
    generate()?;
    run(cargo().args(["deb", "--no-build", "--package", "acta-cli"]))?;
    say("the package is below target/debian");
    Ok(())
}

fn generate() -> Result<()> {
    let (folder, binary) = (root().join(FOLDER), root().join("target/release/acta"));
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove what was generated before")?;
    }
    run(Command::new(&binary).args(["generate", "man"]).arg(folder.join("man")))?;
    let completions = folder.join("completions");
    fs::create_dir_all(&completions).context("cannot create a directory")?;
    for (shell, name) in COMPLETIONS {
        let file = fs::File::create(completions.join(name)).context("cannot create a file")?;
        let mut command = Command::new(&binary);
        run(command.args(["generate", "completions", shell]).stdout(Stdio::from(file)))?;
    }
    Ok(())
}
