//! The location of the store on the command line.

use std::path::{Path, PathBuf};

use acta_config::{Config, Listen};
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

/// The base URL of links for people: `public_url`, or else a server on this machine that listens
/// there.
pub(crate) fn public_address(config: &Config, place: &Listen) -> String {
    match &config.public_url {
        Some(url) => url.clone(),
        None => format!("{}://{}", scheme(config), host_of(place)),
    }
}

/// The base URL of a server that listens there. One on a socket has no address of its own: it is
/// the public one.
pub(crate) fn server_address(config: &Config, place: &Listen) -> String {
    match place {
        Listen::Address(address) => format!("{}://{address}", scheme(config)),
        Listen::Socket(_) => public_address(config, place),
    }
}

/// The scheme of the addresses of the server itself.
fn scheme(config: &Config) -> &'static str {
    if config.server.tls_files().is_some() { "https" } else { "http" }
}

/// The host that reaches a server listening there from this machine.
pub(crate) fn host_of(place: &Listen) -> String {
    match place {
        Listen::Address(address) if address.ip().is_unspecified() => {
            format!("localhost:{}", address.port())
        }
        Listen::Address(address) => address.to_string(),
        Listen::Socket(_) => "localhost".to_owned(),
    }
}
