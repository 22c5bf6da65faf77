//! A command of the binary that has ended.

use std::process::{Command, Output};

/// What a command printed, and its exit code.
#[derive(Debug)]
pub struct CommandOutput {
    /// None if a signal ended it.
    pub code: Option<i32>,
    /// What it printed to standard output.
    pub out: String,
    /// What it printed to standard error.
    pub err: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> CommandOutput {
    let Output { status, stdout, stderr } = command.output().expect("the binary can be started");
    let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
    CommandOutput { code: status.code(), out: text(stdout), err: text(stderr) }
}
