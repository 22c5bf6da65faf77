//! Loading the configuration.

use std::path::{Path, PathBuf};

use acta_config::{ConfigError, Environment, Loaded, Origin};
use anyhow::{Result, anyhow};

/// Reads the configuration, with the settings of the command line.
pub(crate) fn load<const N: usize>(
    file: Option<&Path>,
    flags: [(&'static str, Option<String>); N],
) -> Result<Loaded> {
    let set = flags.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let flags: Vec<_> = set.collect();
    acta_config::load(file, &Environment::of_process(), &flags).map_err(|error| {
        if let ConfigError::BadValue { name, value, origin: Origin::Flag, reason } = &error {
            return anyhow!("{} {value:?}: {reason}", option_of(name));
        }
        error.into()
    })
}

/// The option of the command line that sets a key.
fn option_of(key: &str) -> String {
    match key {
        "storage.url" => "--storage".to_owned(),
        key => format!("--{}", key.replace('_', "-")),
    }
}

/// A path given on the command line as the text of a setting.
pub(crate) fn path_text(path: Option<&PathBuf>) -> Option<String> {
    path.map(|path| path.display().to_string())
}
