//! Where new secrets go: to the terminal, or to files for the user of the server alone.
//!
//! What is printed where no terminal is goes to a journal or to the log of a container, which
//! others can read.

use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use acta_config::Config;
use anyhow::{Result, anyhow};
use tracing::{info, warn};

use crate::terminal::print;

/// What shows new secrets, each once.
pub(super) struct SecretOutput {
    /// Where files are made; none if there is a terminal.
    folder: Option<PathBuf>,
}

/// A text with a secret.
pub(super) struct SecretText<'a> {
    /// The name of its file.
    pub(super) file_name: &'a str,
    /// What it is, for the log.
    pub(super) what: &'a str,
    pub(super) text: &'a str,
}

impl SecretOutput {
    /// The terminal, or files in the directory that is configured for them.
    pub(super) fn of(config: &Config) -> Self {
        if io::stdout().is_terminal() {
            return Self { folder: None };
        }
        let of_store = || match &config.database {
            None => config.data.clone(),
            Some(_) => PathBuf::from("."),
        };
        Self { folder: Some(config.secrets_dir.clone().unwrap_or_else(of_store)) }
    }

    /// Shows a text. If its file cannot be made, it is printed, because it is known only now.
    ///
    /// # Errors
    ///
    /// When it can be shown nowhere. A server whose output nobody reads must not end in silence.
    pub(super) fn show(&self, shown: &SecretText<'_>) -> Result<()> {
        let SecretText { file_name, what, text } = shown;
        if let Some(folder) = &self.folder {
            let path = folder.join(file_name);
            let path = std::path::absolute(&path).unwrap_or(path);
            match write(&path, text) {
                Ok(()) => {
                    let path = path.display();
                    info!(%path, "{what} is in {path}: read it there, then remove the file");
                    return Ok(());
                }
                Err(error) => {
                    let (error, path): (&dyn Error, _) = (&error, path.display());
                    warn!(error, "{path} cannot be written, so {what} is printed instead");
                }
            }
        }
        print(text).map_err(|error| anyhow!("cannot print a new secret: {error}"))
    }

    /// Removes a file that shows nothing valid any more.
    pub(super) fn forget(&self, file_name: &str) {
        let Some(folder) = &self.folder else { return };
        let path = folder.join(file_name);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let (error, path): (&dyn Error, _) = (&error, path.display());
                warn!(error, "{path} is of no use any more, and cannot be removed");
            }
        }
    }
}

/// Makes a file with a text for its owner alone, in place of one that is there.
fn write(path: &Path, text: &str) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = acta_files::create(path)?;
    file.write_all(text.trim_start().as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_secret_replaces_the_one_before_it_and_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("secret.txt"), folder.path().join("other"));
        std::fs::write(&other, "of others").unwrap();
        symlink(&other, &path).unwrap();
        let output = SecretOutput { folder: Some(folder.path().to_path_buf()) };
        for text in ["\none\n", "another\n"] {
            output.show(&SecretText { file_name: "secret.txt", what: "it", text }).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text.trim_start());
            let mode = path.symlink_metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600);
        }
        assert_eq!(std::fs::read_to_string(other).unwrap(), "of others", "no link is followed");
        for _ in 0..2 {
            output.forget("secret.txt");
            assert!(!path.exists());
        }
    }
}
