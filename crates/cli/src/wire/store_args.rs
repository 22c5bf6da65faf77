//! The location of the store on the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use acta_config::Config;
use anyhow::{Result, bail};

/// The location of the store: a directory or a database.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArgs {
    /// The directory of the store [default: acta-data].
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// The database of the store, such as `postgres://user@host/database`. Every user of this
    /// machine can see it in the list of processes. Put a URL with a password into a file, and name
    /// the file in `ACTA_STORAGE_URL_FILE`.
    #[arg(long, value_name = "URL", conflicts_with = "data", global = true)]
    storage: Option<String>,
}

impl StoreArgs {
    /// The settings that it overrides.
    pub(crate) fn flags(&self) -> [(&'static str, Option<String>); 2] {
        [
            ("data", super::load::path_text(self.data.as_ref())),
            ("storage.url", self.storage.clone()),
        ]
    }
}

/// Reads the configuration for a command that works only with a store in a directory; `data` is
/// that directory, if the command line gives it.
///
/// # Errors
///
/// When the configured store is in a database; `instead` says what to do then.
pub(crate) fn load_directory(
    file: Option<&Path>,
    data: Option<&PathBuf>,
    instead: &str,
) -> Result<Config> {
    let config = super::load::load(file, [("data", super::load::path_text(data))])?.config;
    if config.database.is_some() {
        bail!(
            "this command is for a store in a directory (--data), but storage.url names a \
             database; {instead} (see docs/operate/cluster.md)"
        );
    }
    Ok(config)
}

/// The base URL of links for people: `public_url`, or else a server on this machine that listens at
/// `address`.
pub(crate) fn public_address(config: &Config, address: SocketAddr) -> String {
    match &config.public_url {
        Some(url) => url.clone(),
        None => format!("http://{}", host_of(address)),
    }
}

/// The host that reaches a server listening there from this machine.
pub(crate) fn host_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("localhost:{}", address.port());
    }
    address.to_string()
}
