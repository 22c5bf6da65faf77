//! The rules of this repository that no other tool knows.

mod ceilings;
mod code;
mod crates;
mod imports;
mod layers;
mod pages;
mod sources;
mod words;

use anyhow::{Result, bail};

use crate::shell::{root, say};

/// Checks everything and reports every finding.
pub(crate) fn run() -> Result<()> {
    let mut findings = Vec::new();
    layers::check(&root(), &mut findings)?;
    let files = sources::tracked_files(&root())?;
    sources::check(&root(), &files, &mut findings)?;
    pages::check(&root(), &files, &mut findings)?;
    crates::check(&root(), &mut findings)?;
    if let Err(error) = crate::fuzz::check_lock_file() {
        findings.push(error.to_string());
    }
    for finding in &findings {
        say(finding);
    }
    if !findings.is_empty() {
        bail!("{} finding(s)", findings.len());
    }
    say("tidy: no findings");
    Ok(())
}
