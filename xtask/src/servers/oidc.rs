//! An OpenID provider for the tests.

use std::process::Command;

use acta_test_oidc::folder;
use anyhow::Result;

use crate::shell::run;

/// Installs what the provider needs, beside its script.
///
/// # Errors
///
/// When npm cannot install the packages.
pub(crate) fn install() -> Result<()> {
    // Everything that is installed has the hash in the lock file.
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(folder()))
}
