//! `acta generate`: what packages contain that is made from the definitions of the commands.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Command, Subcommand};
use clap_complete::Shell;

use crate::terminal::StandardOutput;

/// Arguments of `acta generate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Prints the completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Writes a man page for each command into a directory, which is created if it is missing.
    Man {
        /// The directory.
        directory: PathBuf,
    },
}

/// Runs the command on the definition of all commands.
///
/// # Errors
///
/// When something cannot be written.
pub(crate) fn run(mut commands: Command, arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.act {
        Act::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut commands, "acta", &mut text);
            std::io::Write::write_all(&mut StandardOutput, &text)?;
        }
        Act::Man { directory } => {
            std::fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
            // Options of all commands become those of each, and each gets its whole name.
            commands.build();
            write_pages(commands, "acta", directory)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the pages of a command and of those below it.
fn write_pages(command: Command, name: &str, directory: &Path) -> Result<()> {
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    for one in below.filter(|below| below.get_name() != "help") {
        write_pages(one.clone(), &format!("{name}-{}", one.get_name()), directory)?;
    }
    let path = directory.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command).title(name).render(&mut page)?;
    std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}
