//! Real clients of xAPI, written by others, against the release binary.

pub(crate) mod engines;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{install_python_packages, root, run};

/// Where the Python packages are listed.
const REQUIREMENTS: &str = "tests/clients/python/requirements.txt";

fn packages() -> PathBuf {
    root().join("target/python-clients")
}

/// Installs the Python packages below `target`, unless they are there.
///
/// # Errors
///
/// When Python cannot install them.
pub(crate) fn install() -> Result<()> {
    install_python_packages("the Python clients", REQUIREMENTS, &packages())
}

/// Runs the clients in Node, in a browser and in Python.
///
/// # Errors
///
/// When they cannot be installed, or one of their tests fails.
pub(crate) fn run_all() -> Result<()> {
    install()?;
    let folder = root().join("tests/clients");
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&folder))?;
    run(Command::new("node").args(["--test", "--test-timeout=60000"]).current_dir(&folder))?;
    run(Command::new("python3")
        .args(["-m", "unittest", "discover", "--pattern", "*_test.py"])
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder.join("python")))
}
