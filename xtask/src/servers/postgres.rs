//! A PostgreSQL server that lives as long as a command.

use std::process::Command;

use acta_test_postgres::{Cluster, Programs, SHARED_SETTINGS, SHARED_URL};
use anyhow::{Result, bail};

/// Runs the command that `arguments` name, behind an optional `--`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words = match arguments {
        [first, rest @ ..] if first == "--" => rest,
        words => words,
    };
    let [program, arguments @ ..] = words else { bail!("which command?") };
    run_with_server(Command::new(program).args(arguments))
}

/// Runs `command` to its end beside a server of its own, whose address it finds in the
/// environment. Nothing of the server is left afterwards, also when this process is killed.
///
/// # Errors
///
/// When no server is installed, or the command cannot be started or fails.
pub(crate) fn run_with_server(command: &mut Command) -> Result<()> {
    Programs::find()?;
    let server = Cluster::running(SHARED_SETTINGS);
    crate::shell::run(command.env(SHARED_URL, server.url("postgres")))
}
