//! The binary beside a PostgreSQL server: how it is pointed at one, what it says when that
//! cannot be used, and how it protects the way there.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

mod attaching;
mod certificates;
mod encryption;
mod full;
mod machines;
mod migrating;
mod refusals;
mod serving;
mod trips;

use acta_tests::{CommandOutput, acta, run};

/// Runs `acta migrate` on a database with further settings.
fn migrate(url: &str, settings: &[(&str, &str)]) -> CommandOutput {
    run(acta().arg("migrate").env("ACTA_STORAGE_URL", url).envs(settings.iter().copied()))
}

/// Makes sure that it says one thing and ends with exit code 2.
#[track_caller]
fn check_refused(output: &CommandOutput, expected: &str) {
    assert!(output.err.contains(expected), "expected {expected:?} in: {}", output.err);
    assert_eq!((output.code, output.err.lines().count()), (Some(2), 1), "{}", output.err);
}

/// A URL with another user, host or database.
fn with(url: &str, old: &str, new: &str) -> String {
    assert!(url.contains(old), "{url} holds {old}");
    url.replacen(old, new, 1)
}
