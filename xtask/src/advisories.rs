//! Whether a dependency has a known vulnerability.
//!
//! The database of advisories is on a server of its own, and changes without a commit here. So this
//! check can be skipped where the database cannot be fetched, and has to run on a schedule.

#[cfg(test)]
mod tests;

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cargo, run, say};

/// Fetches the database and checks all dependencies.
///
/// # Errors
///
/// When the database cannot be fetched, or a dependency has an advisory.
pub(crate) fn check() -> Result<()> {
    check_with(&deny)
}

/// As [`check`], but skipped, with a message, if the database cannot be fetched.
///
/// # Errors
///
/// When a dependency has an advisory.
pub(crate) fn check_if_possible() -> Result<()> {
    if let Some(skipped) = check_if_possible_with(&deny)? {
        say(&skipped);
    }
    Ok(())
}

/// The checker of dependencies, without arguments.
fn deny() -> Command {
    let mut command = cargo();
    command.arg("deny");
    command
}

fn check_with(deny: &dyn Fn() -> Command) -> Result<()> {
    if let Err(reason) = fetch(deny()) {
        bail!("the database of advisories cannot be fetched: {reason}");
    }
    check_fetched(deny())
}

/// Returns the message that nothing was checked, if it was not.
fn check_if_possible_with(deny: &dyn Fn() -> Command) -> Result<Option<String>> {
    match fetch(deny()) {
        Ok(()) => check_fetched(deny()).map(|()| None),
        Err(reason) => Ok(Some(format!(
            "SKIPPED: no dependency was checked for advisories, because their database cannot be \
             fetched: {reason}\nRun `cargo xtask advisories` where there is network access."
        ))),
    }
}

/// Fetches the database, or gives the reason why not.
fn fetch(mut deny: Command) -> Result<(), String> {
    let output = deny.args(["fetch", "db"]).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(reason_in(&String::from_utf8_lossy(&output.stderr)))
}

/// The reason in what the checker printed: the line in which git says it, or else the last one.
fn reason_in(printed: &str) -> String {
    let lines = || printed.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| line.starts_with("fatal: ")).or_else(|| lines().next_back());
    line.unwrap_or("cargo-deny gave no reason").to_owned()
}

fn check_fetched(mut deny: Command) -> Result<()> {
    run(deny.args(["--locked", "check", "advisories"]))
}
