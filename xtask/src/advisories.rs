//! Whether a dependency has a known vulnerability.
//!
//! The database of advisories is on a server of its own, and changes without a commit here. So this
//! check can be skipped where the database cannot be fetched, and has to run on a schedule.

use anyhow::{Result, bail};

use crate::shell::{cargo, run, say};

/// Fetches the database and checks all dependencies.
///
/// # Errors
///
/// When the database cannot be fetched, or a dependency has an advisory.
pub(crate) fn check() -> Result<()> {
    if let Err(reason) = fetch() {
        bail!("the database of advisories cannot be fetched: {reason}");
    }
    check_fetched()
}

/// As [`check`], but skipped, with a message, if the database cannot be fetched.
///
/// # Errors
///
/// When a dependency has an advisory.
pub(crate) fn check_if_possible() -> Result<()> {
    match fetch() {
        Ok(()) => check_fetched(),
        Err(reason) => {
            say(&format!(
                "SKIPPED: no dependency was checked for advisories, because their database cannot \
                 be fetched: {reason}\nRun `cargo xtask advisories` where there is network access."
            ));
            Ok(())
        }
    }
}

/// Fetches the database, or gives the reason why not.
fn fetch() -> Result<(), String> {
    let output = cargo().args(["deny", "fetch", "db"]).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let last = printed.lines().rfind(|line| !line.trim().is_empty());
    Err(last.unwrap_or("cargo-deny gave no reason").trim().to_owned())
}

fn check_fetched() -> Result<()> {
    run(cargo().args(["deny", "--locked", "check", "advisories"]))
}
