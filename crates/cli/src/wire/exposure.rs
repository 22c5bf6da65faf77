//! What other users of the machine can read of a store and of its configuration.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Display, Path};

use acta_config::{Loaded, Origin, Setting};
use acta_storage_embedded::Exposure;
use anyhow::{Context, Result, bail};

/// The right of all others to read a file.
const READING_OF_OTHERS: u32 = 0o004;

/// Refuses a directory of which every user of the machine can read or replace the keys.
pub(super) fn refuse_exposed_keys(directory: &Path) -> Result<()> {
    if exposure_of(directory)? == Exposure::Keys {
        let directory = directory.display();
        bail!(
            "every user of this machine can use the keys of the store in {directory}, and with \
             them any of its credentials: run `{}`",
            closing_command(&directory)
        );
    }
    Ok(())
}

/// What to report of a directory in which other users have rights; none if they have none.
pub(crate) fn exposed_directory(directory: &Path) -> Result<Option<String>> {
    let directory_shown = directory.display();
    Ok(match exposure_of(directory)? {
        Exposure::Closed => None,
        Exposure::Open | Exposure::Keys => Some(format!(
            "other users of this machine have rights in {directory_shown}: run `{}`",
            closing_command(&directory_shown)
        )),
    })
}

/// What to report of configuration files with secrets that every user of the machine can read.
///
/// Files that the environment names by a variable with `_FILE` do not count: secret stores of
/// containers make them readable on purpose.
pub(crate) fn exposed_files(loaded: &Loaded) -> Vec<String> {
    let has_secret = |setting: &&Setting| setting.key.is_secret && setting.value.is_some();
    let file = |setting: &Setting| match &setting.origin {
        Origin::File(path) => Some(path.clone()),
        Origin::Default | Origin::Environment | Origin::EnvironmentFile | Origin::Flag => None,
    };
    let files: BTreeSet<_> = loaded.settings.iter().filter(has_secret).filter_map(file).collect();
    let is_readable = |path: &Path| {
        path.metadata().is_ok_and(|metadata| metadata.mode() & READING_OF_OTHERS != 0)
    };
    let exposed = files.into_iter().filter(|path| is_readable(path));
    let report = |path: &Path| {
        let path = path.display();
        format!(
            "every user of this machine can read {path}, which contains secrets: run `chmod o= \
             {path}`"
        )
    };
    exposed.map(|path| report(&path)).collect()
}

fn exposure_of(directory: &Path) -> Result<Exposure> {
    let exposure = Exposure::of(directory);
    exposure.with_context(|| format!("cannot read the rights of {}", directory.display()))
}

/// The command that takes all rights from other users.
fn closing_command(directory: &Display<'_>) -> String {
    format!("chmod -R go= {directory}")
}
