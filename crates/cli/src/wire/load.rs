//! Loading the configuration.

use std::path::{Path, PathBuf};

use acta_config::{Environment, Loaded};
use anyhow::Result;

/// Reads the configuration, with the settings of the command line.
pub(crate) fn load<const N: usize>(
    file: Option<&Path>,
    flags: [(&'static str, Option<String>); N],
) -> Result<Loaded> {
    let set = flags.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let flags: Vec<_> = set.collect();
    Ok(acta_config::load(file, &Environment::of_process(), &flags)?)
}

/// A path given on the command line as the text of a setting.
pub(crate) fn path_text(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}
