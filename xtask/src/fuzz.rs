//! Fuzzing: every parser and decoder, for a bounded time.
//!
//! A target is given inputs to begin with, and a folder of its own that keeps what it has
//! found of interest until `fuzz/target/` is removed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, root, run as run_command, say};

/// Seconds for each target when none are named.
const SECONDS: u32 = 60;

/// Seconds for each target on every change.
const SECONDS_IN_CI: u32 = 10;

/// To optimise less is worth it where the targets run for a short time.
const QUICK_BUILD: &[&str] = &["--config", "profile.release.opt-level=1"];

/// Targets that run at a time.
const JOBS: usize = 2;

/// Seconds that one input may take. Nearly all take milliseconds.
const INPUT_SECONDS_MAX: u32 = 5;

/// Memory of a target in MiB: that of the libraries in C, and of the engine itself. What an
/// input allocates is watched more closely by the targets.
const MEMORY_MIB_MAX: u32 = 2048;

/// KiB of stack: what a thread of the runtime has.
const STACK_KIB: u32 = 2048;

/// Runs the targets that are named, or all.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut seconds = SECONDS;
    let mut wanted = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let number = rest.next().context("--seconds needs a number")?;
            seconds = number.parse().context("--seconds needs a number")?;
        } else {
            wanted.push(argument.clone());
        }
    }
    run_for(seconds, &wanted, &[])
}

/// Checks the targets as everything is checked, and runs all of them for a short time.
pub(crate) fn run_in_ci() -> Result<()> {
    run_command(fuzz_cargo().args(["fmt", "--check"]))?;
    let clippy = ["clippy", "--release", "--locked", "--lib", "--bins", "--", "-D", "warnings"];
    run_command(fuzz_cargo().args(clippy))?;
    run_for(SECONDS_IN_CI, &[], QUICK_BUILD)
}

/// Checks that the lock file of the targets knows what the crates of the product depend on.
///
/// # Errors
///
/// It does not, and what is to be done.
pub(crate) fn check_lock_file() -> Result<()> {
    let arguments = ["metadata", "--locked", "--quiet", "--format-version", "1"];
    let output = fuzz_cargo().args(arguments).output().context("cargo cannot be started")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("fuzz/Cargo.lock: run `cargo metadata` in fuzz/ and commit it: {}", reason.trim());
    }
    Ok(())
}

/// Cargo in the workspace of the targets, which has flags of its own.
fn fuzz_cargo() -> Command {
    let mut command = cargo();
    // Either would take the place of what the workspace says.
    command.current_dir(folder()).env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    command
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

/// The names of all targets: those of their files.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder().join("targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.retain(|name| name != SEEDS);
    names.sort();
    Ok(names)
}

/// Not a target: writes the inputs to begin with.
const SEEDS: &str = "seeds";

fn run_for(seconds: u32, wanted: &[String], options: &[&str]) -> Result<()> {
    let known = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        bail!("there is no target `{unknown}`: {}", known.join(", "));
    }
    run_command(fuzz_cargo().args(["build", "--release", "--locked"]).args(options))?;
    let built = built()?;
    run_command(Command::new(built.join(SEEDS)).args(["-runs=0", "-verbosity=0"]))?;
    let mut waiting = if wanted.is_empty() { known } else { wanted.to_vec() }.into_iter();
    let mut running: Vec<RunningTarget> = Vec::new();
    let mut failed = Vec::new();
    loop {
        while running.len() < JOBS
            && let Some(name) = waiting.next()
        {
            running.push(RunningTarget::start(&built, name, seconds)?);
        }
        if running.is_empty() {
            break;
        }
        // Each runs for the same time, so the first is the first to end.
        let ended = running.remove(0);
        let name = ended.name.clone();
        if !ended.finish()? {
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("something does not hold: {}", failed.join(", ")) }
}

/// Where the targets are built: in the folder of the host's own name.
fn built() -> Result<PathBuf> {
    let folders = fs::read_dir(folder().join("target"))?;
    let mut folders = folders.filter_map(|entry| Some(entry.ok()?.path().join("release")));
    folders.find(|folder| folder.join(SEEDS).is_file()).context("no target was built")
}

/// A target that runs.
struct RunningTarget {
    name: String,
    executable: PathBuf,
    child: Child,
    log: PathBuf,
}

impl RunningTarget {
    fn start(built: &Path, name: String, seconds: u32) -> Result<Self> {
        let target = folder().join("target");
        let corpus = target.join("corpus").join(&name);
        let findings = target.join("findings");
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&findings)?;
        let executable = built.join(&name);
        let log = target.join(format!("{name}.log"));
        let tokens = folder().join("tokens").join(format!("{name}.dict"));
        let tokens = tokens.is_file().then(|| format!("-dict={}", tokens.display()));
        // The shell sets the stack's limit, and then becomes the target.
        let script = format!("ulimit -s {STACK_KIB} && exec \"$0\" \"$@\"");
        let child = Command::new("sh")
            .args(["-c", &script])
            .arg(&executable)
            .args([&corpus, &target.join("seeds").join(&name)])
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
            .args(tokens)
            .arg(format!("-artifact_prefix={}/{name}-", findings.display()))
            .arg("-print_final_stats=1")
            .env("RUST_BACKTRACE", "0")
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, executable, child, log })
    }

    /// Waits for the end, and prints a summary. False if an input failed.
    fn finish(mut self) -> Result<bool> {
        let status = self.child.wait()?;
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let figure = |name: &str| {
            let value = log.lines().rev().find_map(|line| line.split_once(name));
            value.and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or("?").to_owned()
        };
        say(&format!(
            "{:<10} {:>9} inputs, {:>7} a second, {:>6} places reached",
            self.name,
            figure("stat::number_of_executed_units:"),
            figure("stat::average_exec_per_sec:"),
            figure(" cov: "),
        ));
        if !status.success() {
            self.print_failure(&log);
        }
        Ok(status.success())
    }

    /// Why it failed, with which input, and how to see that again.
    fn print_failure(&self, log: &str) {
        const REPORTED: [&str; 5] =
            ["panicked at", "assertion", "memory allocation", "SUMMARY:", "ERROR:"];
        say(&format!("{} found an input for which something does not hold:", self.name));
        let mut lines = log.lines();
        while let Some(line) = lines.next() {
            if REPORTED.iter().any(|reported| line.contains(reported)) {
                say(&format!("  {line}"));
            }
            if line.contains("panicked at") {
                say(&format!("  {}", lines.next().unwrap_or_default()));
            }
            if let Some((_, input)) = line.split_once("Test unit written to ") {
                say(&format!("  the input:  {input}"));
                say(&format!("  repeat it:  {} {input}", self.executable.display()));
            }
        }
        say(&format!("  everything: {}", self.log.display()));
    }
}
