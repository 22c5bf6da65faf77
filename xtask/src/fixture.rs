//! Writes a store that every later release must open.

use anyhow::{Result, bail};

use crate::shell::{self, cargo, root};

/// Builds the binary as users get it, and has it write `tests/upgrade/NAME`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [name] = arguments else {
        bail!("name the store, as in `cargo xtask fixture 0002-what-has-changed`");
    };
    shell::run(cargo().args(["build", "--release", "--locked", "-p", "acta-cli"]))?;
    shell::run(
        cargo()
            .args(["run", "-q", "--locked", "-p", "acta-tests", "--bin", "acta-fixture", "--"])
            .arg(root().join("tests/upgrade").join(name))
            .env("TEST_ACTA_BINARY", root().join("target/release/acta")),
    )
}
