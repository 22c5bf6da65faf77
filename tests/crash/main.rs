//! The real binary on real files: killed at any moment, on a device that fails, on a device
//! that is full. What was acknowledged is there, and no batch is there by half.

#![expect(clippy::expect_used, reason = "this is a test")]

mod failing;
mod full;
mod killing;
mod ledger;
mod load;

/// Prints what happened, for the output of a failed test.
#[expect(clippy::print_stdout, reason = "the test runner shows it")]
fn log(text: &str) {
    println!("{text}");
}
