//! Measures speed and memory.

use anyhow::Result;

use crate::shell::{self, cargo};

/// Builds the server and the load generator as users get them, and runs the generator.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    shell::run(cargo().args(["build", "--release", "-p", "acta-cli", "-p", "acta-benches"]))?;
    shell::run(cargo().args(["run", "--release", "-q", "-p", "acta-benches", "--"]).args(arguments))
}
