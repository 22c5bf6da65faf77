//! Measures speed and memory.

use anyhow::Result;

use crate::shell::{self, cargo};

/// Builds the server and the load generator as users get them, and runs the generator; with
/// `--console`, measures the web console in a browser instead.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some((first, options)) = arguments.split_first()
        && first == "--console"
    {
        crate::ci::release_build()?;
        return crate::console::measure(options);
    }
    shell::run(cargo().args(["build", "--release", "-p", "acta-cli", "-p", "acta-benches"]))?;
    shell::run(cargo().args(["run", "--release", "-q", "-p", "acta-benches", "--"]).args(arguments))
}
