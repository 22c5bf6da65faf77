//! A command of the binary that has ended.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use crate::acta;

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

/// The names of all commands, as `acta --help` lists them.
pub fn command_names() -> BTreeSet<String> {
    let help = run(acta().arg("--help")).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names: BTreeSet<String> = listed
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(names.contains("serve") && names.contains("config"), "{help}");
    names
}

/// The commands that neither a row of a table nor an exception names.
pub fn commands_without<'a>(named: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut left = command_names();
    for name in named {
        left.remove(name);
    }
    left
}
