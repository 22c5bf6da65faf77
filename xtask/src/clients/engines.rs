//! Exported facts, read by the engines that others have, on the release binary.

use std::path::PathBuf;
use std::process::Command;

use acta_test_postgres::{Cluster, Database, Programs, SHARED_SETTINGS};
use anyhow::Result;

use crate::shell::{install_python_packages, root, run};

/// Where the Python packages are listed.
const REQUIREMENTS: &str = "tests/engines/requirements.txt";

/// The variable that names the database of the store to the tests.
const DATABASE: &str = "TEST_ENGINES_DATABASE";

fn packages() -> PathBuf {
    root().join("target/python-engines")
}

/// Installs the engines below `target`, unless they are there.
///
/// # Errors
///
/// When Python cannot install them.
pub(crate) fn install() -> Result<()> {
    install_python_packages("DuckDB, ClickHouse and Spark", REQUIREMENTS, &packages())
}

/// Compares the answers of other engines with ours, for a store in a directory and for one in
/// PostgreSQL.
///
/// # Errors
///
/// When they cannot be installed, or answers differ.
pub(crate) fn run_all() -> Result<()> {
    install()?;
    Programs::find()?;
    run(&mut tests())?;
    let server = Cluster::running(SHARED_SETTINGS);
    let database = Database::fresh_on(server.superuser());
    // Spark reads the same files either way, and takes longest.
    run(tests().args(["-k", "duckdb", "-k", "statements"]).env(DATABASE, database.url()))
}

fn tests() -> Command {
    let mut command = Command::new("python3");
    command
        .args(["-m", "unittest", "--failfast", "engines_test"])
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root().join("tests/engines"));
    command
}
