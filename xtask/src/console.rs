//! The web console: its checks, its build, and its tests in a browser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use crate::shell::{root, run, say};

/// Where the source is.
const SOURCE: &str = "console";
/// Where the built files are committed.
const COMMITTED: &str = "crates/console-assets/built";
/// Where they are built for comparison.
const BUILT: &str = "target/console";

/// Runs `cargo xtask console` with its options.
///
/// # Errors
///
/// When an option is unknown, a check fails, or the committed files are not what the source gives.
pub(crate) fn run_with(options: &[String]) -> Result<()> {
    match options {
        [] => check(),
        [option] if option == "--write" => write(),
        [option] if option == "--browser" => run_in_browser(),
        _ => bail!("expected no option, --write or --browser"),
    }
}

/// Installs the packages, unless they are there.
///
/// # Errors
///
/// When npm cannot install them.
pub(crate) fn install() -> Result<()> {
    let folder = root().join(SOURCE);
    let mark = folder.join("node_modules/installed");
    let wanted = std::fs::read_to_string(folder.join("package-lock.json"))
        .context("cannot read console/package-lock.json")?;
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("== installing the packages of the console");
    run(npm().args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
    std::fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}

/// Checks types, lints and logic, builds, and compares the result with the committed files.
///
/// # Errors
///
/// When a check fails, or the committed files are not what the source gives.
pub(crate) fn check() -> Result<()> {
    install()?;
    script("generate")?;
    // None of them needs what another one writes.
    side_by_side(&["check", "lint", "test", "build"])?;
    let (built, committed) = (read(&root().join(BUILT))?, read(&root().join(COMMITTED))?);
    if built != committed {
        let names = built.keys().chain(committed.keys());
        let mut different: Vec<_> =
            names.filter(|name| built.get(*name) != committed.get(*name)).collect();
        different.sort();
        different.dedup();
        bail!(
            "{COMMITTED} is not what the source of the console gives ({} files, among them {}): \
             run `cargo xtask console --write`",
            different.len(),
            different.first().map_or("none", |name| name.as_str()),
        );
    }
    Ok(())
}

/// Builds the files that are committed.
fn write() -> Result<()> {
    install()?;
    script("generate")?;
    let committed = root().join(COMMITTED);
    run(npm().args(["run", "--silent", "build"]).env("CONSOLE_OUT", &committed))
}

/// Runs the tests in a browser, on the release binary.
///
/// # Errors
///
/// When one of them fails.
pub(crate) fn run_in_browser() -> Result<()> {
    install()?;
    script("browser")
}

/// Measures the console in a browser, on the release binary.
///
/// # Errors
///
/// When it cannot be measured.
pub(crate) fn measure(options: &[String]) -> Result<()> {
    install()?;
    run(npm().args(["run", "--silent", "bench", "--"]).args(options))
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(root().join(SOURCE));
    command
}

fn script(name: &str) -> Result<()> {
    run(npm().args(["run", "--silent", name]))
}

/// Runs scripts at the same time, and reports all that fail.
fn side_by_side(names: &[&str]) -> Result<()> {
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = names.iter().map(|name| scope.spawn(move || script(name))).collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for outcome in outcomes {
        outcome.map_err(|_panic| anyhow!("a check of the console has panicked"))??;
    }
    Ok(())
}

/// Every file below a folder, by its path in it.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let entries = std::fs::read_dir(&current);
        let entries = entries.with_context(|| format!("cannot read {}", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(files)
}
