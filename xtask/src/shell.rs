//! Runs other programs and prints messages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Prints to the terminal.
#[expect(clippy::print_stderr, reason = "a command of development talks to a person")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let xtask = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().map_or(xtask.clone(), PathBuf::from)
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    say(&format!("$ {shown}"));
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// Whether a program answers to `--version`.
pub(crate) fn has(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

/// Installs the Python packages of the file `requirements` in `folder`, below `target`, unless they
/// are there. Everything that the packages need is in the file.
///
/// # Errors
///
/// When Python cannot install the packages.
pub(crate) fn install_python_packages(what: &str, requirements: &str, folder: &Path) -> Result<()> {
    let mark = folder.join("installed");
    let wanted = fs::read_to_string(root().join(requirements))
        .with_context(|| format!("cannot read {requirements}"))?;
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say(&format!("== installing {what}"));
    // Not into an environment of its own: Debian keeps what makes those in a package apart.
    run(Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--root-user-action", "ignore", "--no-deps", "--upgrade"])
        // Those of a package that asks for a later Python than that of Debian, and works with it.
        .args(["--ignore-requires-python", "--requirement"])
        .arg(root().join(requirements))
        .arg("--target")
        .arg(folder)
        .current_dir(root()))?;
    fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}
